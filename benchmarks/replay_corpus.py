"""Replay recorded requests of real clients and judge each answer as the client would.

    python benchmarks/replay_corpus.py ../shared/corpus/requests.jsonl \
        --recorded ../shared/reference/recorded-responses.md

Every record goes to the demo service of the kind it needs, in process. An answer is good when it is a picture
of the right size and type that is not blank, a document with the keys of the recorded one, or the documented
error where the record calls for one. Exit status 1 when an answer is not good.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode, urlsplit

import imagecodecs
import numpy as np
import rasterio
from httpx import Response
from PIL import Image
from rasterio.io import MemoryFile
from retargeting import MANY_BANDS, STAND_INS, Mover, Record, service_name
from starlette.applications import Starlette
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.arcgis.errors import SIZE_LIMIT
from proxy.arcgis.operations import OPERATIONS
from proxy.arcgis.params import DEFAULT_SIZE
from proxy.arcgis.pixel_types import pixel_type
from proxy.arcgis.relaxed import parse_json
from proxy.config import ServiceConfig, load
from proxy.functions.registry import find

ROOT = Path(__file__).parents[1]
TYPES = {
    "jpgpng": ("image/jpeg", "image/png"), "png": ("image/png",), "png8": ("image/png",),
    "png24": ("image/png",), "png32": ("image/png",), "jpg": ("image/jpeg",), "tiff": ("image/tiff",),
    "tif": ("image/tiff",), "bmp": ("image/bmp",), "gif": ("image/gif",),
}  # fmt: skip
NUMERIC = ("bsq", "bip", "lerc")
#: Requests that a server refuses, by what their notes say of it.
REFUSED = ("must be refused", "refused by", "an error body is expected")
#: Requests that some servers refuse, others answer, by what is odd about them.
ODD = ("quirk:rule-not-json", "quirk:mosaic-not-json", "quirk:size-malformed", "bbox:absent")
#: Rules that name values of the data: on other data nothing may be left of it.
VALUES = ("Colormap.Colormap", "Remap.InputRanges", "Mask.IncludedRanges", "Mask.NoDataValues")
#: Where a division by zero leaves nothing.
NOTHING_LEFT = "gives nodata"
MADE_UP = ("TotallyMadeUpFunction",)
#: Answers of other services than an image service, or of a service with a camera model.
ELSEWHERE = ("WMSServer", "imageToMap", "computePixelLocation", "computeClassStatistics")


class Bad(Exception):
    """The answer is not what the client needs."""


@dataclass
class Outcome:
    """What became of a record."""

    record: Record
    service: str
    reason: str = ""
    later: str = ""
    notes: list[str] = field(default_factory=list)


def expects_error(record: Record) -> bool:
    """Whether a real server refuses the request as well."""
    return any(words in record["note"] for words in REFUSED) or record["operation"] in ELSEWHERE


def allows_error(record: Record) -> bool:
    """Whether some real servers refuse the request."""
    text = json.dumps(record["params"])
    return any(label in record["features"] for label in ODD) or any(name in text for name in MADE_UP)


def may_be_blank(record: Record) -> bool:
    """Whether the rule names values that this service's data need not have."""
    named = any(f"rr-arg:{label}" in record["features"] for label in VALUES)
    return named or NOTHING_LEFT in record["note"]


