"""What is remembered comes back as it was, or not at all."""

from __future__ import annotations

import dataclasses
import json
import math
import zlib
from pathlib import Path

import pytest

from proxy.config import Config
from proxy.model import BandStatistics, Histogram
from proxy.services import Registry
from proxy.sources.base import Source
from proxy.sources.memory import MOST_BYTES, packed, packed_statistics, unpacked, unpacked_statistics
from proxy.sources.remembered import known_of
from tests.conftest import DATA, DEMO
from tests.sources.cube.build import OCEAN

FILES = [*sorted(DEMO.glob("*.tif")), *sorted(DATA.glob("*.tif")), OCEAN]


def opened(path: Path) -> Source:
    config = Config.model_validate({"services": [{"name": "a", "source": str(path)}]})
    service = Registry(config, lambda _: ()).get("a")
    if service.failure is not None:
        pytest.skip(f"is refused: {service.failure}")
    return service.source


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_facts_of_every_kind_of_source_come_back_as_they_were(path: Path) -> None:
    source = opened(path)
    known = known_of(source, 1.5)
    found = unpacked(packed(known))
    assert found is not None
    # NaN differs from itself, its text does not.
    assert packed(found) == packed(known)
    assert found.info.crs == source.crs
    # Whatever is part of a key can be hashed.
    assert {found.info, *(sheet.info for sheet in found.sheets.values())}
    source.close()


@pytest.mark.parametrize(
    "change",
    [
        {"width": "wide"}, {"crs": "EPSG:0"}, {"crs": None}, {"transform": [1, 2]}, {"kind": "none"},
        {"variables": [{"name": 1}]}, {"pixel_type": "u99"}, {"extent": None},
    ],
)  # fmt: skip
def test_facts_of_another_form_are_none(change: dict[str, object]) -> None:
    source = opened(DEMO / "elevation.tif")
    document = json.loads(zlib.decompress(packed(known_of(source, 1.0))))
    source.close()
    document["info"] |= change
    assert unpacked(zlib.compress(json.dumps(document).encode())) is None


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x80\x04N.", b"plain", zlib.compress(b"[]"), zlib.compress(b'{"seen": 1}'),
        zlib.compress(b"[" * 200_000), zlib.compress(b'"' + b" " * (MOST_BYTES + 1) + b'"'),
        zlib.compress(b"{}")[:-2],
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_damaged_or_foreign_is_none(data: bytes) -> None:
    assert unpacked(data) is None
    assert unpacked_statistics(data) in (None, ())


@pytest.mark.parametrize("seen", [math.nan, math.inf, "Infinity"])
def test_what_was_seen_at_no_moment_is_none(seen: object) -> None:
    source = opened(DEMO / "elevation.tif")
    document = json.loads(zlib.decompress(packed(known_of(source, 1.0))))
    source.close()
    assert unpacked(zlib.compress(json.dumps(document | {"seen": seen}).encode())) is None


def test_statistics_come_back_as_they_were() -> None:
    bands = (
        BandStatistics(-1.5, math.inf, math.nan, 0.1, 7, Histogram(0.0, 1.0, (1, 2, 3)), median=2.0),
        BandStatistics(0.0, 1.0, 0.5, 0.25),
    )
    found = unpacked_statistics(packed_statistics(bands))
    assert found is not None
    assert repr(found) == repr(bands)
    wrong = [dataclasses.asdict(bands[1]) | {"mean": "much"}]
    assert unpacked_statistics(zlib.compress(json.dumps(wrong).encode())) is None
