"""Schemas of the documents, as components."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def ref(name: str) -> Document:
    """A schema by the name of its component."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: tuple[str, ...], **properties: Document) -> Document:
    return {"type": "object", "required": list(required), "properties": properties}


def _array(items: Document, **more: Any) -> Document:
    return {"type": "array", "items": items, **more}


_TEXT: Document = {"type": "string"}
_URI: Document = {"type": "string", "format": "uri"}
_NUMBER: Document = {"type": "number"}
_COUNT: Document = {"type": "integer", "minimum": 0}
_SIZE: Document = {"type": "integer", "minimum": 1}
_POINT = _array(_NUMBER, minItems=2, maxItems=2)
_LINKS = _array(ref("link"))


def schemas() -> dict[str, Document]:
    """All schemas, by the name of their component."""
    return _common() | _extents() | _tile_matrix_sets() | _tilesets() | _styles()


def _common() -> dict[str, Document]:
    return {
        "link": _object(
            ("href", "rel"), href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT, templated={"type": "boolean"}
        ),
        "problem": _object(
            ("type", "title", "status"),
            type=_TEXT,
            title=_TEXT,
            status={"type": "integer"},
            detail=_TEXT,
            parameter=_TEXT,
        ),
        "landingPage": _object(
            ("links",),
            title=_TEXT,
            description=_TEXT,
            attribution=_TEXT,
            links=_LINKS,
            extent=ref("extent"),
            crs=_array(_URI),
            storageCrs=_URI,
        ),
        "confClasses": _object(("conformsTo",), conformsTo=_array(_URI), links=_LINKS),
        "collections": _object(
            ("links", "collections"),
            links=_LINKS,
            numberMatched=_COUNT,
            numberReturned=_COUNT,
            collections=_array(ref("collection")),
        ),
        "collection": _object(
            ("id", "links", "extent", "crs"),
            id=_TEXT,
            title=_TEXT,
            description=_TEXT,
            attribution=_TEXT,
            links=_LINKS,
            extent=ref("extent"),
            crs=_array(_URI, minItems=1),
            storageCrs=_URI,
        ),
    }


def _extents() -> dict[str, Document]:
    box = _array(_NUMBER, minItems=4, maxItems=4)
    spatial = _object(
        ("bbox", "crs"), bbox=_array(box, minItems=1), crs=_URI, storageCrsBbox=_array(box, minItems=1)
    )
    interval = _array(_array({"type": "string", "nullable": True}, minItems=2, maxItems=2), minItems=1)
    values = _object(("cellsCount",), cellsCount=_COUNT, coordinates=_array({}))
    return {
        "extent": _object(("spatial",), spatial=spatial, temporal=ref("temporalExtent"))
        | {"additionalProperties": ref("dimension")},
        "temporalExtent": _object(("interval",), interval=interval, trs=_URI, grid=values),
        "dimension": _object(
            ("interval",),
            interval=_array(_array({}, minItems=2, maxItems=2), minItems=1),
            definition=_TEXT,
            unit=_TEXT,
            description=_TEXT,
            grid=values,
        ),
    }


