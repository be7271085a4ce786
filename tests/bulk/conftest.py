from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.app import read_renderings
from proxy.bulk.commands import seed
from proxy.bulk.seed import Report
from proxy.config import Config, parse
from proxy.running import revealed
from tests.conftest import DATA

Seeder = Callable[..., Report]


def config_of(*services: dict[str, Any]) -> Config:
    return parse({"services": list(services)}, {})


@pytest.fixture
def configured() -> Config:
    """A small RGB raster with an internal mask."""
    return config_of({"name": "scene", "source": str(DATA / "internal_mask_rgb_uint8.tif")})


@pytest.fixture
def seeded(tmp_path: Path, configured: Config) -> Seeder:
    """Seed with the options that are given, others at their defaults."""

    def run(target: str, config: Config = configured, service: str = "scene", **options: Any) -> Report:
        given: dict[str, Any] = {
            "zooms": "",
            "bbox": "",
            "style": None,
            "tms": "WebMercatorQuad",
            "extension": "png",
            "scale": 1,
            "query": {},
            "dask": None,
            "threads": 2,
            "state": tmp_path / "state",
            "quiet": True,
            "revealed": revealed,
            "renderings": read_renderings,
        }
        return seed(config, service, target=target, **(given | options))

    return run
