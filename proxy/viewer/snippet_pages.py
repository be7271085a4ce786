"""Whole web pages for the map libraries, as text to save and open."""

from __future__ import annotations

import html
import json

from proxy.crs import MERCATOR_LIMIT
from proxy.viewer.addresses import Addresses
from proxy.viewer.facts import Facts

_PAGE = """\
<!doctype html>
<meta charset="utf-8">
<title>{title}</title>
{head}
<style>html, body, #map {{ height: 100%; margin: 0 }}</style>
<div id="map"></div>
{body}
"""


def js(value: object) -> str:
    """A value as JavaScript that may stand inside a script element."""
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def python(text: str) -> str:
    """A string as a Python literal in double quotes."""
    return json.dumps(text)


def _page(facts: Facts, head: str, script: str) -> str:
    body = f"<script>\n{script.strip()}\n</script>"
    return _PAGE.format(title=html.escape(facts.title), head=head.strip(), body=body)


def _box(facts: Facts) -> tuple[float, float, float, float]:
    west, south, east, north = facts.bounds or (-180.0, -85.0, 180.0, 85.0)
    south, north = max(south, -MERCATOR_LIMIT), min(north, MERCATOR_LIMIT)
    return round(west, 6), round(south, 6), round(east, 6), round(north, 6)


def _attribution(facts: Facts) -> str:
    # The libraries take markup here; a credit line of the configuration is plain text.
    return js(html.escape(facts.attribution, quote=False))


def leaflet(where: Addresses, facts: Facts) -> str:
    """Tiles on a Leaflet map."""
    west, south, east, north = _box(facts)
    head = """
<link rel="stylesheet" href="https://unpkg.com/leaflet@1.9.4/dist/leaflet.css">
<script src="https://unpkg.com/leaflet@1.9.4/dist/leaflet.js"></script>"""
    script = f"""
const bounds = [[{south}, {west}], [{north}, {east}]];
const map = L.map("map").fitBounds(bounds);
L.tileLayer({js(where.tile(retina="{r}"))}, {{
  bounds,
  maxNativeZoom: {facts.zooms[1]},
  maxZoom: {min(facts.zooms[1] + 4, 26)},
  attribution: {_attribution(facts)},
}}).addTo(map);"""
    return _page(facts, head, script)


def openlayers(where: Addresses, facts: Facts) -> str:
    """Tiles on an OpenLayers map."""
    head = """
<link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/ol@10.7.0/ol.css">
<script src="https://cdn.jsdelivr.net/npm/ol@10.7.0/dist/ol.js"></script>"""
    script = f"""
const extent = ol.proj.transformExtent({js(list(_box(facts)))}, "EPSG:4326", "EPSG:3857");
const map = new ol.Map({{
  target: "map",
  layers: [new ol.layer.Tile({{
    extent,
    source: new ol.source.XYZ({{
      url: {js(where.tile(retina="@2x"))},
      tilePixelRatio: 2,
      maxZoom: {facts.zooms[1]},
      attributions: {_attribution(facts)},
    }}),
  }})],
  view: new ol.View(),
}});
map.getView().fit(extent);"""
    return _page(facts, head, script)


def maplibre(where: Addresses, facts: Facts) -> str:
    """The TileJSON as a raster source of MapLibre GL JS."""
    west, south, east, north = _box(facts)
    head = """
<link rel="stylesheet" href="https://unpkg.com/maplibre-gl@5/dist/maplibre-gl.css">
<script src="https://unpkg.com/maplibre-gl@5/dist/maplibre-gl.js"></script>"""
    script = f"""
const map = new maplibregl.Map({{
  container: "map",
  bounds: [[{west}, {south}], [{east}, {north}]],
  style: {{
    version: 8,
    sources: {{ data: {{ type: "raster", url: {js(where.tilejson)}, tileSize: 256 }} }},
    layers: [{{ id: "data", type: "raster", source: "data" }}],
  }},
}});"""
    return _page(facts, head, script)


def esri_leaflet(where: Addresses, facts: Facts) -> str:
    """The image service on a Leaflet map, through Esri Leaflet."""
    west, south, east, north = _box(facts)
    rule = f"\n  renderingRule: {js(where.rule)}," if where.rendering else ""
    head = """
<link rel="stylesheet" href="https://unpkg.com/leaflet@1.9.4/dist/leaflet.css">
<script src="https://unpkg.com/leaflet@1.9.4/dist/leaflet.js"></script>
<script src="https://unpkg.com/esri-leaflet@3/dist/esri-leaflet.js"></script>"""
    script = f"""
const map = L.map("map").fitBounds([[{south}, {west}], [{north}, {east}]]);
L.esri.imageMapLayer({{
  url: {js(where.image_server)},
  format: "png32",{rule}
  attribution: {_attribution(facts)},
}}).addTo(map);"""
    return _page(facts, head, script)


def arcgis_js(where: Addresses, facts: Facts) -> str:
    """The image service as an ImageryLayer of the ArcGIS Maps SDK for JavaScript."""
    west, south, east, north = _box(facts)
    rule = f"\n    rasterFunction: {{ functionName: {js(where.rendering)} }}," if where.rendering else ""
    head = """
<link rel="stylesheet" href="https://js.arcgis.com/4.33/esri/themes/light/main.css">
<script src="https://js.arcgis.com/4.33/"></script>"""
    script = f"""
require(["esri/Map", "esri/views/MapView", "esri/layers/ImageryLayer"], (Map, MapView, ImageryLayer) => {{
  const layer = new ImageryLayer({{
    url: {js(where.image_server)},
    title: {js(facts.title)},{rule}
  }});
  new MapView({{
    container: "map",
    map: new Map({{ layers: [layer] }}),
    spatialReference: {{ wkid: 102100 }},
    extent: {{
      xmin: {west}, ymin: {south}, xmax: {east}, ymax: {north},
      spatialReference: {{ wkid: 4326 }},
    }},
  }});
}});"""
    return _page(facts, head, script)