def _tile_matrix_sets() -> dict[str, Document]:
    item = _object(("id", "links"), id=_TEXT, title=_TEXT, uri=_URI, crs=_URI, links=_LINKS)
    width = _object(
        ("coalesce", "minTileRow", "maxTileRow"), coalesce=_SIZE, minTileRow=_COUNT, maxTileRow=_COUNT
    )
    return {
        "tileMatrixSets": _object(("tileMatrixSets",), tileMatrixSets=_array(item), links=_LINKS),
        "tileMatrixSet": _object(
            ("id", "crs", "tileMatrices"),
            id=_TEXT,
            title=_TEXT,
            description=_TEXT,
            uri=_URI,
            crs=_URI,
            orderedAxes=_array(_TEXT, minItems=2),
            wellKnownScaleSet=_URI,
            tileMatrices=_array(ref("tileMatrix"), minItems=1),
            links=_LINKS,
        ),
        "tileMatrix": _object(
            (
                "id",
                "scaleDenominator",
                "cellSize",
                "pointOfOrigin",
                "tileWidth",
                "tileHeight",
                "matrixWidth",
                "matrixHeight",
            ),
            id=_TEXT,
            title=_TEXT,
            description=_TEXT,
            scaleDenominator=_NUMBER,
            cellSize=_NUMBER,
            cornerOfOrigin={"type": "string", "enum": ["topLeft", "bottomLeft"]},
            pointOfOrigin=_POINT,
            tileWidth=_SIZE,
            tileHeight=_SIZE,
            matrixWidth=_SIZE,
            matrixHeight=_SIZE,
            variableMatrixWidths=_array(width),
        ),
    }


def _tilesets() -> dict[str, Document]:
    item: dict[str, Document] = {
        "title": _TEXT,
        "dataType": {"type": "string", "enum": ["map"]},
        "crs": _URI,
        "tileMatrixSetId": _TEXT,
        "tileMatrixSetURI": _URI,
        "tileMatrixSetLimits": _array(
            _object(
                ("tileMatrix", "minTileRow", "maxTileRow", "minTileCol", "maxTileCol"),
                tileMatrix=_TEXT,
                minTileRow=_COUNT,
                maxTileRow=_COUNT,
                minTileCol=_COUNT,
                maxTileCol=_COUNT,
            ),
            minItems=1,
        ),
        "links": _LINKS,
    }
    needed = ("dataType", "crs", "links")
    return {
        "tileSets": _object(("tilesets",), tilesets=_array(_object(needed, **item)), links=_LINKS),
        "tileSet": _object(
            needed,
            **item,
            style=_object(("id",), id=_TEXT, title=_TEXT),
            attribution=_TEXT,
            layers=_array(_object(("id", "dataType"), id=_TEXT, title=_TEXT, dataType=_TEXT, links=_LINKS)),
            boundingBox=_object(("lowerLeft", "upperRight"), lowerLeft=_POINT, upperRight=_POINT, crs=_URI),
            centerPoint=_object(("coordinates",), coordinates=_POINT, crs=_URI, tileMatrix=_TEXT),
            mediaTypes=_array(_TEXT),
        ),
        "tileJSON": _object(
            ("tilejson", "tiles"),
            tilejson=_TEXT,
            name=_TEXT,
            scheme=_TEXT,
            attribution=_TEXT,
            tiles=_array(_TEXT, minItems=1),
            minzoom=_COUNT,
            maxzoom=_COUNT,
            bounds=_array(_NUMBER, minItems=4, maxItems=4),
            center=_array(_NUMBER, minItems=3, maxItems=3),
        ),
    }


def _styles() -> dict[str, Document]:
    item = {"id": _TEXT, "title": _TEXT, "description": _TEXT, "links": _LINKS}
    sheet = _object(
        ("link",),
        title=_TEXT,
        version=_TEXT,
        specification=_URI,
        native={"type": "boolean"},
        link=ref("link"),
    )
    return {
        "styles": _object(
            ("styles",), default=_TEXT, styles=_array(_object(("id", "links"), **item)), links=_LINKS
        ),
        "style": _object(
            ("id", "links"),
            **item,
            isDefault={"type": "boolean"},
            scope=_TEXT,
            pointOfContact=_TEXT,
            stylesheets=_array(sheet),
            layers=_array(_object(("id", "type"), id=_TEXT, type=_TEXT)),
        ),
        "mapLibreStyle": _object(
            ("version", "sources", "layers"),
            version={"type": "integer", "enum": [8]},
            name=_TEXT,
            center=_POINT,
            zoom=_NUMBER,
            sources={"type": "object"},
            layers=_array({"type": "object"}),
        ),
    }
