"""Real files: what xarray reads in them, pixel by pixel and at points, through every way out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from proxy.crs import WGS84
from proxy.render.point import point_values
from proxy.services import Service
from tests.sources.cube.build import chosen, expected, service_of, tiff

pytestmark = pytest.mark.shared


@dataclass(frozen=True)
class Real:
    """A file.

    Attributes:
        shift: columns from the lowest longitude of the file to the first of the map.
        slices: indices of slices by dimension.
    """

    name: str
    variables: tuple[str, ...]
    x: str
    y: str
    shift: int
    slices: tuple[dict[str, int], ...]
    engine: str = "h5netcdf"


FILES = [
    Real("coads_sst.nc", ("SST", "AIRT", "UWND", "VWND"), "COADSX", "COADSY", 0, ({"TIME": 0}, {"TIME": 11})),
    Real(
        "ocean_atlas_temp_time_depth.nc",
        ("TEMP",),
        "XAX_SUBSET",
        "YAX_SUBSET",
        80,
        ({"TIME": 0, "ZAXLEVIT19": 0}, {"TIME": 6, "ZAXLEVIT19": 9}, {"TIME": 11, "ZAXLEVIT19": 4}),
    ),
    Real(
        "ostia_monthly.nc",
        ("surface_temperature",),
        "longitude",
        "latitude",
        216,
        ({"time": 0}, {"time": 53}),
    ),
    Real(
        "olci_ocean_colour.zarr",
        ("conc_chl", "conc_tsm", "kd489", "c2rcc_flags", "quality_flags"),
        "lon",
        "lat",
        0,
        ({"time": 0}, {"time": 4}),
        "zarr",
    ),
]


def slice_values(service: Service, variable: str, index: dict[str, int]) -> dict[str, float]:
    (found,) = [each for each in service.info.variables if each.name == variable]
    return {each.name: each.values[index[each.name]] for each in found.dimensions}


def theirs(path: Path, real: Real, variable: str, index: dict[str, int]) -> np.ndarray[Any, Any]:
    return np.roll(expected(path, variable, index, real.x, real.y, engine=real.engine), -real.shift, axis=1)


@pytest.mark.parametrize("real", FILES, ids=lambda real: real.name)
def test_slices_are_what_xarray_reads(shared: Path, real: Real) -> None:
    path = shared / "multidim" / real.name
    service = service_of(path)
    for variable in real.variables:
        for index in real.slices:
            selection = chosen(service, variable, **slice_values(service, variable, index))
            wanted = theirs(path, real, variable, index)
            assert np.array_equal(tiff(service, selection), wanted, equal_nan=True)
            part = service.source.at(selection)
            for row in range(1, wanted.shape[0], wanted.shape[0] // 6):
                for column in range(2, wanted.shape[1], wanted.shape[1] // 7):
                    place = part.info.transform @ (column + 0.4, row + 0.7)
                    one = wanted[row, column]
                    assert point_values(part, place, WGS84) == [None if math.isnan(one) else one]


def test_a_grib_file_is_what_gdal_reads(shared: Path) -> None:
    path = shared / "multidim" / "hrdps_t80m_polar_stereo.grib2"
    service = service_of(path, cube={})
    (variable,) = service.info.variables
    assert (variable.name, variable.unit) == ("TMP", "C")
    assert [(each.kind, each.values) for each in variable.dimensions] == [
        ("time", (1603774800000.0,)),
        ("vertical", (80.0,)),
    ]
    with rasterio.open(path) as file:
        wanted = np.ma.filled(file.read(1, masked=True), np.nan)
    assert np.array_equal(tiff(service, chosen(service)), wanted, equal_nan=True)
    # Montreal lies in it, the North Sea does not.
    part = service.source.at(chosen(service))
    assert point_values(part, (-73.6, 45.5), WGS84) is not None
    assert point_values(part, (3.0, 55.0), WGS84) is None


@pytest.mark.parametrize(
    ("place", "depth", "wet"),
    [
        ((-30.0, 30.0), 0.0, True),
        ((179.5, 0.5), 0.0, True),
        ((-179.5, 0.5), 0.0, True),
        ((0.5, -30.0), 100.0, True),
        ((-0.5, -30.0), 100.0, True),
        ((20.0, 22.0), 0.0, False),
        ((135.0, -25.0), 0.0, False),
        ((-100.0, 45.0), 0.0, False),
    ],
)
def test_seas_and_deserts_are_where_they_belong(
    shared: Path, place: tuple[float, float], depth: float, wet: bool
) -> None:
    service = service_of(shared / "multidim" / "ocean_atlas_temp_time_depth.nc")
    part = service.source.at(chosen(service, ZAXLEVIT19=depth))
    values = point_values(part, place, WGS84)
    assert values is not None
    assert (values != [None]) is wet
