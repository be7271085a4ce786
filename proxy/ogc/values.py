"""The values below a place in the forms in which OGC services tell them."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

from proxy.crs import WGS84, SpatialReference, transformer
from proxy.ogc.xml import child, root, written

GML = "http://www.opengis.net/gml"
Value = float | int | str | None

#: Media types that are offered, the first is the default.
INFO_FORMATS = (
    "application/json",
    "text/plain",
    "text/html",
    "text/xml",
    "application/vnd.ogc.gml",
)
#: Endings of addresses.
INFO_EXTENSIONS = {
    "json": "application/json",
    "txt": "text/plain",
    "html": "text/html",
    "xml": "text/xml",
    "gml": "application/vnd.ogc.gml",
}
_ALSO = {
    "application/geo+json": "application/json",
    "application/xml": "text/xml",
    "application/gml+xml": "application/vnd.ogc.gml",
    "text/gml": "application/vnd.ogc.gml",
}


@dataclass(frozen=True, slots=True)
class LayerValues:
    """Values of one layer: by band, None where there is no value; no bands at all outside the source."""

    layer: str
    title: str
    bands: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values are: x before y."""

    x: float
    y: float
    crs: SpatialReference

    @property
    def lonlat(self) -> tuple[float, float]:
        """In WGS 84; infinite where the place does not exist there."""
        if self.crs == WGS84:
            return self.x, self.y
        lon, lat = transformer(self.crs, WGS84).transform(self.x, self.y)
        return float(lon), float(lat)


def info_format(text: str) -> str | None:
    """The media type that answers an asked one, the default for none; None where it is not offered."""
    wanted = text.lower().split(";")[0].strip() or INFO_FORMATS[0]
    wanted = _ALSO.get(wanted, wanted)
    return wanted if wanted in INFO_FORMATS else None


def document(place: Place, layers: Sequence[LayerValues], media_type: str) -> bytes:
    """The values in one of `INFO_FORMATS`."""
    return _WRITERS[media_type](place, layers)


def _json(place: Place, layers: Sequence[LayerValues]) -> bytes:
    lon, lat = place.lonlat
    features = [
        {
            "type": "Feature",
            "id": layer.layer,
            "geometry": {"type": "Point", "coordinates": [round(lon, 9), round(lat, 9)]},
            "properties": {"layer": layer.layer, "title": layer.title, **dict(layer.bands)},
        }
        for layer in layers
        if layer.bands
    ]
    found = {"type": "FeatureCollection", "features": features}
    return json.dumps(found, ensure_ascii=False, allow_nan=False).encode()


def _text(place: Place, layers: Sequence[LayerValues]) -> bytes:
    lines = [f"{place.x:.9g} {place.y:.9g} ({place.crs})"]
    for layer in layers:
        lines += ["", layer.title or layer.layer]
        lines += [f"  {name} = {_shown(value)}" for name, value in layer.bands] or ["  no data here"]
    return ("\n".join(lines) + "\n").encode()


def _html(place: Place, layers: Sequence[LayerValues]) -> bytes:
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Values</title>"
        "<style>body{font:14px sans-serif;margin:8px}table{border-collapse:collapse;margin-bottom:8px}"
        "caption{font-weight:bold;text-align:left;padding:2px 0}"
        "td,th{border:1px solid #bbb;padding:2px 8px;text-align:left}td{text-align:right}</style></head>"
        "<body>"
    ]
    for layer in layers:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(_shown(value))}</td></tr>"
            for name, value in layer.bands
        )
        caption = html.escape(layer.title or layer.layer)
        parts.append(f"<table><caption>{caption}</caption>{rows or '<tr><td>no data here</td></tr>'}</table>")
    return ("".join(parts) + "</body></html>").encode()


def _xml(place: Place, layers: Sequence[LayerValues]) -> bytes:
    top = root("FeatureInfoResponse", {})
    for layer in layers:
        found = child(top, "Layer", name=layer.layer, title=layer.title)
        for name, value in layer.bands:
            child(found, "Value", "" if value is None else _shown(value), band=name)
    return written(top)


def _gml(place: Place, layers: Sequence[LayerValues]) -> bytes:
    """GML 2: a feature for each layer, as the info formats of other servers have it."""
    top = root("msGMLOutput", {"gml": GML})
    for index, layer in enumerate(each for each in layers if each.bands):
        holder = child(top, f"layer_{index}")
        child(holder, f"{{{GML}}}name", layer.layer)
        feature = child(holder, "feature")
        box = child(child(feature, f"{{{GML}}}boundedBy"), f"{{{GML}}}Box", srsName=str(place.crs))
        where = f"{place.x!r},{place.y!r}"
        child(box, f"{{{GML}}}coordinates", f"{where} {where}")
        for number, (name, value) in enumerate(layer.bands, 1):
            child(feature, f"value_{number}", "" if value is None else _shown(value), band=name)
    return written(top)


def _shown(value: Value) -> str:
    return "no data" if value is None else str(value)


_WRITERS = {
    "application/json": _json,
    "text/plain": _text,
    "text/html": _html,
    "text/xml": _xml,
    "application/vnd.ogc.gml": _gml,
}


def named(names: Sequence[str], values: Sequence[Value] | None) -> tuple[tuple[str, Value], ...]:
    """Bands with their values; nothing outside the source."""
    return () if values is None else tuple(zip(names, values, strict=True))


def media_type_of(kind: str) -> str:
    """With the character set of texts."""
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
