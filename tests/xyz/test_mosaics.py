"""Mosaics through the tile door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from proxy.config import parse
from proxy.listing.builder import refresh_now
from tests.conftest import RasterMaker
from tests.doors import client_of
from tests.render.mosaic.test_mixed import at, numbers

PLACE = "15.00294,52.3485"


@contextmanager
def mosaic(folder: Path, **settings: Any) -> Iterator[TestClient]:
    """A client of a mosaic of the files in a folder, whose catalog has been built."""
    service = {
        "name": "many",
        "mosaic": {
            "source": str(folder / "*.tif"), "date_pattern": r"_(?P<date>\d{8})", "method": "none", **settings
        },
    }  # fmt: skip
    state = folder / "state"
    config = parse({"services": [service], "state": state}, {})
    refresh_now(config.services[0], config)
    with client_of(service, state=str(state)) as client:
        yield client


@pytest.fixture
def folder(make_raster: RasterMaker, tmp_path: Path) -> Path:
    """Three dates of the same ground, each of one value."""
    for value, date in ((10, "20200115"), (90, "20200620"), (200, "20210105")):
        make_raster(f"scene_{date}.tif", np.full((40, 40), value, "uint8"), transform=at(0))
    return tmp_path


def values(client: TestClient, query: str = "") -> list[int]:
    answer = client.get(f"/tiles/many/point/{PLACE}?{query}")
    assert answer.status_code == 200, answer.text
    found: list[int] = answer.json()["values"]
    return found


def tile(client: TestClient, query: str = "") -> set[int]:
    """Values of the valid pixels of a tile over the data."""
    answer = client.get(f"/tiles/many/15/17749/10772.png?{query}")
    assert answer.status_code == 200, answer.text
    picture = np.array(Image.open(BytesIO(answer.content)).convert("LA"))
    return set(np.unique(picture[..., 0][picture[..., 1] > 0]).tolist())


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("", 10),
        ("item=3", 200),
        ("item=2,1", 90),
        ("time=2020-06", 90),
        ("time=2020-06-20", 90),
        ("time=2020-02-01/..", 90),
        ("time=../2020-12-31", 10),
        ("mosaic=newest", 200),
        ("mosaic=Newest", 200),
        ("mosaic=" + quote('{"operation": "mean"}'), 100),
        ("mosaic=" + quote('{"operation": "max", "ids": [1, 2]}'), 90),
        ("mosaic=" + quote('{"where": "Name LIKE \'%2021%\'"}'), 200),
        ("mosaic=" + quote('{"ascending": false}'), 200),
    ],
)
def test_the_query_chooses(folder: Path, query: str, value: int) -> None:
    rules = {"newest": {"method": "attribute", "sort_field": "AcquisitionDate", "sort_value": "2100-01-01"}}
    with mosaic(folder, rules=rules) as client:
        assert values(client, query) == [value]
        assert tile(client, query) == {value}


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("item=9", "item 9"),
        ("item=x", "item"),
        ("time=soon", "time"),
        ("time=2021/2020", "time"),
        ("mosaic=other", "mosaic"),
        ("mosaic={", "mosaic"),
        ("mosaic=" + quote('{"a": ' + "[" * 3000 + "]" * 3000 + "}"), "mosaic"),
        ("mosaic=" + quote('{"method": "upside down"}'), "mosaic"),
        ("mosaic=" + quote('{"method": "attribute", "sort_field": "Name", "sort_value": {}}'), "mosaic"),
        ("mosaic=lock", "locked"),
        ("item=1_0", "item"),
        ("mosaic=" + quote('{"method": "attribute", "sort_field": "Absent"}'), "Absent"),
        ("mosaic=" + quote('{"where": "Absent = 1"}'), "Absent"),
        ("mosaic=" + quote('{"where": "1=1); DROP TABLE items; --"}'), "where"),
        ("variable=salt", "variable"),
        ("slice=3", "slice"),
    ],
)
def test_what_has_no_meaning_is_refused(folder: Path, query: str, word: str) -> None:
    with mosaic(folder) as client:
        for path in (f"point/{PLACE}", "15/17749/10772.png", "tilejson.json", "thumbnail.png"):
            answer = client.get(f"/tiles/many/{path}?{query}")
            assert answer.status_code == 400
            assert word in answer.text


def test_no_item_left_is_a_transparent_tile(folder: Path) -> None:
    with mosaic(folder) as client:
        assert tile(client, "time=1999") == set()
        assert client.get(f"/tiles/many/point/{PLACE}?time=1999").json()["values"] == [None]


def test_a_point_tells_its_items(folder: Path) -> None:
    with mosaic(folder) as client:
        found = client.get(f"/tiles/many/point/{PLACE}").json()
        assert found["items"] == [{"id": 1, "name": "scene_20200115"}]
        query = quote(json.dumps({"operation": "sum", "ids": [3, 2]}))
        found = client.get(f"/tiles/many/point/{PLACE}?mosaic={query}").json()
        assert [item["id"] for item in found["items"]] == [2, 3]
        assert client.get("/tiles/many/point/0,0").status_code == 404


def test_tilejson_keeps_the_choice(folder: Path) -> None:
    with mosaic(folder) as client:
        found = client.get("/tiles/many/tilejson.json?time=2020-06&mosaic=center").json()
        assert found["tiles"][0].endswith("{z}/{x}/{y}.png?time=2020-06&mosaic=center")


def test_dimensions_choose(make_raster: RasterMaker, tmp_path: Path) -> None:
    features = []
    for number, depth in enumerate((0.0, 10.0, 25.0)):
        path = make_raster(f"{number}.tif", np.full((40, 40), 50 * number + 1, "uint8"), transform=at(0))
        ring = [[15.0, 52.3], [15.1, 52.3], [15.1, 52.4], [15.0, 52.4], [15.0, 52.3]]
        features.append(
            {
                "type": "Feature", "properties": {"location": str(path), "depth": depth},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )  # fmt: skip
    index = tmp_path / "index.geojson"
    index.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    settings = {"source": str(index), "date_pattern": None, "dimensions": {"StdZ": "depth"}}
    with mosaic(tmp_path, **settings) as client:
        for query, value in (("StdZ=10", 51), ("z=24", 101), ("elevation=0", 1), ("slice=1", 51)):
            assert values(client, query) == [value]
        assert client.get(f"/tiles/many/point/{PLACE}?z=deep").status_code == 400


def missing_items(client: TestClient) -> float:
    """Items that have been left out of pictures, as the metrics count them."""
    lines = client.get("/metrics").text.splitlines()
    found = (
        line.split()[1] for line in lines if line.startswith('cogproxy_items_missing_total{service="many"}')
    )
    return float(next(found, 0))


def test_missing_items_are_told_and_nothing_is_kept(folder: Path) -> None:
    with mosaic(folder) as client:
        assert tile(client) == {10}
        before = missing_items(client)
        (folder / "scene_20200620.tif").unlink()
        query = "mosaic=" + quote('{"operation": "max"}')
        for _ in range(2):
            answer = client.get(f"/tiles/many/15/17749/10772.png?{query}")
            assert answer.status_code == 200
            assert answer.headers["cogproxy-missing-items"] == "1"
            assert answer.headers["cache-control"] == "no-store"
            assert "etag" not in answer.headers
        assert tile(client, query) == {200}
        point = client.get(f"/tiles/many/point/{PLACE}?{query}")
        assert point.headers["cogproxy-missing-items"] == "1"
        assert missing_items(client) - before == 3


def test_strict_mosaics_answer_with_an_error(folder: Path) -> None:
    with mosaic(folder, strict=True) as client:
        (folder / "scene_20200115.tif").unlink()
        answer = client.get("/tiles/many/15/17749/10772.png")
        assert answer.status_code == 502
        assert "scene_20200115" in answer.text
        assert str(folder) not in answer.text


def test_a_new_item_is_seen(folder: Path, make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.services.service.LOCAL_SECONDS", 0.0)
    newest = "mosaic=" + quote('{"ascending": false}')
    with mosaic(folder) as client:
        assert tile(client, newest) == {200}
        make_raster("scene_20220101.tif", np.full((40, 40), 33, "uint8"), transform=at(0))
        service = client.app.state.registry.get("many")  # type: ignore[attr-defined]
        refresh_now(service.config, client.app.state.config)  # type: ignore[attr-defined]
        assert service.info.item_count == 4
        assert len(service.catalog) == 4
        assert tile(client, newest) == {33}


def test_many_items_at_a_low_zoom_are_footprints(make_raster: RasterMaker, tmp_path: Path) -> None:
    for number in range(12):
        make_raster(f"{number:02}.tif", numbers(10), transform=at(40 * number))
    with mosaic(tmp_path, max_items=5, date_pattern=None) as client:
        answer = client.get("/tiles/many/12/2218/1346.png")
        picture = np.array(Image.open(BytesIO(answer.content)).convert("LA"))
        assert set(np.unique(picture[picture[..., 1] > 0][:, 0])) == {128, 214}
        numeric = client.get("/tiles/many/12/2218/1346.tif")
        assert numeric.status_code == 413
        assert "5 items" in numeric.text


def test_a_mosaic_without_items_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"nothing")
    with mosaic(tmp_path) as client:
        answer = client.get("/tiles/many/0/0/0.png")
        assert answer.status_code == 502
        assert "no item" in answer.text
