"""Small files of every kind, cut from a real one, and what xarray reads in them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr

from proxy.config import Config
from proxy.model import ImageFormat, Interpolation, RenderRequest
from proxy.render.pipeline import overall_grid, render_picture
from proxy.selection import DimensionChoice, Selection
from proxy.services import Registry, Service
from tests.conftest import DATA

OCEAN = DATA / "ocean_temperature.nc"
TIME, DEPTH, LAT, LON = "TIME", "ZAXLEVIT19", "YAX_SUBSET", "XAX_SUBSET"


def ocean() -> xr.Dataset:
    """Sea temperature, undecoded, loaded, with short names."""
    with xr.open_dataset(OCEAN, engine="h5netcdf", decode_cf=False) as opened:
        data = opened.load()
    for variable in data.variables.values():
        variable.encoding = {}
    data.encoding = {}
    data = data.rename({TIME: "time", DEPTH: "depth", LAT: "lat", LON: "lon", "TEMP": "temp"})
    attributes = {"units": "days since 2001-01-01", "standard_name": "time"}
    return data.assign_coords(time=("time", np.array([15.0, 105.0, 196.0, 288.0]), attributes))


def decoded(data: xr.Dataset) -> xr.Dataset:
    """Temperatures with NaN for none, to be packed in another way."""
    found = xr.decode_cf(data, decode_times=False)
    found.temp.encoding = {}
    return found


def service_of(source: Path | str, profiles: Mapping[str, Any] | None = None, **settings: Any) -> Service:
    """A service of one source."""
    service = {"name": "cube", "source": str(source), **settings}
    config = Config.model_validate({"services": [service], "credentials": dict(profiles or {})})
    return Registry(config, lambda _: ()).get("cube")


def expected(
    path: Path | str, variable: str, index: Mapping[str, int], x: str = "lon", y: str = "lat", **how: Any
) -> np.ndarray[Any, Any]:
    """A slice as xarray decodes it: NaN for none, west to east and north to south."""
    with xr.open_dataset(path, decode_times=False, **how) as data:
        found = data[variable].isel(dict(index)).load()
    found = found.transpose(y, x).sortby(y, ascending=False).sortby(x)
    return np.asarray(found.values)


def chosen(service: Service, variable: str = "", **values: float) -> Selection:
    """A slice by the values of its dimensions."""
    choices = tuple(DimensionChoice(name, ((value, value),)) for name, value in sorted(values.items()))
    return service.source.normalised(Selection(variable=variable, dimensions=choices))


def tiff(service: Service, selection: Selection) -> np.ndarray[Any, Any]:
    """The slice on its own grid, through the pipeline and a TIFF: NaN for none."""
    source = service.source
    grid = overall_grid(source.at(selection), 10_000)
    request = RenderRequest(
        "cube", grid, format=ImageFormat.TIFF, interpolation=Interpolation.NEAREST, selection=selection
    )
    picture = render_picture(service, source, request)
    with rasterio.open(io.BytesIO(picture.body)) as file:
        data = file.read(1, masked=True)
    plain = np.ma.filled(data.astype(np.promote_types(data.dtype, np.float32)), np.nan)
    return np.asarray(plain)
