"""Use image services through Esri's Python package without a portal: python ask_arcgis.py BASE [choosing]."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import numpy as np
from arcgis.geometry import Polygon  # type: ignore[import-not-found]
from arcgis.gis._impl._con import Connection  # type: ignore[import-not-found]
from arcgis.raster import ImageryLayer  # type: ignore[import-not-found]

RAW = {"rasterFunction": "None"}


def layer(base: str, service: str) -> Any:
    connection = Connection(baseurl=f"{base}/arcgis/rest", all_ssl=False)
    portal = SimpleNamespace(con=connection, url=base, is_arcgisonline=False, is_kubernetes=False)
    bare = SimpleNamespace(
        _con=connection, _portal=portal, url=base, _is_agol=False, _use_private_url_only=False, properties={}
    )
    return ImageryLayer(f"{base}/arcgis/rest/services/{service}/ImageServer", gis=bare)


def main(base: str) -> dict[str, Any]:
    elevation, bands = layer(base, "elevation"), layer(base, "sentinel2")
    box = {"xmin": -118.9, "ymin": 37.2, "xmax": -118.5, "ymax": 37.6, "spatialReference": {"wkid": 4326}}
    ring = [[-118.9, 37.2], [-118.9, 37.6], [-118.5, 37.6], [-118.5, 37.2], [-118.9, 37.2]]
    area = Polygon({"rings": [ring], "spatialReference": {"wkid": 4326}})
    point = {"x": -118.7, "y": 37.4, "spatialReference": {"wkid": 4326}}
    export = {"bbox": box, "bbox_sr": 4326, "image_sr": 4326, "size": [20, 20], "rendering_rule": RAW}
    pixels = elevation.export_image(**export, f="numpy_array")
    slope = {"rasterFunction": "Slope", "rasterFunctionArguments": {"SlopeType": 1, "ZFactor": 1}}
    steep = elevation.export_image(**{**export, "rendering_rule": slope}, f="numpy_array")
    found: dict[str, Any] = {
        "version": version("arcgis"),
        "properties": {"name": elevation.properties.name, "pixelType": elevation.properties.pixelType},
        "export": elevation.export_image(**export, export_format="tiff", f="json"),
        "pixels": np.asarray(pixels)[..., 0].astype(float).tolist(),
        "slope": np.asarray(steep)[..., 0].astype(float).tolist(),
        "identify": elevation.identify(geometry=point),
        "samples": elevation.get_samples(geometry=point, return_first_value_only=True),
        "histograms": elevation.compute_histograms(geometry=area, rendering_rule=RAW),
        "statistics": elevation.compute_stats_and_histograms(geometry=area, rendering_rule=RAW),
        "query": elevation.query(where="OBJECTID > 0", return_all_records=False).to_dict(),
        "legend": bands.legend(),
    }
    return found


def choosing(base: str) -> dict[str, Any]:
    """A mosaic and a cube."""
    clips, ocean = layer(base, "clips"), layer(base, "ocean")
    extent = dict(clips.properties.extent)
    x, y = (extent["xmin"] + extent["xmax"]) / 2, (extent["ymin"] + extent["ymax"]) / 2
    point = {"x": x, "y": y, "spatialReference": {"wkid": 26913}}
    export: dict[str, Any] = {
        "bbox": extent, "bbox_sr": 26913, "image_sr": 26913, "size": [270, 200], "rendering_rule": RAW,
        "interpolation": "RSP_NearestNeighbor", "f": "numpy_array",
    }  # fmt: skip

    def pixels(one: Any, **more: Any) -> Any:
        return np.asarray(one.export_image(**{**export, **more})).tolist()

    def ordered(**how: Any) -> Any:
        # The package changes the layer itself.
        own = layer(base, "clips")
        own.mosaic_by(**how)
        return pixels(own)

    clear = clips.filter_by(where="Cloud < 45", lock_rasters=True)
    world = {"xmin": -181.5, "ymin": -91.5, "xmax": 178.5, "ymax": 88.5, "spatialReference": {"wkid": 4326}}
    variable = ocean.multidimensional_info["multidimensionalInfo"]["variables"][0]
    times, depths = (one["values"] for one in variable["dimensions"])
    rule = {
        "multidimensionalDefinition": [
            {"variableName": "TEMP", "dimensionName": "StdTime", "values": [times[1]]},
            {"variableName": "TEMP", "dimensionName": "StdZ", "values": [depths[2]]},
        ]
    }
    cube = {"bbox": world, "bbox_sr": 4326, "image_sr": 4326, "size": [90, 45], "compression_tolerance": 0}
    return {
        "rule": dict(clips.mosaic_rule or {}),
        "plain": pixels(clips),
        "echoed": pixels(clips, mosaic_rule=dict(clips.mosaic_rule) if clips.mosaic_rule else None),
        "clear": {"rule": clear.mosaic_rule, "pixels": pixels(clear)},
        "worst": ordered(method="attribute", sort_by="Cloud", asc=False),
        "mean": ordered(method="none", op="mean"),
        "query": clips.query(
            where="State = 'ND'", out_fields="Name,Cloud", order_by_fields="Cloud"
        ).to_dict(),
        "identify": clips.identify(geometry=point),
        "variable": variable,
        "slices": ocean.slices(),
        "some": ocean.slices([{"variableName": "TEMP", "dimensionName": "StdZ", "values": [depths[2]]}]),
        "slice": pixels(ocean, **cube, mosaic_rule=rule),
        "samples": ocean.get_samples(
            geometry={"x": 180.5, "y": 2.5, "spatialReference": {"wkid": 4326}}, slice_id=6
        ),
        **series(ocean, layer(base, "stack"), point, float(depths[2])),
    }


def series(ocean: Any, stack: Any, point: dict[str, Any], depth: float) -> dict[str, Any]:
    """All slices at a place, as the package asks when it draws a profile along time."""
    place = {"x": 180.5, "y": 2.5, "spatialReference": {"wkid": 4326}}
    area = Polygon(
        {"rings": [[[170, -8], [170, 9], [190, 9], [190, -8], [170, -8]]], "spatialReference": {"wkid": 4326}}
    )

    def profile(field: str, *more: dict[str, Any]) -> dict[str, Any]:
        along = {"variableName": "", "dimensionName": field}
        definition = {"multidimensionalDefinition": [along, *more]}
        return {"mosaicMethod": "esriMosaicAttribute", "ascending": False, "sortField": field, **definition}

    deep = {"variableName": "TEMP", "dimensionName": "StdZ", "values": [depth], "isSlice": True}
    every = {"return_first_value_only": False, "out_fields": "*"}
    time = ocean.properties.timeInfo["startTimeField"]
    own = stack.properties.timeInfo["startTimeField"]
    return {
        "series": ocean.get_samples(geometry=place, mosaic_rule=profile(time, deep), **every),
        "all": ocean.identify(geometry=place, process_as_multidimensional=True),
        "items": stack.get_samples(geometry=point, mosaic_rule=profile(own), **every),
        "deep": ocean.query(where=f"StdZ = {depth}", out_fields="StdTime").to_dict(),
        "found": ocean.filter_by(where=f"StdZ = {depth}", lock_rasters=True).mosaic_rule,
        "around": ocean.compute_stats_and_histograms(geometry=area),
        "pixel": ocean.compute_pixel_location(
            raster_id=1, geometries=[place], spatial_reference={"wkid": 4326}
        ),
    }


if __name__ == "__main__":
    ask = choosing if sys.argv[2:] == ["choosing"] else main
    print(json.dumps(ask(sys.argv[1]), default=str))
