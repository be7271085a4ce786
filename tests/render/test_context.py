from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from proxy.crs import WGS84
from proxy.errors import DeadlinePassed
from proxy.functions.parse import parse
from proxy.functions.tree import evaluate
from proxy.model import Extent, Grid, Interpolation, Raster
from proxy.render.context import Abandoned, ReadContext
from proxy.render.reader import read_raster
from proxy.services import Service
from tests.conftest import RasterMaker
from tests.doors import client_of


def test_a_stage_is_noted_also_when_it_fails_and_not_begun_when_it_is_too_late() -> None:
    context = ReadContext()
    with context.stage("read"):
        pass
    with pytest.raises(ValueError, match="own"), context.stage("encode"):
        raise ValueError("own")
    assert [name for name, _, _ in context.stages] == ["read", "encode"]
    assert all(begin <= end for _, begin, end in context.stages)
    late = ReadContext(deadline=time.monotonic() - 1, seconds=3)
    with pytest.raises(DeadlinePassed, match="3 s"), late.stage("read"):
        raise AssertionError
    assert late.stages == []


def test_functions_stop_between_one_and_the_next() -> None:
    gone = threading.Event()
    context = ReadContext(abandoned=gone)
    steps = []

    def check() -> None:
        steps.append(len(steps))
        if len(steps) == 2:
            gone.set()
        context.check()

    rule = parse([{"function": "slope"}] * 4)
    raster = Raster(np.ones((1, 4, 4), np.float32), None, Grid(WGS84, Extent(0, 0, 1, 1), 4, 4), ("a",))
    with pytest.raises(Abandoned):
        evaluate(rule, raster, check=check)
    assert len(steps) == 2


def test_reading_stops_before_the_next_part(make_raster: RasterMaker) -> None:
    gone = threading.Event()
    gone.set()
    with client_of(make_raster("a.tif", np.zeros((64, 64), np.uint8))) as client:
        service: Service = client.app.state.registry.get("a")  # type: ignore[attr-defined]
        grid = Grid(service.info.crs, service.info.extent, 32, 32)
        with pytest.raises(Abandoned):
            read_raster(service.source, grid, (0,), Interpolation.NEAREST, ReadContext(abandoned=gone))
