from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from affine import Affine
from starlette.applications import Starlette
from starlette.testclient import TestClient

from proxy.config import Config, ServiceConfig, parse
from proxy.crs import reference
from proxy.functions.tree import Source
from proxy.model import DataKind, Extent, PixelType
from proxy.renderings import Rendering
from proxy.services import Registry
from proxy.sources.base import SourceInfo
from proxy.viewer import routes
from proxy.viewer.facts import Choice, Facts
from tests.conftest import RasterMaker

MARS = 'GEOGCRS["Mars",DATUM["Mars",ELLIPSOID["Mars",3396190,0]],CS[ellipsoidal,2],AXIS["lat",north],\
AXIS["lon",east],ANGLEUNIT["degree",0.0174532925199433]]'

INFO = SourceInfo(
    version="1",
    crs=reference("EPSG:32633"),
    extent=Extent(500000, 5799000, 502000, 5800000),
    width=200,
    height=100,
    transform=Affine(10, 0, 500000, 0, -10, 5800000),
    pixel_size=(10.0, 10.0),
    pixel_type=PixelType.UINT16,
    band_names=("Red", "NIR"),
    color_interpretation=("red", "undefined"),
    nodata=0.0,
    mask_kind="nodata",
    colormap=None,
    attribute_table=None,
    kind=DataKind.GENERIC,
    level_sizes=((100, 50),),
    block=(256, 256),
    driver="GTiff",
    compression="DEFLATE",
    geographic_bounds=(15.0, 52.33, 15.03, 52.34),
)

CHOICES = (Choice("Natural", "Natural colour", ""), Choice("Tinted relief", "Tinted", "By height"))

MakeFacts = Callable[..., Facts]

FACTS = Facts("dem/valley", "The valley", "Seen from above", "© A survey", CHOICES, INFO, zooms=(0, 14))


@pytest.fixture
def make_facts() -> MakeFacts:
    """Facts of an open service: `make_facts(title=..., info={"kind": ...})`."""

    def make(info: dict[str, Any] | None = None, **changes: Any) -> Facts:
        return replace(FACTS, info=replace(INFO, **(info or {})), **changes)

    return make


def renderings(service: ServiceConfig) -> tuple[Rendering, ...]:
    if service.name != "dem/valley":
        return ()
    pairs = (("Shade", "Shaded"), ("Tinted relief", "<b>Tinted</b>"))
    return tuple(Rendering(name, title, "", Source()) for name, title in pairs)


def client_of(config: Config) -> TestClient:
    registry = Registry(config, renderings)
    app = Starlette(routes=routes(registry))
    app.state.config = config
    app.state.registry = registry
    return TestClient(app)


@pytest.fixture
def config(make_raster: RasterMaker) -> Config:
    """A colour image, an elevation model in a folder, another planet, and a file that is missing."""
    colour = np.full((3, 64, 128), 90, np.uint8)
    world = Affine(360 / 128, 0, -180, 0, -180 / 64, 90)
    rgb = make_raster("world.tif", colour, crs="EPSG:4326", transform=world, photometric="RGB")
    dem = make_raster("dem.tif", np.arange(40000, dtype=np.float32).reshape(200, 200))
    mars = make_raster(
        "mars.tif", np.ones((50, 100), np.uint8), crs=MARS, transform=Affine(1, 0, 0, 0, -1, 40)
    )
    services = [
        {"name": "world", "source": str(rgb), "title": "The world", "attribution": "Some agency & sons"},
        {"name": "dem/valley", "source": str(dem), "description": 'Steep "slopes" </script><script>alert(2)'},
        {"name": "mars", "source": str(mars), "title": "Mars"},
        {"name": "gone", "source": str(rgb.with_name("gone.tif")), "title": "<script>alert(1)</script>"},
    ]
    return parse({"services": services}, {})


@pytest.fixture
def client(config: Config) -> TestClient:
    return client_of(config)
