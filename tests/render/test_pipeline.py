from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from proxy.app import read_renderings
from proxy.config import parse
from proxy.crs import WEB_MERCATOR
from proxy.errors import InvalidRule
from proxy.functions.parse import parse as parse_rule
from proxy.functions.registry import FUNCTIONS
from proxy.functions.signature import Function
from proxy.functions.tree import Source, evaluate
from proxy.model import BandStatistics, Extent, Grid, Histogram, ImageFormat, PixelType, Raster, RenderRequest
from proxy.render.pipeline import STATISTICS_USERS, look, overall_grid, render_picture, result_statistics
from proxy.services import Registry, Service
from tests.conftest import RasterMaker

NAMES = ("Blue", "Green", "Red", "NearInfrared")


def service_of(path: object) -> Service:
    config = parse({"services": [{"name": "a", "source": str(path)}]}, {})
    return Registry(config, read_renderings).get("a")


def bands_apart() -> np.ndarray[Any, Any]:
    """Each band has a range of its own, and falls and rises in its own direction."""
    ramp = np.arange(64, dtype=np.uint8).reshape(8, 8)
    return np.stack([ramp, 63 - ramp + 60, ramp + 120, 63 - ramp + 180])


@pytest.mark.parametrize("bands", [None, (0, 1, 2, 3)])
def test_each_shown_band_is_stretched_by_its_own_statistics(
    make_raster: RasterMaker, bands: tuple[int, ...] | None
) -> None:
    service = service_of(make_raster("a.tif", bands_apart(), names=NAMES))
    grid = overall_grid(service.source)
    request = RenderRequest("a", grid, ImageFormat.PNG, bands, pixel_type=PixelType.UINT16)
    picture = render_picture(service, service.source, request)
    red, green, blue = np.moveaxis(np.asarray(Image.open(io.BytesIO(picture.body)).convert("RGB")), -1, 0)
    # Stretched to the whole range and the same way around as the band itself.
    assert (red.min(), red.max(), red[0, 0]) == (0, 255, 0)
    assert (green.min(), green.max(), green[0, 0]) == (0, 255, 255)
    assert (blue.min(), blue.max(), blue[0, 0]) == (0, 255, 0)


def test_results_belong_to_the_version_they_were_made_of(make_raster: RasterMaker) -> None:
    service = service_of(make_raster("a.tif", bands_apart()))
    old = (BandStatistics(0.0, 1.0, 0.5, 0.1),)
    new = (BandStatistics(5.0, 9.0, 7.0, 1.0),)
    assert service.remembered("old", "rule", lambda: old) == old
    assert service.remembered("new", "rule", lambda: new) == new
    assert service.remembered("old", "rule", lambda: new) == old


def test_a_render_keeps_the_statistics_of_the_source_it_began_with(
    make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(make_raster("a.tif", bands_apart().astype(np.float32)))
    before = service.source
    known = service.statistics_of(before)
    monkeypatch.setattr("proxy.services.service.LOCAL_SECONDS", 0.0)
    make_raster("a.tif", np.full((1, 4, 4), 7.0, np.float32))
    assert [band.minimum for band in service.statistics] == [7.0]
    assert service.statistics_of(before) == known
    assert len(known) == 4


def test_what_clients_are_told_is_what_is_drawn(make_raster: RasterMaker) -> None:
    service = service_of(make_raster("a.tif", bands_apart()))
    source = service.source
    found = result_statistics(service, source, Source(), (2, 0))
    assert [(band.minimum, band.maximum) for band in found] == [(120, 183), (0, 63)]
    assert look(service, source, None, (2, 0), 4).data.shape == (2, 4, 4)


def test_a_rule_may_name_the_raster_as_the_only_item(make_raster: RasterMaker) -> None:
    service = service_of(make_raster("a.tif", bands_apart(), names=NAMES))
    grid = overall_grid(service.source)
    plain = RenderRequest("a", grid, ImageFormat.BSQ)
    named = RenderRequest("a", grid, ImageFormat.BSQ, rule=Source(1))
    assert (
        render_picture(service, service.source, named).body
        == render_picture(service, service.source, plain).body
    )
    with pytest.raises(InvalidRule, match="no such item"):
        render_picture(service, service.source, RenderRequest("a", grid, ImageFormat.BSQ, rule=Source(2)))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
def test_only_those_that_are_named_look_at_the_statistics_of_the_source(function: Function) -> None:
    rows, columns = np.mgrid[0:12, 0:12]
    data = np.stack([rows * 9 + columns, columns * 7 + 3, rows + 5, rows * columns + 1]).astype(np.uint8)
    grid = Grid(WEB_MERCATOR, Extent(0, 0, 12, 12), 12, 12)
    facts = tuple(BandStatistics(5.0, 60.0, 30.0, 9.0, histogram=Histogram(5, 60, (1,) * 256)) for _ in data)
    plain = Raster(data, None, grid, ("Red", "Green", "Blue", "NIR"))
    try:
        node = parse_rule({"function": function.name})
        without = evaluate(node, plain)
        looked = evaluate(node, dataclasses.replace(plain, statistics=facts))
    except InvalidRule:
        pytest.skip("needs arguments of its own")
    if function.name not in STATISTICS_USERS and function.name != "random":
        np.testing.assert_array_equal(without.data, looked.data)
