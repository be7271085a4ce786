"""Judges answers to recorded requests as the client that sent them would."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import imagecodecs
import numpy as np
from httpx import Response
from PIL import Image
from rasterio.io import MemoryFile
from retargeting import Mover, Record
from starlette.testclient import TestClient

from proxy.arcgis.errors import SIZE_LIMIT
from proxy.arcgis.params import DEFAULT_SIZE
from proxy.arcgis.pixel_types import pixel_type

TYPES = {
    "jpgpng": ("image/jpeg", "image/png"), "png": ("image/png",), "png8": ("image/png",),
    "png24": ("image/png",), "png32": ("image/png",), "jpg": ("image/jpeg",), "tiff": ("image/tiff",),
    "tif": ("image/tiff",), "bmp": ("image/bmp",), "gif": ("image/gif",),
}  # fmt: skip
NUMERIC = ("bsq", "bip", "lerc")
#: Requests that a server refuses, by what their notes say of it.
REFUSED = (
    "must be refused",
    "refused by",
    "an error body is expected",
    "expects an error body",
    "error expected",
    "unknown operation",
    "outside the documented list",
)
#: Requests that some servers refuse, others answer, by what is odd about them.
ODD = ("quirk:rule-not-json", "quirk:mosaic-not-json", "quirk:size-malformed", "bbox:absent")
#: Rules that name values of the data: on other data nothing may be left of it.
VALUES = ("Colormap.Colormap", "Remap.InputRanges", "Mask.IncludedRanges", "Mask.NoDataValues")
#: Where a division by zero leaves nothing.
NOTHING_LEFT = "gives nodata"
MADE_UP = ("TotallyMadeUpFunction",)
#: Resources that a plain service answers with an error, as measured.
PLAIN = ("multidimensionalInfo", "slices")
#: Answers of other services than an image service, or of a service with a camera model.
ELSEWHERE = ("WMSServer", "imageToMap", "computePixelLocation", "computeClassStatistics")


class Bad(Exception):
    """The answer is not what the client needs."""


def expects_error(record: Record) -> bool:
    """Whether a real server refuses the request as well."""
    return any(words in record["note"] for words in REFUSED) or record["operation"] in ELSEWHERE


def allows_error(record: Record) -> bool:
    """Whether some real servers refuse the request."""
    text = json.dumps(record["params"])
    return (
        any(label in record["features"] for label in ODD)
        or any(name in text for name in MADE_UP)
        or record["operation"] in PLAIN
    )


def may_be_blank(record: Record) -> bool:
    """Whether the rule names values that this service's data need not have."""
    named = any(f"rr-arg:{label}" in record["features"] for label in VALUES)
    return named or NOTHING_LEFT in record["note"]


class Judge:
    """Holds answers against what was recorded."""

    def __init__(self, client: TestClient, recorded: Path | None) -> None:
        self.client = client
        self.keys = recorded_keys(recorded.read_text()) if recorded else {}

    def judge(self, mover: Mover, response: Response) -> None:
        """Nothing when the answer is good.

        Raises:
            Bad: with the reason.
        """
        record = mover.record
        if response.status_code != 200:
            raise Bad(f"status {response.status_code}")
        error = _error(response)
        refusable = expects_error(record) or allows_error(record)
        if error and (refusable or self._too_large(mover, error)):
            return
        if error:
            raise Bad(f"error: {error.get('message')} {' '.join(error.get('details', []))}"[:200])
        if expects_error(record) and record["operation"] not in ELSEWHERE:
            raise Bad("an error was due")
        asked = mover.text("f").lower() or "html"
        if record["operation"] == "exportImage":
            self._export(mover, response, asked)
        elif record["operation"] == "tile":
            self._picture(response, (256, 256), ("image/png", "image/jpeg"), mover)
        elif asked == "html":
            _need(response.headers["content-type"].startswith("text/html"), "no page")
        else:
            without = "geometry" if mover.text("returnGeometry").lower() == "false" else "\0"
            self._document(record["operation"], response.json(), without)

    def _too_large(self, mover: Mover, error: dict[str, Any]) -> bool:
        limits = mover.service.config.limits
        width, height = _size(mover)
        above = width > limits.max_width or height > limits.max_height
        return above and SIZE_LIMIT in error.get("details", [])

    def _export(self, mover: Mover, response: Response, asked: str) -> None:
        if asked == "html":
            _need(response.headers["content-type"].startswith("text/html"), "no page")
        elif asked == "kmz":
            names = zipfile.ZipFile(io.BytesIO(response.content)).namelist()
            _need(any(name.endswith(".kml") for name in names), "no KML in the KMZ")
        elif asked == "image":
            self._image(mover, response)
        else:
            document = response.json()
            self._document("exportImage", document)
            self._image(mover, self.client.get(urlsplit(document["href"]).path))

    def _image(self, mover: Mover, response: Response) -> None:
        _need(response.status_code == 200, f"link answers {response.status_code}")
        format = mover.text("format").lower() or "jpgpng"
        size = _size(mover)
        if format in NUMERIC:
            return _numbers(mover, response.content, format, size)
        self._picture(response, size, TYPES.get(format, TYPES["jpgpng"]), mover)

    def _picture(
        self, response: Response, size: tuple[int, int], types: tuple[str, ...], mover: Mover
    ) -> None:
        kind = response.headers["content-type"].split(";")[0]
        _need(kind in types, f"type {kind} for {types}")
        if kind == "image/tiff":
            with MemoryFile(response.content) as memory, memory.open() as file:
                found, data, mask = (file.width, file.height), file.read(), file.dataset_mask() > 0
                wanted = mover.text("pixelType").upper()
                if wanted not in ("", "UNKNOWN"):
                    _need(file.dtypes[0] == pixel_type(wanted).dtype.name, f"{file.dtypes[0]} for {wanted}")
        else:
            picture = Image.open(io.BytesIO(response.content)).convert("RGBA")
            found, pixels = picture.size, np.moveaxis(np.asarray(picture), -1, 0)
            data, mask = pixels[:3], pixels[3] > 0
        _need(found == size, f"size {found} for {size}")
        if not may_be_blank(mover.record):
            _shown(data, mask)

    def _document(self, operation: str, document: dict[str, Any], without: str = "\0") -> None:
        for path in self.keys.get(operation, ()):
            _need(without in path or _has(document, path.split(".")), f"{path} is missing")


