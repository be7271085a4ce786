"""Parameters of the operations, as components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from proxy.model import Interpolation
from proxy.ogc.api.formats import MAP_FORMATS, PNG
from proxy.ogc.api.negotiation import Representation

Document = dict[str, Any]

_CRS_EXAMPLE = "http://www.opengis.net/def/crs/EPSG/0/3857"
_COLOR = "0xRRGGBB, or the name of a web colour in any case."
_CRS_TEXT = "A URI, a safe CURIE such as [EPSG:3857], or a plain code. CRS84 when absent."

#: Names of components by what they are for.
BACKGROUND = ("bgcolor", "transparent", "void-color", "void-transparent")
SCALING = ("width", "height", "scale-denominator", "mm-per-pixel")
SPATIAL = ("bbox", "bbox-crs", "center", "center-crs", "subset-crs", "crs")
CHOICE = ("subset", "datetime")
OWN = ("bands", "expression", "rescale", "colormap", "nodata", "interpolation", "quality")
MAP = (*SPATIAL, *CHOICE, *SCALING, *BACKGROUND, *OWN, "f-map")
TILE = (*CHOICE, *SCALING, *BACKGROUND, *OWN, "f-map")


def parameters(
    collections: Sequence[str], styles: Sequence[str], matrix_sets: Sequence[str], largest: tuple[int, int]
) -> dict[str, Document]:
    """All parameters, by the name of their component.

    Args:
        largest: width and height of a map in pixels.
    """
    return (
        _paths(collections, styles, matrix_sets)
        | _of_place()
        | _of_size(*largest)
        | _of_ground()
        | _of_choice()
        | _own()
    )


def _paths(
    collections: Sequence[str], styles: Sequence[str], matrix_sets: Sequence[str]
) -> dict[str, Document]:
    return {
        "collectionId": _path("collectionId", "Identifier of a collection.", _words(collections)),
        "styleId": _path("styleId", "Identifier of a style of the collection.", _words(styles)),
        "tileMatrixSetId": _path("tileMatrixSetId", "Identifier of a tile matrix set.", _words(matrix_sets)),
        "tileMatrix": _path("tileMatrix", "Identifier of a matrix of the set.", {"type": "string"}, "0"),
        "tileRow": _path("tileRow", "Row, from 0 at the top.", {"type": "integer", "minimum": 0}, 0),
        "tileCol": _path("tileCol", "Column, from 0 at the left.", {"type": "integer", "minimum": 0}, 0),
    }


def _of_place() -> dict[str, Document]:
    crs = {"type": "string"}
    return {
        "bbox": _query(
            "bbox",
            "Lower left, then upper right corner, in the axis order of bbox-crs; heights in between are "
            "left aside.",
            {
                "type": "array",
                "items": {"type": "number", "format": "double"},
                "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            },
            [-10, 35, 30, 60],
        ),
        "bbox-crs": _query("bbox-crs", f"System of bbox. {_CRS_TEXT}", crs, _CRS_EXAMPLE),
        "center": _query(
            "center",
            "Middle of the map, in the axis order of center-crs; the size is that of width and height, at "
            "the asked scale or the native one.",
            {
                "type": "array",
                "items": {"type": "number", "format": "double"},
                "minItems": 2,
                "maxItems": 2,
            },
            [13.4, 52.5],
        ),
        "center-crs": _query("center-crs", f"System of center. {_CRS_TEXT}", crs, _CRS_EXAMPLE),
        "subset-crs": _query("subset-crs", f"System of subset. {_CRS_TEXT}", crs, _CRS_EXAMPLE),
        "crs": _query(
            "crs",
            "System of the map, one of those of the collection; its storageCrs when absent.",
            crs,
            _CRS_EXAMPLE,
        ),
    }


def _of_size(width: int, height: int) -> dict[str, Document]:
    # The standard has a number here, and its tests look for that.
    pixels = {"type": "number", "multipleOf": 1, "minimum": 1}
    above = {"type": "number", "minimum": 0, "exclusiveMinimum": True}
    return {
        "width": _query("width", "Columns of the picture.", pixels | {"maximum": width}, 512),
        "height": _query("height", "Rows of the picture.", pixels | {"maximum": height}, 512),
        "scale-denominator": _query(
            "scale-denominator", "Scale of the map in its middle, such as 50000 for 1 : 50 000.", above, 50000
        ),
        "mm-per-pixel": _query(
            "mm-per-pixel", "Size of a pixel of the display in millimetres.", above | {"default": 0.28}
        ),
    }


def _of_ground() -> dict[str, Document]:
    return {
        "bgcolor": _query("bgcolor", f"Colour where there are no data. {_COLOR}", _color(), "0xFFFFFF"),
        "transparent": _query(
            "transparent",
            "Whether nothing is drawn where there are no data: true when absent, but false beside bgcolor.",
            {"type": "boolean"},
        ),
        "void-color": _query(
            "void-color",
            f"Colour beyond the area that the system of the map is valid for; bgcolor when absent. {_COLOR}",
            _color(),
        ),
        "void-transparent": _query(
            "void-transparent",
            "Whether nothing is drawn there; as transparent when absent.",
            {"type": "boolean"},
        ),
    }


def _of_choice() -> dict[str, Document]:
    return {
        "subset": _query(
            "subset",
            'Ranges or values on axes: `Lat(40:50),Lon(10:20)`, `E(…)`, `N(…)`, `time("2018-05-01")`, and '
            "the further dimensions of the collection's extent. May come several times.",
            {"type": "array", "items": {"type": "string"}},
            explode=True,
        ),
        "datetime": _query(
            "datetime",
            "A moment or start/end, RFC 3339; `..` or nothing for an open end. Shorter dates stand for all "
            "that they cover.",
            {"type": "string"},
            "2018-05-01T00:00:00Z/..",
        ),
        "collections": _query(
            "collections",
            "Collections to draw, the first at the bottom: identifiers or addresses.",
            {"type": "array", "items": {"type": "string"}},
        ),
        "f-map": format_parameter(MAP_FORMATS),
        "legend-width": _query("width", "Columns of the legend.", {"type": "integer", "minimum": 1}),
        "legend-height": _query("height", "Rows of the legend.", {"type": "integer", "minimum": 1}),
        "f-legend": format_parameter((PNG,)),
    }


def _own() -> dict[str, Document]:
    """Parameters of no standard, those of every other door."""
    return {
        "bands": _query(
            "bands", "Bands by name or number from 1, with commas between them.", {"type": "string"}
        ),
        "expression": _query(
            "expression",
            "Arithmetic over bands in place of a style, such as `(B4-B3)/(B4+B3)`; it gives one band.",
            {"type": "string"},
        ),
        "rescale": _query(
            "rescale",
            "Least and greatest value that are drawn from 0 to 255, in place of a style: `min,max`, with a "
            "further pair for each further band.",
            {"type": "string"},
            "0,3000",
        ),
        "colormap": _query(
            "colormap",
            "Name of colours for the first band, in place of a style.",
            {"type": "string"},
            "viridis",
        ),
        "nodata": _query(
            "nodata", "A value, or `nan`, that is no data beside those of the source.", {"type": "string"}
        ),
        "interpolation": _query(
            "interpolation",
            "How values between pixels are found; that of the service when absent.",
            {"type": "string", "enum": list(Interpolation)},
        ),
        "quality": _query(
            "quality", "Of JPEG and WebP.", {"type": "integer", "minimum": 1, "maximum": 100}, 75
        ),
    }


def format_parameter(offered: Sequence[Representation]) -> Document:
    """`f` of a resource: short names; media types are taken as well."""
    keys = [item.key for item in offered]
    text = "Representation, in place of what Accept says; a media type is taken too."
    return _query("f", text, {"type": "string", "enum": keys})


def _query(name: str, text: str, schema: Document, example: Any = None, *, explode: bool = False) -> Document:
    found: Document = {"name": name, "in": "query", "required": False, "description": text, "schema": schema}
    if schema.get("type") == "array":
        found |= {"style": "form", "explode": explode}
    return found | ({} if example is None else {"example": example})


def _path(name: str, text: str, schema: Document, example: Any = None) -> Document:
    found: Document = {"name": name, "in": "path", "required": True, "description": text, "schema": schema}
    return found | ({} if example is None else {"example": example})


def _words(words: Sequence[str]) -> Document:
    # A list of none would be no schema.
    return {"type": "string"} | ({"enum": list(words)} if words else {})


def _color() -> Document:
    return {"type": "string"}
