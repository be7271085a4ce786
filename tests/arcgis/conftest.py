from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.config import parse
from proxy.crs import SpatialReference
from proxy.functions.tree import Call, Node
from proxy.model import DataKind, Effort, Extent, Interpolation, PixelType
from proxy.renderings import NONE, Rendering
from proxy.sources.base import SourceInfo
from tests.conftest import RasterMaker

HILLSHADE = Rendering("Relief", "Shaded relief", "", Call("hillshade"))

INFO = SourceInfo(
    version="1",
    crs=SpatialReference("EPSG:32633"),
    extent=Extent(500000.0, 5799000.0, 501000.0, 5800000.0),
    width=100,
    height=100,
    transform=Affine(10, 0, 500000, 0, -10, 5800000),
    pixel_size=(10.0, 10.0),
    pixel_type=PixelType.UINT16,
    band_names=("Red", "Green", "Blue", "NearInfrared"),
    color_interpretation=("undefined",) * 4,
    nodata=None,
    mask_kind="none",
    colormap=None,
    attribute_table=None,
    kind=DataKind.GENERIC,
    level_sizes=((50, 50), (25, 25)),
    block=(256, 256),
    driver="GTiff",
    compression="DEFLATE",
    geographic_bounds=(15.0, 52.3, 15.1, 52.4),
)


@dataclass
class Subject:
    """A service without a source, for what is worked out from its facts alone."""

    info: SourceInfo = INFO
    name: str = "dem/valley"
    effort: Effort = Effort.FAST
    interpolation: Interpolation = Interpolation.BILINEAR
    renderings: tuple[Rendering, ...] = (HILLSHADE, NONE)

    @property
    def config(self) -> Any:
        return parse({"services": [{"name": self.name, "source": "x.tif"}]}, {}).services[0]

    @property
    def default_rendering(self) -> Rendering:
        return self.renderings[0]

    @property
    def templates(self) -> dict[str, Node]:
        return {rendering.name: rendering.rule for rendering in self.renderings}


@pytest.fixture
def subject() -> Subject:
    return Subject()


@pytest.fixture
def mercator() -> Subject:
    extent = Extent(-20037508.0, -20037508.0, 20037508.0, 20037508.0)
    return Subject(replace(INFO, crs=SpatialReference("EPSG:3857"), extent=extent))


@pytest.fixture
def client(make_raster: RasterMaker, tmp_path: Path) -> Iterator[TestClient]:
    """A server with a three-band picture, elevation in a folder, classes with colours, and a missing file."""
    rows, columns = np.mgrid[0:100, 0:100]
    rgb = np.stack([rows, columns, np.full_like(rows, 200)]).astype(np.uint8)
    dem = (rows * 10 + columns).astype(np.float32)
    colors = {0: (0, 0, 0, 0), 1: (255, 0, 0, 255), 2: (0, 0, 255, 255)}
    config = {
        "services": [
            {"name": "rgb", "source": str(make_raster("rgb.tif", rgb, photometric="rgb"))},
            {
                "name": "dem/valley",
                "source": str(make_raster("valley.tif", dem, nodata=-9999.0)),
                "kind": "elevation",
                "bands": ["Elevation"],
                "attribution": "Us & <them>",
                "renderings": [{"name": "Relief", "rule": {"function": "hillshade"}}],
            },
            {
                "name": "classes",
                "source": str(
                    make_raster("classes.tif", ((rows // 40) % 3).astype(np.uint8), colormap=colors)
                ),
            },
            {"name": "missing", "source": str(tmp_path / "missing.tif")},
        ]
    }
    with TestClient(create_app(parse(config, {}))) as client:
        yield client