def _shown(data: np.ndarray[Any, Any], mask: np.ndarray[Any, Any]) -> None:
    _need(bool(mask.any()), "blank: nothing is valid")
    inside = data[:, mask] if data.shape[1:] == mask.shape else data
    _need(inside.size < 30 or bool(np.ptp(np.nan_to_num(inside.astype(float))) > 0), "blank: one value")


def _numbers(mover: Mover, body: bytes, format: str, size: tuple[int, int]) -> None:
    width, height = size
    if format == "lerc":
        data = np.asarray(imagecodecs.lerc_decode(body))
        _need(data.shape[-2:] == (height, width) or data.shape[:2] == (height, width), f"shape {data.shape}")
        return _need(bool(np.ptp(np.nan_to_num(data.astype(float))) > 0), "blank: one value")
    bits = -(-width * height // 8)
    item = pixel_type(mover.text("pixelType")).dtype.itemsize if mover.text("pixelType") else 0
    pixels = len(body) - bits
    _need(pixels > 0 and (not item or pixels % (width * height * item) == 0), f"{len(body)} bytes")
    _need(len(set(body[:pixels])) > 1, "blank: one value")


def _size(mover: Mover) -> tuple[int, int]:
    text = mover.text("size")
    if not text:
        return DEFAULT_SIZE
    try:
        width, height = (int(float(part) + 0.5) for part in text.split(","))
    except ValueError:
        return DEFAULT_SIZE
    return width, height


def _error(response: Response) -> dict[str, Any]:
    try:
        found: dict[str, Any] = response.json().get("error") or {}
    except (ValueError, AttributeError):
        return {}
    return found


def _need(truth: bool, reason: str) -> None:
    if not truth:
        raise Bad(reason)


def _has(value: Any, path: list[str]) -> bool:
    """Whether a path of keys exists below a value, or the value is null.

    `[]` stands for one of the members, for none in an empty list.
    """
    if not path or value is None:
        return True
    key, listed = path[0].rstrip("[]"), path[0].endswith("[]")
    if not isinstance(value, dict) or key not in value:
        return False
    if path[0].endswith("[][]"):
        return isinstance(value[key], list)
    if not listed:
        return _has(value[key], path[1:])
    found = value[key]
    return isinstance(found, list) and (not found or any(_has(item, path[1:]) for item in found))


def recorded_keys(text: str) -> dict[str, list[str]]:
    """For each resource the keys that all its recordings have: those rows of the tables."""
    keys: dict[str, list[str]] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        count = re.search(r"seen of (\d+)", section)
        rows = re.findall(r"^\| `([^`]+)` \| [^|]*\| (\d+) \|$", section, flags=re.MULTILINE)
        if count:
            wanted = [path for path, seen in rows if seen == count[1] and "<" not in path]
            keys[section.split("\n", 1)[0].strip()] = wanted
    return keys
