"""Files of every kind, each written from a cut of a real one: their values are those that xarray reads."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import pytest
import xarray as xr

from proxy.crs import WGS84, reference
from proxy.model import DataKind, PixelType
from proxy.render.point import point_values
from proxy.selection import EVERYTHING, Selection
from tests.sources.cube.build import OCEAN, chosen, decoded, expected, ocean, service_of, tiff

Make = Callable[[Path], Path]


@dataclass(frozen=True)
class Case:
    """A file, and where xarray finds the same pixels.

    Attributes:
        index: of the slice in the file; `values` are those of its dimensions.
        shift: columns that the first of the map lies behind the lowest longitude of the file.
    """

    write: Make
    index: dict[str, int]
    values: dict[str, float]
    variable: str = "temp"
    x: str = "lon"
    y: str = "lat"
    shift: int = 0
    pixel_type: PixelType = PixelType.FLOAT32
    engine: str = "h5netcdf"
    settings: dict[str, Any] = field(default_factory=dict)


MOMENTS = [datetime(2001, month, 16, tzinfo=UTC).timestamp() * 1000 for month in (1, 4, 7, 10)]
PLACE = {"time": 1, "depth": 2}
AT = {"time": MOMENTS[1], "depth": 100.0}


def netcdf(change: Callable[[xr.Dataset], xr.Dataset], **how: Any) -> Make:
    def write(folder: Path) -> Path:
        path = folder / "cube.nc"
        data = change(ocean())
        data.to_netcdf(path, **({"engine": "h5netcdf"} | how))
        return path

    return write


def zarr(version: int, consolidated: bool) -> Make:
    def write(folder: Path) -> Path:
        path = folder / "cube.zarr"
        data = ocean()
        data.temp.encoding["chunks"] = (1, 2, 20, 32)
        data.to_zarr(path, zarr_format=version, consolidated=consolidated)
        return path

    return write


def packed(data: xr.Dataset) -> xr.Dataset:
    data = decoded(data)
    data.temp.encoding = {"dtype": "int16", "scale_factor": 0.01, "add_offset": 10.0, "_FillValue": -32768}
    return data


def north_first(data: xr.Dataset) -> xr.Dataset:
    return data.isel(lat=slice(None, None, -1))


def from_minus_180(data: xr.Dataset) -> xr.Dataset:
    return data.assign_coords(lon=("lon", (data.lon.values + 180) % 360 - 180, data.lon.attrs)).sortby("lon")


def no_leap(data: xr.Dataset) -> xr.Dataset:
    attributes = {"units": "days since 2001-01-01", "calendar": "noleap"}
    return data.assign_coords(time=("time", data.time.values, attributes))


def bounded(data: xr.Dataset) -> xr.Dataset:
    edges = np.array([[0.0, 31], [90, 120], [181, 212], [273, 304]])
    data.time.attrs["bounds"] = "time_bnds"
    return data.assign(time_bnds=(("time", "nv"), edges))


def projected(data: xr.Dataset) -> xr.Dataset:
    """The grid taken as kilometres of a polar map: the values are real, the place is not."""
    data = data.rename(lon="x", lat="y")
    attributes = {"units": "km", "standard_name": "projection_x_coordinate"}
    rising = {"units": "km", "standard_name": "projection_y_coordinate"}
    data = data.assign_coords(
        x=("x", np.arange(90) * 25.0 - 1100, attributes), y=("y", 1000 - np.arange(45) * 25.0, rising)
    )
    data.temp.attrs["grid_mapping"] = "polar"
    mapping = {
        "grid_mapping_name": "polar_stereographic",
        "straight_vertical_longitude_from_pole": -45.0,
        "latitude_of_projection_origin": 90.0,
        "standard_parallel": 70.0,
        "semi_major_axis": 6378137.0,
        "inverse_flattening": 298.257223563,
    }
    return data.assign(polar=((), 0, mapping))


def named(data: xr.Dataset) -> xr.Dataset:
    names = np.array(["surface", "twenty metres", "a hundred metres", "deep"], dtype=object)
    return data.assign_coords(depth=("depth", names))


def last_is_time(data: xr.Dataset) -> xr.Dataset:
    return data.transpose("lat", "lon", "depth", "time")


def auxiliary(data: xr.Dataset) -> xr.Dataset:
    """Coordinates that are not named after their dimensions."""
    plain = data.drop_vars(["lat", "lon"]).rename_dims(lat="row", lon="column")
    plain = plain.assign(lat=("row", data.lat.values, data.lat.attrs))
    plain = plain.assign(lon=("column", data.lon.values, data.lon.attrs))
    plain.temp.attrs["coordinates"] = "lat lon"
    return plain


def plain_hdf5(folder: Path) -> Path:
    """HDF5 with dimension scales, by another ending, in a group."""
    data = ocean()
    path = folder / "cube.h5"
    data.to_netcdf(path, engine="h5netcdf", group="science/data")
    return path


def same(data: xr.Dataset) -> xr.Dataset:
    return data


CASES = {
    "bottom-up-20-to-380": Case(netcdf(same), PLACE, AT, shift=40),
    "packed": Case(netcdf(packed), PLACE, AT, shift=40, pixel_type=PixelType.FLOAT64),
    "north-first": Case(netcdf(north_first), PLACE, AT, shift=40),
    "minus-180-to-180": Case(netcdf(from_minus_180), PLACE, AT),
    "noleap": Case(netcdf(no_leap), PLACE, AT, shift=40),
    "time-bounds": Case(netcdf(bounded), PLACE, AT, shift=40),
    "projected": Case(netcdf(projected), PLACE, AT, x="x", y="y"),
    "strings": Case(netcdf(named), PLACE, {"time": MOMENTS[1], "depth": 2.0}, shift=40),
    "time-last": Case(netcdf(last_is_time), PLACE, AT, shift=40),
    "classic": Case(
        netcdf(same, engine="scipy", format="NETCDF3_64BIT"), PLACE, AT, shift=40, engine="scipy"
    ),
    "auxiliary-coordinates": Case(netcdf(auxiliary), PLACE, AT, shift=40, x="column", y="row"),
    "hdf5-group": Case(plain_hdf5, PLACE, AT, shift=40, settings={"cube": {"group": "science/data"}}),
    "zarr-2": Case(zarr(2, True), PLACE, AT, shift=40, engine="zarr"),
    "zarr-2-unconsolidated": Case(zarr(2, False), PLACE, AT, shift=40, engine="zarr"),
    "zarr-3": Case(zarr(3, False), PLACE, AT, shift=40, engine="zarr"),
}


def theirs(path: Path, case: Case) -> np.ndarray[Any, Any]:
    """The slice as xarray reads it, from the same column on."""
    how: dict[str, Any] = {"engine": case.engine}
    if case.engine == "zarr":
        how["consolidated"] = any(path.glob(".zmetadata"))
    if group := case.settings.get("cube", {}).get("group"):
        how["group"] = group
    return np.roll(expected(path, case.variable, case.index, case.x, case.y, **how), -case.shift, axis=1)


@pytest.mark.parametrize("name", CASES)
def test_a_slice_is_what_xarray_reads_pixel_by_pixel(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = case.write(tmp_path)
    service = service_of(path, **case.settings)
    ours = tiff(service, chosen(service, case.variable, **case.values))
    wanted = theirs(path, case)
    assert service.info.pixel_type is case.pixel_type
    assert np.isfinite(wanted).sum() > 1000
    assert np.array_equal(ours, wanted, equal_nan=True)


@pytest.mark.parametrize("name", CASES)
def test_values_at_points_are_those_of_the_cell(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path = case.write(tmp_path)
    service = service_of(path, **case.settings)
    part = service.source.at(chosen(service, case.variable, **case.values))
    wanted = theirs(path, case)
    for row, column in [(0, 0), (20, 3), (22, 88), (30, 45), (44, 89), (10, 60)]:
        values = point_values(part, part.info.transform @ (column + 0.3, row + 0.6), part.crs)
        one = wanted[row, column]
        assert values == [None if math.isnan(one) else one]


def test_uneven_coordinates_give_the_nearest_cell(tmp_path: Path) -> None:
    latitudes = 60 * np.sin(np.linspace(-1.2, 1.2, 45))

    def gaussian(data: xr.Dataset) -> xr.Dataset:
        return data.assign_coords(lat=("lat", latitudes, data.lat.attrs))

    path = netcdf(gaussian)(tmp_path)
    service = service_of(path)
    info = service.info
    assert info.height > 45
    assert info.pixel_size[1] == pytest.approx(np.diff(latitudes).min(), rel=0.02)
    part = service.source.at(chosen(service, **AT))
    with xr.open_dataset(path, engine="h5netcdf", decode_times=False) as data:
        cells = data.temp.isel(PLACE)
        for row in range(0, 45, 4):
            for longitude in (20.5, 180.5, 300.5):
                one = float(cells.sel(lat=latitudes[row], lon=longitude, method="nearest"))
                values = point_values(part, ((longitude + 180) % 360 - 180, latitudes[row]), WGS84)
                assert values == [None if math.isnan(one) else one]


def test_a_rotated_pole_is_undone(tmp_path: Path) -> None:
    mapping = {
        "grid_mapping_name": "rotated_latitude_longitude",
        "grid_north_pole_latitude": 39.25,
        "grid_north_pole_longitude": -162.0,
    }

    def rotated(data: xr.Dataset) -> xr.Dataset:
        data = data.isel(lat=slice(15, 35), lon=slice(30, 60)).rename(lat="rlat", lon="rlon")
        x = {"standard_name": "grid_longitude", "units": "degrees"}
        y = {"standard_name": "grid_latitude", "units": "degrees"}
        data = data.assign_coords(
            rlon=("rlon", np.arange(30) * 0.44 - 6, x), rlat=("rlat", np.arange(20) * 0.44 - 4, y)
        )
        data.temp.attrs["grid_mapping"] = "rotated_pole"
        return data.assign(rotated_pole=((), 0, mapping))

    path = netcdf(rotated)(tmp_path)
    service = service_of(path)
    part = service.source.at(chosen(service, **AT))
    wanted = expected(path, "temp", PLACE, "rlon", "rlat", engine="h5netcdf")
    assert np.array_equal(tiff(service, chosen(service, **AT)), wanted, equal_nan=True)
    pole = math.radians(39.25)
    for row, column in ((3, 4), (10, 15), (17, 28)):
        x, y = part.info.transform @ (column + 0.5, row + 0.5)
        # The formula of the conventions, by hand.
        lam, phi = math.radians(x), math.radians(y)
        lat = math.asin(math.sin(phi) * math.sin(pole) + math.cos(phi) * math.cos(lam) * math.cos(pole))
        lon = math.atan2(
            math.cos(phi) * math.sin(lam),
            math.sin(pole) * math.cos(phi) * math.cos(lam) - math.sin(phi) * math.cos(pole),
        )
        place = math.degrees(lon) + 18.0, math.degrees(lat)
        one = wanted[row, column]
        assert point_values(part, place, WGS84) == [None if math.isnan(one) else one]


def test_facts() -> None:
    info = service_of(OCEAN).info
    assert (info.crs, info.driver, info.way, info.compression) == (WGS84, "HDF5", "cube", "DEFLATE")
    assert info.extent.as_tuple() == (-181.5, -91.5, 178.5, 88.5)
    assert info.geographic_bounds == (-181.5, -90.0, 178.5, 88.5)
    (variable,) = info.variables
    time, depth = variable.dimensions
    assert (variable.name, variable.description) == ("TEMP", "Temperature")
    assert (time.kind, depth.kind, depth.positive_down, depth.unit) == ("time", "vertical", True, "METERS")
    assert depth.values == (0.0, 20.0, 100.0, 1000.0)
    assert info.time == (int(min(time.values)), int(max(time.values)))


def test_bounds_of_times_are_ranges(tmp_path: Path) -> None:
    info = service_of(netcdf(bounded)(tmp_path)).info
    assert [variable.name for variable in info.variables] == ["temp"]
    assert info.variables[0].dimensions[0].ranges[1] == (986083200000.0, 988675200000.0)


def test_texts_along_a_dimension_are_numbered_and_told(tmp_path: Path) -> None:
    depth = service_of(netcdf(named)(tmp_path)).info.variables[0].dimensions[1]
    assert depth.values == (0.0, 1.0, 2.0, 3.0)
    assert depth.description == "0: surface, 1: twenty metres, 2: a hundred metres, 3: deep"


def test_a_grid_mapping_says_where_the_map_lies_in_metres(tmp_path: Path) -> None:
    info = service_of(netcdf(projected)(tmp_path)).info
    assert info.crs == reference("EPSG:3413")
    assert info.pixel_size == (25000.0, 25000.0)
    assert info.extent.as_tuple() == (-1112500.0, -112500.0, 1137500.0, 1012500.0)


def test_the_configuration_chooses_variables_and_says_what_the_file_does_not(tmp_path: Path) -> None:
    def unnamed(data: xr.Dataset) -> xr.Dataset:
        data = data.assign(other=data.temp * 1, third=data.temp * 2).rename(time="t", depth="k")
        data = data.rename(lon="x", lat="y")
        return data.assign_coords({name: (name, data[name].values) for name in ("t", "k", "x", "y")})

    path = netcdf(unnamed)(tmp_path)
    with_crs = {"crs": "EPSG:4326", "variables": ["third", "temp"], "vertical": "k"}
    info = service_of(path, cube=with_crs).info
    assert [variable.name for variable in info.variables] == ["third", "temp"]
    assert [dimension.kind for dimension in info.variables[0].dimensions] == ["", "vertical"]
    assert service_of(path, cube={}).failure == (
        "The source cannot be placed on a map: the variable temp: nothing says in which coordinate reference "
        "system it lies; set 'cube.crs'."
    )


def test_variables_of_bits_come_last_and_classes_have_their_meanings(tmp_path: Path) -> None:
    def flagged(data: xr.Dataset) -> xr.Dataset:
        shape = data.temp.shape
        bits = {"flag_masks": np.array([1, 2], np.uint8), "flag_meanings": "land cloud"}
        classes = {"flag_values": np.array([0, 1], np.uint8), "flag_meanings": "water land"}
        dims = data.temp.dims
        first = xr.Dataset({"quality": (dims, np.zeros(shape, np.uint8), bits)})
        first["kind"] = (dims, (data.temp.values < -1e30).astype(np.uint8), classes)
        return first.assign(temp=data.temp).assign_coords(data.coords)

    service = service_of(netcdf(flagged)(tmp_path))
    info = service.info
    assert [variable.name for variable in info.variables] == ["kind", "temp", "quality"]
    assert (info.kind, info.pixel_type) == (DataKind.THEMATIC, PixelType.UINT8)
    assert info.attribute_table is not None
    assert info.attribute_table.rows == ((0, "water"), (1, "land"))


REFUSED: dict[str, tuple[Callable[[xr.Dataset], xr.Dataset], str]] = {
    "curvilinear": (
        lambda data: data.drop_vars(["lat", "lon"]).assign(
            lat=(("lat", "lon"), np.full((45, 90), 1.0), {"units": "degrees_north"}),
            lon=(("lat", "lon"), np.full((45, 90), 1.0), {"units": "degrees_east"}),
        ).rename_dims(lat="j", lon="i"),
        "two-dimensional (curvilinear)",
    ),
    "no-coordinates": (lambda data: data.drop_vars(["lat", "lon"]), "no coordinates say where it lies"),
    "uneven": (
        lambda data: data.assign_coords(lat=("lat", np.geomspace(0.01, 80, 45), data.lat.attrs)),
        "too unevenly",
    ),
    "strange-projection": (
        lambda data: data.assign(m=((), 0, {"grid_mapping_name": "origami"})),
        "its grid mapping 'origami' is not understood",
    ),
    "no-map": (
        lambda data: data[["time"]].assign(v=("time", np.arange(4.0))),
        "no numbers along two dimensions",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_placed_says_why(name: str, tmp_path: Path) -> None:
    change, words = REFUSED[name]
    path = netcdf(change)(tmp_path)
    failure = service_of(path, cube={}).failure
    assert failure is not None
    assert failure.startswith("The source cannot be placed on a map: ")
    assert words in failure


def test_a_variable_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert service_of(OCEAN, cube={"variables": "salt"}).failure == (
        "The configuration names a variable 'salt', which is not in the source."
    )


def test_one_map_alone_is_read_by_gdal_as_before(tmp_path: Path) -> None:
    def alone(data: xr.Dataset) -> xr.Dataset:
        data.temp.attrs["grid_mapping"] = "crs"
        mapping = {"grid_mapping_name": "latitude_longitude", "crs_wkt": WGS84.wkt}
        return data.isel(time=0, depth=0, drop=True).assign(crs=((), 0, mapping))

    path = netcdf(alone)(tmp_path)
    service = service_of(path)
    assert service.info.way == "window"
    assert service.source.normalised(Selection(variable="temp")) == EVERYTHING
    assert service_of(path, cube={}).info.way == "cube"


def test_dimensions_without_scales_in_plain_hdf5_are_no_map(tmp_path: Path) -> None:
    path = tmp_path / "plain.h5"
    with h5netcdf.legacyapi.Dataset(path, "w") as file:
        file.createDimension("a", 4)
        file.createDimension("b", 5)
        file.createVariable("v", "f4", ("a", "b"))
    failure = str(service_of(path, cube={}).failure)
    assert "no coordinates say where it lies along a and b" in failure
