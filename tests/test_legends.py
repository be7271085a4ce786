from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from proxy.functions.parse import parse
from proxy.legends import Entry, Legend, LegendKind, legend_of
from proxy.services import Service
from tests.conftest import DEMO, RasterMaker
from tests.doors import client_of


def service_of(client: Any, name: str) -> Service:
    found: Service = client.app.state.registry.get(name)
    return found


def test_classes_have_the_names_of_the_attribute_table() -> None:
    with client_of(DEMO / "landcover.tif") as client:
        found = legend_of(service_of(client, "landcover"), None)
    assert found.kind is LegendKind.CLASSES
    assert found.entries[0] == Entry("Open Water", (71, 107, 160), 11)
    assert len(found.entries) == 16


def test_a_composite_names_its_bands() -> None:
    with client_of(DEMO / "bluemarble.tif") as client:
        found = legend_of(service_of(client, "bluemarble"), None, (2, 0, 1))
    names = [entry.label for entry in found.entries]
    assert found.kind is LegendKind.COMPOSITE
    assert [entry.color for entry in found.entries] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    assert len(set(names)) == 3


def test_a_ramp_has_the_limits_of_what_was_stretched(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", np.linspace(100, 300, 64 * 64, dtype=np.float32).reshape(64, 64))
    rule = parse([{"function": "stretch", "stretch_type": "minimum_maximum"}, {"function": "colormap"}])
    with client_of(path) as client:
        plain = legend_of(service_of(client, "a"), None)
        colored = legend_of(service_of(client, "a"), rule)
    for found in (plain, colored):
        assert found.kind is LegendKind.RAMP
        assert found.limits == pytest.approx((100, 300), abs=1)
        assert found.ramp[0] == (0, 0, 0)
        assert found.ramp[-1] == (255, 255, 255)
    assert isinstance(plain, Legend)


def test_a_shaded_relief_is_explained_by_its_colours_of_elevation(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", np.linspace(100, 300, 64 * 64, dtype=np.float32).reshape(64, 64))
    stops = {"stops": ["#000080", "#ffffff"], "algorithm": "rgb"}
    with client_of(path) as client:
        own = parse([{"function": "shaded_relief", "color_ramp": stops}])
        found = legend_of(service_of(client, "a"), own)
        usual = legend_of(service_of(client, "a"), parse([{"function": "shaded_relief"}]))
    assert found.kind is usual.kind is LegendKind.RAMP
    assert found.limits == usual.limits == pytest.approx((100, 300), abs=1)
    assert (found.ramp[0], found.ramp[-1]) == ((0, 0, 128), (255, 255, 255))
    assert len(usual.ramp) == 256