def unknown_functions(record: Record) -> list[str]:
    """Functions of the request's rules that the registry has not."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            name = value.get("rasterFunction")
            adapted = str(record["retarget"].get("adapt", ""))
            if (
                isinstance(name, str)
                and name.lower() != "none"
                and f": {name}" not in adapted
                and find(name) is None
            ):
                found.append(name)
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    for name in ("renderingRule", "renderingRules"):
        try:
            walk(parse_json(str(record["params"].get(name) or "null")))
        except ValueError:
            continue
    return sorted(set(found))


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
            self._document(record["operation"], response.json())

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

    def _document(self, operation: str, document: dict[str, Any]) -> None:
        for path in self.keys.get(operation, ()):
            _need(_has(document, path.split(".")), f"{path} is missing")


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
    """Whether a path of keys exists; `[]` stands for one of the members, for none in an empty list."""
    if not path:
        return True
    key, listed = path[0].removesuffix("[]"), path[0].endswith("[]")
    if not isinstance(value, dict) or key not in value:
        return False
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


def replay(path: Path, recorded: Path | None) -> list[Outcome]:
    """Send all records."""
    records = [json.loads(line) for line in path.read_text().splitlines() if line]
    config = load(ROOT / "config.yaml", {})
    with TemporaryDirectory() as folder:
        scene = ServiceConfig(name=MANY_BANDS, source=str(many_bands(Path(folder))))
        app = create_app(config.model_copy(update={"services": (*config.services, scene)}))
        return _replay(app, records, recorded)


def many_bands(folder: Path) -> Path:
    """A scene of twelve bands: those of the demo's scene, three times, each time a little darker."""
    path = folder / "scene12.tif"
    with rasterio.open(ROOT / "proxy" / "demo" / "sentinel2.tif", overview_level=0) as source:
        bands = source.read()
        profile = {**source.profile, "driver": "GTiff", "count": 12, "tiled": False, "compress": None}
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.concatenate([bands, bands * 0.9, bands * 0.8]).astype(bands.dtype))
    return path


def _replay(app: Starlette, records: list[Record], recorded: Path | None) -> list[Outcome]:
    with TestClient(app, raise_server_exceptions=False) as client:
        judge = Judge(client, recorded)
        return [_replayed(record, app.state.registry.get(service_name(record)), judge) for record in records]


def _replayed(record: Record, service: Any, judge: Judge) -> Outcome:
    service.source  # noqa: B018  opened before its extent is asked for
    mover = Mover(record, service)
    outcome = Outcome(record, service.name, notes=mover.notes)
    pairs = mover.moved()
    mover.pairs = pairs
    url = f"/arcgis/rest/services/{service.name}/ImageServer/{mover.path()}"
    try:
        if record["method"] == "POST":
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            response = judge.client.post(url, content=urlencode(pairs), headers=form)
        else:
            response = judge.client.get(url, params=pairs)
        judge.judge(mover, response)
    except Bad as bad:
        outcome.reason = str(bad)
        outcome.later = _later(record)
    return outcome


def _later(record: Record) -> str:
    """Why an answer cannot be good yet: a function or an operation that does not exist."""
    if functions := unknown_functions(record):
        return f"function {', '.join(functions)}"
    name = record["path"].strip("/").split("/")[0].lower()
    if record["operation"] not in ("root", "exportImage") and not name.isdigit() and name not in OPERATIONS:
        return f"operation {record['operation']}"
    return ""


def report(outcomes: list[Outcome]) -> None:
    """Counts for each operation, kind and function, then what failed."""
    good = [outcome for outcome in outcomes if not outcome.reason]
    print(f"{len(good)} of {len(outcomes)} answered as a real server would\n")
    tables: dict[str, defaultdict[str, Counter[bool]]] = {
        title: defaultdict(Counter) for title in ("operation", "kind of service", "format", "function")
    }
    for outcome in outcomes:
        labels = outcome.record["features"]
        tables["operation"][outcome.record["operation"]][not outcome.reason] += 1
        for kind in outcome.record["retarget"]["service"]:
            note = " (a single raster stands in)" if kind in STAND_INS else ""
            tables["kind of service"][kind + note][not outcome.reason] += 1
        for label in labels:
            if label.startswith("format:") and outcome.record["operation"] == "exportImage":
                tables["format"][label[7:]][not outcome.reason] += 1
            elif label.startswith("rr:"):
                tables["function"][label[3:]][not outcome.reason] += 1
    for title, rows in tables.items():
        print(f"| {title} | good | of |\n|---|---:|---:|")
        for name, counts in sorted(rows.items(), key=lambda row: -row[1].total()):
            print(f"| {name} | {counts[True]} | {counts.total()} |")
        print()
    for outcome in outcomes:
        if outcome.reason:
            record = outcome.record
            because = f" [{outcome.later}]" if outcome.later else ""
            print(f"{record['id']} {record['operation']} on {outcome.service}: {outcome.reason}{because}")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("requests", type=Path)
    parser.add_argument("--recorded", type=Path, help="tables of the keys of recorded answers")
    arguments = parser.parse_args()
    outcomes = replay(arguments.requests, arguments.recorded)
    report(outcomes)
    return int(any(outcome.reason for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
