"""Mosaics and cubes in a bucket in trouble, and stores that do not answer or answer wrongly."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rasterio
from rasterio.windows import Window as RasterioWindow
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.bulk.work import complete
from proxy.config import Config, parse
from tests.conftest import DEMO
from tests.range_server import RangeServer, range_server
from tests.s3 import Front, profile, put, s3_server

RASTER = DEMO / "elevation.tif"


def pieces(folder: Path) -> dict[str, bytes]:
    """The raster in four tiled parts."""
    found = {}
    with rasterio.open(RASTER) as file:
        width, height = file.width // 2, file.height // 2
        for number in range(4):
            window = RasterioWindow(number % 2 * width, number // 2 * height, width, height)
            made = dict(file.profile, width=width, height=height, transform=file.window_transform(window))
            path = folder / f"part{number}.tif"
            with rasterio.open(path, "w", **made) as part:
                part.write(file.read(window=window))
            found[f"parts/part{number}.tif"] = path.read_bytes()
    return found


def zarr(folder: Path) -> dict[str, bytes]:
    """A Zarr hierarchy of one variable in sixteen chunks."""
    xarray = pytest.importorskip("xarray")
    import numpy as np

    values = np.arange(64 * 64, dtype="float32").reshape(1, 64, 64)
    data = xarray.Dataset(
        {"height": (("time", "lat", "lon"), values)},
        {"time": [0], "lat": np.linspace(40.0, 34.0, 64), "lon": np.linspace(-120.0, -114.0, 64)},
    )
    data["time"].attrs["units"] = "days since 2020-01-01"
    path = folder / "cube.zarr"
    data.to_zarr(path, zarr_format=2, consolidated=True, encoding={"height": {"chunks": (1, 16, 16)}})
    return {f"cube.zarr/{p.relative_to(path)}": p.read_bytes() for p in path.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("objects")
    with s3_server() as front:
        put(front, "rasters", {**pieces(folder), **zarr(folder), "far.tif": RASTER.read_bytes()})
        yield front


@pytest.fixture(autouse=True)
def quiet(server: Front) -> Iterator[None]:
    """No trouble but what a test asks for."""
    yield
    server.script.clear()
    server.share, server.kinds = 0.0, ("slowdown", "reset", "truncate")


def config_of(server: Front, service: dict[str, Any], state: Path, **more: Any) -> Config:
    services = [{"name": "far", "credentials": "own", **service}]
    own = {"own": profile(server)}
    return parse({"credentials": own, "services": services, "state": str(state), **more}, {})


def picture(config: Config, box: str = "-119,35,-117,37.5") -> bytes:
    complete(config)
    with TestClient(create_app(config)) as client:
        answer = client.get(
            "/arcgis/rest/services/far/ImageServer/exportImage",
            params={
                "f": "image", "format": "tiff", "bbox": box, "bboxSR": 4326, "imageSR": 4326,
                "size": "400,400", "renderingRule": '{"rasterFunction": "None"}',
            },
        )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/tiff", answer.text
    return answer.content


@pytest.mark.parametrize(
    "service",
    [{"mosaic": {"source": "s3://rasters/parts/"}}, {"source": "s3://rasters/cube.zarr"}],
    ids=["mosaic", "zarr"],
)
def test_a_tenth_of_all_requests_in_trouble_changes_no_picture(
    server: Front, tmp_path: Path, service: dict[str, Any]
) -> None:
    calm = picture(config_of(server, service, tmp_path / "calm"))
    with rasterio.MemoryFile(calm) as memory, memory.open() as opened:
        assert opened.read(1).std() > 0
    server.share, server.troubled = 0.1, 0
    # A few trials of it, each with other requests in trouble, and some certain at the beginning.
    for number, kind in enumerate(("slowdown", "reset", "truncate")):
        server.script[:] = [kind, "", kind]
        assert picture(config_of(server, service, tmp_path / f"stormy{number}")) == calm
    assert server.troubled >= 6


def test_a_store_that_never_answers_ends_with_the_deadline_and_holds_nobody_up(
    server: Front, tmp_path: Path
) -> None:
    config = parse(
        {
            "credentials": {"own": profile(server)},
            "render": {"seconds": 2, "threads": 2},
            "state": str(tmp_path),
            "server": {"open_at_start": False},
            "services": [
                {"name": "far", "source": "s3://rasters/far.tif", "credentials": "own", "kind": "elevation"},
                {"name": "near", "source": str(RASTER), "kind": "elevation"},
            ],
        },
        {},
    )
    server.share, server.kinds = 1.0, ("hang",)
    began = time.monotonic()
    with TestClient(create_app(config)) as client:
        answers: list[Any] = []
        asked = threading.Thread(target=lambda: answers.append(client.get("/tiles/far/8/45/99.png")))
        asked.start()
        near = client.get("/tiles/near/8/45/99.png")
        assert near.status_code == 200
        # The other one still waits for its deadline.
        assert not answers
        asked.join(60)
    (far,) = answers
    assert far.status_code == 503
    assert far.headers["retry-after"] == "5"
    assert "longer than 2 s" in far.text
    # Nowhere near the minute for which the store is silent.
    assert time.monotonic() - began < 50


@pytest.fixture
def web() -> Iterator[RangeServer]:
    with range_server() as found:
        yield found


def test_bodies_of_the_wrong_length_are_an_error_and_no_picture(web: RangeServer, tmp_path: Path) -> None:
    address = web.put("far.tif", RASTER.read_bytes())
    services = [{"name": "far", "source": address, "kind": "elevation"}]
    config = parse({"services": services, "state": str(tmp_path), "render": {"seconds": 20}}, {})
    with TestClient(create_app(config)) as client:
        assert client.get("/tiles/far/tilejson.json").status_code == 200
        web.short = 7
        answer = client.get("/tiles/far/10/181/396.png")
        assert answer.status_code == 502
        assert answer.text.strip() != ""
        assert "Traceback" not in answer.text
        web.short = 0
        assert client.get("/tiles/far/10/181/396.png").status_code == 200
