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
from proxy.arcgis.params import read_bands
from proxy.arcgis.resources import RULE, VARIABLE, asked_rule
from proxy.arcgis.respond import Document
from proxy.functions.tree import Node
from proxy.legends import RGB, Legend, LegendKind, legend_of
from proxy.services import Service

SIDE = 20
_TYPES = {
    LegendKind.CLASSES: "Unique Values",
    LegendKind.RAMP: "Stretched",
    LegendKind.COMPOSITE: "RGB Composite",
}
_TITLES = ("Red:    ", "Green: ", "Blue:   ")


async def legend(call: Call) -> Document:
    """Of `renderingRule`, else of the default rendering, which is what is drawn without one."""
    service = await call.opened()
    text = call.fields.text("renderingRule")
    rule = asked_rule(service, text) if text else service.default_rendering.rule
    bands = read_bands(call.fields.text("bandIds"), service.info.band_count)
    return await call.worked(legend_document, service, rule, bands, call.fields.text(VARIABLE.name))


def legend_document(
    service: Service, rule: Node | None, bands: tuple[int, ...] | None, variable: str = ""
) -> Document:
    """The document. Blocks.

    Args:
        service: whose picture is explained.
        rule: that is drawn.
        bands: chosen of the source, None for all; they matter where the stored bands are drawn.
        variable: of a cube with several.
    """
    found = legend_of(service, rule, bands, variable)
    layer = {
        "layerId": 0,
        "layerName": service.name.rsplit("/", 1)[-1],
        "layerType": "Raster Layer",
        "minScale": 0,
        "maxScale": 0,
        "legendType": _TYPES[found.kind],
        "legend": _entries(found),
    }
    return {"layers": [layer]}


def _entries(found: Legend) -> list[Document]:
    if found.kind is LegendKind.RAMP:
        return _ramp(found.limits, list(found.ramp))
    if found.kind is LegendKind.COMPOSITE:
        titled = zip(_TITLES, found.entries, strict=True)
        return [_entry(title + entry.label, _plain(entry.color)) for title, entry in titled]
    return [_entry(entry.label, _plain(entry.color), values=[entry.value]) for entry in found.entries]


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


OPERATION = Operation(
    "legend", legend, "Legend", (Parameter("bandIds", "numbers of bands, from 0"), RULE, VARIABLE)
)
