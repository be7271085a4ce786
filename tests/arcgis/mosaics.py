"""A mosaic of real clips with attributes behind the Esri face, and what is expected of it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import rasterio
from starlette.testclient import TestClient

from proxy.config import parse
from proxy.listing.builder import refresh_now
from proxy.model import Extent, Grid
from tests.doors import client_of
from tests.render.mosaic.composing import Pixels, clips_in, composed, sampled

SERVICE = "/arcgis/rest/services/clips/ImageServer"
#: One for each clip, in the order of their ids.
DATES = ("2020-01-31", "2020-06-15", "2021-03-01", "2022-12-24")
CLOUDS = (50.0, 10.0, 40.0, 90.0)
STATES = ("ND", "ND", "NY", "QC")


def listing_in(folder: Path) -> Path:
    """Clips and a GeoJSON that lists them with their attributes."""
    features = []
    for number, path in enumerate(clips_in(folder)):
        with rasterio.open(path) as file:
            (left, bottom), (right, top) = (file.transform @ corner for corner in ((0, 110), (140, 0)))
        ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
        properties = {
            "file": path.name, "acquisition_date": DATES[number], "Cloud": CLOUDS[number],
            "State": STATES[number],
        }  # fmt: skip
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::26913"}}
    listing = folder / "clips.geojson"
    listing.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return listing


@contextmanager
def mosaic_client(listing: Path, **settings: Any) -> Iterator[TestClient]:
    """A client of the service `clips`, whose catalog has been built."""
    state = str(listing.parent / "state")
    own = {key: settings.pop(key) for key in ("download", "renderings") if key in settings}
    mosaic = {"source": str(listing), "kind": "tile_index", "method": "none", **settings}
    service = {"name": "clips", "mosaic": mosaic, **own}
    config = parse({"services": [service], "state": state}, {})
    refresh_now(config.services[0], config)
    with client_of(service, state=state) as client:
        yield client


def asked(client: TestClient, path: str = "", **query: Any) -> httpx.Response:
    """An answer; it is always one with status 200."""
    answer = client.get(f"{SERVICE}/{path}".rstrip("/"), params={"f": "json", **texts(query)})
    assert answer.status_code == 200
    return answer


def told(client: TestClient, path: str = "", **query: Any) -> Any:
    """A document that is no error."""
    found = asked(client, path, **query).json()
    assert "error" not in found, found
    return found


def refused(client: TestClient, path: str = "", **query: Any) -> dict[str, Any]:
    """The error of an answer that is one, and no unforeseen one."""
    error: dict[str, Any] = asked(client, path, **query).json()["error"]
    assert error["code"] != 500 or error["details"], error
    return error


def texts(query: dict[str, Any]) -> dict[str, str]:
    """Values as they are sent."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}


def native_grid(client: TestClient) -> Grid:
    """The pixels of the service as its document describes them."""
    registry: Any = client.app.state.registry  # type: ignore[attr-defined]
    info = registry.get("clips").info
    return Grid(info.crs, info.extent, info.width, info.height)


def exported(client: TestClient, grid: Grid | None = None, **query: Any) -> Pixels:
    """Stored values of a TIFF and which of them are valid."""
    grid = grid or native_grid(client)
    box = ",".join(map(repr, grid.extent.as_tuple()))
    rule = {} if "renderingRule" in query else {"renderingRule": {"rasterFunction": "None"}}
    answer = asked(
        client, "exportImage", f="image", format="tiff", bbox=box, size=f"{grid.width},{grid.height}",
        interpolation="RSP_NearestNeighbor", **rule, **query,
    )  # fmt: skip
    assert answer.headers["content-type"] == "image/tiff", answer.text
    with rasterio.open(io.BytesIO(answer.content)) as file:
        return file.read(), file.dataset_mask() > 0


def expected(paths: list[Path], grid: Grid, operation: str = "first") -> Pixels:
    """Clips from the topmost down put together; for a blend with what lies around the grid."""
    around = 32 if operation == "blend" else 0
    inner = slice(around, -around or None), slice(around, -around or None)
    data, mask = composed([sampled(path, grid.grown(around)) for path in paths], operation)
    return data[:, *inner], mask[inner]


def assert_equal(found: Pixels, wanted: Pixels) -> None:
    """Every valid pixel is equal, and the same pixels are valid."""
    assert wanted[1].any()
    assert np.array_equal(found[1], wanted[1])
    assert np.array_equal(found[0][:, wanted[1]], wanted[0][:, wanted[1]])


def place_in(grid: Grid, row: int, column: int) -> tuple[float, float]:
    """Centre of a pixel."""
    e: Extent = grid.extent
    x, y = grid.resolution
    return e.xmin + (column + 0.5) * x, e.ymax - (row + 0.5) * y
