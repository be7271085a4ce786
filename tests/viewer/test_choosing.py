"""What the map offers to choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.config import parse
from proxy.sources.base import Dimension, Variable
from proxy.viewer.choosing import days, variables
from tests.conftest import RasterMaker

DAY = 86_400_000.0


class Info:
    variables = (
        Variable(
            "t",
            "Temperature",
            "K",
            (
                Dimension("time", "time", "", (2 * DAY, 0.0, DAY)),
                Dimension("depth", "vertical", "m", (5.0, 10.0)),
            ),
        ),
    )


def test_sliders_start_at_what_is_drawn_without_a_choice() -> None:
    [found] = variables(Info())  # type: ignore[arg-type]
    assert (found["name"], found["description"]) == ("t", "Temperature")
    assert [dimension["start"] for dimension in found["dimensions"]] == [0, 0]
    assert [dimension["values"] for dimension in found["dimensions"]] == [[2 * DAY, 0.0, DAY], [5.0, 10.0]]


def test_moments_are_days_months_or_years() -> None:
    assert days([0.0, 3_600_000.0, DAY, -1.0]) == ["1969-12-31", "1970-01-01", "1970-01-02"]
    assert days([day * DAY for day in range(1000)])[:2] == ["1970-01", "1970-02"]
    assert days([year * 365.25 * DAY for year in range(100)])[0] == "1970-01-01"
    assert days([month * 30.4 * DAY for month in range(1200)])[:2] == ["1970", "1971"]


@pytest.fixture
def page(tmp_path: Path, make_raster: RasterMaker) -> str:
    for index, date in enumerate(("20200501", "20200601")):
        place = Affine(10, 0, 500_000 + index * 100, 0, -10, 5_800_000)
        make_raster(f"scene_{date}.tif", np.full((32, 32), index + 1, np.uint8), transform=place)
    mosaic = {"source": str(tmp_path / "*.tif"), "date_pattern": r"_(?P<date>\d{8})"}
    services = [{"name": "scenes", "mosaic": mosaic}]
    config = parse({"state": str(tmp_path / "state"), "services": services}, {})
    with TestClient(create_app(config)) as client:
        return client.get("/view/scenes").text


def test_the_page_of_a_mosaic_knows_its_items(page: str) -> None:
    import json
    import re

    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert match is not None
    data: dict[str, Any] = json.loads(match[1])
    assert data["variables"] == []
    assert data["items"]["moments"] == ["2020-05-01", "2020-06-01"]
    assert data["items"]["query"].endswith("/scenes/ImageServer/query")
    assert data["items"]["fields"] == ["OBJECTID", "Name", "AcquisitionDate"]
    assert data["items"]["method"] == "northwest"
    assert "first" in data["items"]["operations"]
