"""legend: what the colours of a picture mean, with a swatch for each entry."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.facts import Facts, facts_of
from proxy.arcgis.params import read_bands
from proxy.arcgis.resources import RULE, asked_rule
from proxy.arcgis.respond import Document
from proxy.functions.tree import Call as FunctionCall
from proxy.functions.tree import Node, Source, children
from proxy.render.bands import display_bands
from proxy.services import Service
from proxy.sources.base import AttributeTable

SIDE = 20
#: A colormap of more entries, without names for them, is a ramp.
CLASSES = 64
#: Columns of an attribute table that hold the names of classes, the most telling first.
_NAMES = ("classname", "class_name", "label", "name", "class", "description", "landcover", "land_cover")

RGB = tuple[int, int, int]


async def legend(call: Call) -> Document:
    """Of `renderingRule`, else of the default rendering, which is what is drawn without one."""
    service = await call.opened()
    text = call.fields.text("renderingRule")
    rule = asked_rule(service, text) if text else service.default_rendering.rule
    bands = read_bands(call.fields.text("bandIds"), service.info.band_count)
    return await call.worked(legend_document, service, rule, bands)


def legend_document(service: Service, rule: Node | None, bands: tuple[int, ...] | None) -> Document:
    """The document. Blocks.

    Args:
        service: whose picture is explained.
        rule: that is drawn.
        bands: chosen of the source, None for all; they matter where the stored bands are drawn.
    """
    facts = facts_of(service, rule)
    raw = rule is None or rule == Source()
    kind, entries = _entries(service, facts, rule, bands if raw else None)
    layer = {
        "layerId": 0,
        "layerName": service.name.rsplit("/", 1)[-1],
        "layerType": "Raster Layer",
        "minScale": 0,
        "maxScale": 0,
        "legendType": kind,
        "legend": entries,
    }
    return {"layers": [layer]}


def _entries(
    service: Service, facts: Facts, rule: Node | None, bands: tuple[int, ...] | None
) -> tuple[str, list[Document]]:
    if facts.colormap is not None and bands in (None, (0,)):
        colors = {value: (r, g, b) for value, r, g, b, alpha in facts.colormap.entries if alpha}
        named = _names(service.info.attribute_table)
        if named or len(colors) <= CLASSES or not _is_ramp(rule):
            return "Unique Values", _classes(facts, colors, named)
        return "Stretched", _ramp(_measured(service, rule, facts), list(colors.values()))
    shown = _shown(facts, bands)
    if len(shown) == 3:
        return "RGB Composite", _composite([facts.band_names[band] for band in shown])
    first = shown[0] if shown else 0
    statistics = facts.statistics[first : first + 1]
    limits = (statistics[0].minimum, statistics[0].maximum) if statistics else None
    return "Stretched", _ramp(limits, [(grey, grey, grey) for grey in range(256)])


def _shown(facts: Facts, bands: tuple[int, ...] | None) -> tuple[int, ...]:
    if bands is not None:
        return bands[:3] if len(bands) >= 3 else bands[:1]
    if facts.band_count in (1, 3):
        return tuple(range(facts.band_count))
    colors = () if facts.is_result else facts.info.color_interpretation
    return display_bands(facts.band_names, colors)


def _is_ramp(rule: Node | None) -> bool:
    return isinstance(rule, FunctionCall)


def _measured(service: Service, rule: Node | None, facts: Facts) -> tuple[float, float] | None:
    """Limits of what a ramp of colours was stretched from, rather than of the indices of the colours."""
    while isinstance(rule, FunctionCall) and rule.function in ("colormap", "stretch") and children(rule):
        rule = children(rule)[0]
    found = facts_of(service, rule).statistics if rule is not None else facts.statistics
    return (found[0].minimum, found[0].maximum) if len(found) == 1 else None


def _names(table: AttributeTable | None) -> dict[int, str]:
    """Names of classes by value, of an attribute table; none where it has no column for them."""
    if table is None:
        return {}
    columns = [name.lower() for name, _ in table.columns]
    texts = [index for index, (_, kind) in enumerate(table.columns) if kind == "text"]
    told = [columns.index(name) for name in _NAMES if name in columns and columns.index(name) in texts]
    if not texts or "value" not in columns:
        return {}
    place, value = (told or texts)[0], columns.index("value")
    return {int(row[value]): str(row[place]) for row in table.rows if str(row[place]).strip()}


def _classes(facts: Facts, colors: dict[int, RGB], named: dict[int, str]) -> list[Document]:
    present = _present(facts)
    wanted = [value for value in colors if (value in named if named else present is None or value in present)]
    return [
        _entry(named.get(value, str(value)), _plain(colors[value]), values=[value])
        for value in wanted or colors
    ]


def _present(facts: Facts) -> set[int] | None:
    """Values that occur, by the histogram of unit bins; None where that cannot be told."""
    histogram = facts.statistics[0].histogram if facts.statistics else None
    if histogram is None or histogram.minimum % 1 != 0.5:
        return None
    first = round(histogram.minimum + 0.5)
    return {first + index for index, count in enumerate(histogram.counts) if count}


def _composite(names: list[str]) -> list[Document]:
    colors: list[RGB] = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    titles = ("Red:    ", "Green: ", "Blue:   ")
    return [
        _entry(title + name, _plain(color)) for title, name, color in zip(titles, names, colors, strict=True)
    ]


def _ramp(limits: tuple[float, float] | None, colors: list[RGB]) -> list[Document]:
    """High, middle and low, each swatch a third of the ramp."""
    place = np.linspace(len(colors) - 1, 0, 3 * SIDE).round().astype(int)
    strip = np.array(colors, np.uint8)[place]
    labels = ("High", "", "Low") if limits is None else (f"High : {limits[1]:g}", "", f"Low : {limits[0]:g}")
    parts = (strip[start : start + SIDE] for start in (0, SIDE, 2 * SIDE))
    return [
        _entry(label, np.repeat(part[:, None], SIDE, axis=1))
        for label, part in zip(labels, parts, strict=True)
    ]


def _plain(color: RGB) -> NDArray[np.uint8]:
    return np.full((SIDE, SIDE, 3), color, np.uint8)


def _entry(label: str, pixels: NDArray[np.uint8], **more: Any) -> Document:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    content = stream.getvalue()
    return {
        "label": label,
        "url": hashlib.blake2s(label.encode() + content, digest_size=16).hexdigest(),
        "imageData": base64.b64encode(content).decode("ascii"),
        "contentType": "image/png",
        "height": SIDE,
        "width": SIDE,
        **more,
    }


OPERATION = Operation("legend", legend, "Legend", (Parameter("bandIds", "numbers of bands, from 0"), RULE))
