"""Files that are replaced while they are served: never a mixture, never an error."""

from __future__ import annotations

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from proxy.config import Config, ServiceConfig
from proxy.model import Window
from proxy.sources import opening
from proxy.sources.blocks.places import SourceChanged
from proxy.sources.opening import open_source
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle
from tests.conftest import RasterMaker
from tests.doors import client_of

SECONDS = 2.0
VALUES = (40, 90, 140, 220)


def solid(make: RasterMaker, value: int, **profile: object) -> bytes:
    """A file of one value; sizes differ, as versions of a file do."""
    side = 256 + value
    path = make(f"{value}.tif", np.full((3, side, side), value, np.uint8), **profile)
    return path.read_bytes()


def put(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


@pytest.mark.parametrize(
    "profile",
    [
        {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"},
        # Left to GDAL, whose handles are opened when they are needed.
        {
            "tiled": True,
            "blockxsize": 128,
            "blockysize": 128,
            "compress": "lzw",
            "interleave": "band",
            "nbits": 7,
        },
    ],
    ids=["blocks", "gdal"],
)
def test_pictures_of_a_file_that_is_replaced_are_of_one_version(
    make_raster: RasterMaker, tmp_path: Path, profile: dict[str, object]
) -> None:
    values = [value // 2 for value in VALUES] if "nbits" in profile else VALUES
    versions = [solid(make_raster, value, **profile) for value in values]
    path = tmp_path / "served.tif"
    put(path, versions[0])
    stop = time.monotonic() + SECONDS

    def replace() -> None:
        for turn in range(1 << 20):
            if time.monotonic() > stop:
                return
            put(path, versions[turn % len(versions)])
            time.sleep((0.01, 0.15, 1.1)[turn % 3])

    def ask(worker: int) -> list[str]:
        wrong, turn = [], 0
        while time.monotonic() < stop:
            turn += 1
            west = 500000 + 37 * worker + turn % 300
            bbox = f"{west},5797600,{west + 2000},5799600"
            query = f"bbox={bbox}&size=90,90&format=png24&f=image"
            url = f"/arcgis/rest/services/served/ImageServer/exportImage?{query}"
            answer = client.get(url)
            if answer.headers["content-type"] != "image/png":
                wrong.append(answer.text)
                continue
            found = set(np.unique(np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))))
            if len(found - {0}) != 1 or not found <= {0, *values}:
                wrong.append(str(found))
        return wrong

    with client_of(path, render={"threads": 2}) as client, ThreadPoolExecutor(4) as pool:
        replacing = threading.Thread(target=replace)
        replacing.start()
        wrong = [text for found in pool.map(ask, range(4)) for text in found]
        replacing.join()
    assert wrong == []


def test_a_handle_of_gdal_that_would_open_the_next_file_is_not_used(make_raster: RasterMaker) -> None:
    first = make_raster("r.tif", np.ones((3, 64, 64), np.uint8), nbits=7)
    source = open_source(ServiceConfig(name="x", source=str(first)), Config(), Pool[Handle](8))
    assert source.info.way == "window"
    put(first, make_raster("s.tif", np.full((3, 65, 65), 2, np.uint8), nbits=7).read_bytes())
    with pytest.raises(SourceChanged):
        source.read(0, (0,), Window(0, 0, 5, 5))
    assert source.stale


def test_a_file_replaced_while_it_is_opened_is_opened_anew(
    make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_raster("r.tif", np.ones((64, 64), np.uint8))
    other = make_raster("s.tif", np.full((70, 70), 2, np.uint8)).read_bytes()
    look, looks = opening.current_version, 0

    def replaced_behind(*args: object) -> str:
        nonlocal looks
        found: str = look(*args)  # type: ignore[arg-type]
        looks += 1
        if looks == 1:
            put(path, other)
        return found

    monkeypatch.setattr(opening, "current_version", replaced_behind)
    source = open_source(ServiceConfig(name="x", source=str(path)), Config(), Pool[Handle](8))
    assert (source.info.width, looks) == (70, 2)
    assert source.read(0, (0,), Window(0, 0, 5, 5))[0].max() == 2
