from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
DATA = Path(__file__).parent / "data"
DEMO = Path(__file__).parents[1] / "proxy" / "demo"

RasterMaker = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may find real credentials, or be changed by the settings of the machine."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test may find what an earlier run has remembered, nor leave anything in the user's folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def make_raster(tmp_path: Path) -> RasterMaker:
    """Write a small GeoTIFF: `make_raster(name, data, crs=..., transform=..., nodata=...)`."""

    def make(
        name: str,
        data: np.ndarray[Any, Any],
        crs: str | None = "EPSG:32633",
        transform: Affine | None = None,
        overviews: list[int] | None = None,
        mask: np.ndarray[Any, Any] | None = None,
        colormap: dict[int, tuple[int, ...]] | None = None,
        names: tuple[str, ...] = (),
        **profile: Any,
    ) -> Path:
        data = data if data.ndim == 3 else data[None]
        count, height, width = data.shape
        path = tmp_path / name
        placed = transform or Affine(10, 0, 500000, 0, -10, 5800000)
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(
                path, "w", driver="GTiff", count=count, height=height, width=width, dtype=data.dtype,
                crs=crs, transform=placed, **profile,
            ) as file,
        ):  # fmt: skip
            file.write(data)
            if mask is not None:
                file.write_mask(mask)
            if colormap:
                file.write_colormap(1, colormap)
            for index, label in enumerate(names, 1):
                file.set_band_description(index, label)
        if overviews:
            with rasterio.open(path, "r+") as file:
                file.build_overviews(overviews)
        return path

    return make


@pytest.fixture(scope="session")
def shared() -> Path:
    """The large data set beside the project."""
    if not SHARED.is_dir():
        pytest.skip("the large data set is not beside this clone")
    return SHARED
