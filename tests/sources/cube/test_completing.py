"""Coordinates that are written in other ways than CF's vectors, and times in other forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import pytest
import xarray as xr
import zarr

from proxy.crs import reference
from proxy.sources.cube.clock import NotTimes, milliseconds
from proxy.sources.cube.cube import CubeSource
from tests.sources.cube.build import chosen, decoded, ocean, service_of, tiff

DAYS = [979603200000.0, 987379200000.0, 995241600000.0, 1003190400000.0]


def written(data: xr.Dataset, path: Path, **how: Any) -> Path:
    data.to_netcdf(path, engine="h5netcdf", **how)
    return path


def times_in(path: Path, **settings: Any) -> list[float]:
    source = service_of(path, **settings).source
    assert isinstance(source, CubeSource)
    (time,) = [found for found in source.variables[0].dimensions if found.kind == "time"]
    return list(time.values)


def first_slice(path: Path, **settings: Any) -> np.ndarray[Any, Any]:
    service = service_of(path, **settings)
    time = times_in(path, **settings)[0]
    return tiff(service, chosen(service, depth=0.0, time=time))[0]


def test_a_transform_in_place_of_coordinates(tmp_path: Path) -> None:
    plain = ocean()
    plain["crs"] = ((), 0, {"spatial_ref": "EPSG:4326", "GeoTransform": "30 0.5 0 10 0 -0.25"})
    plain.temp.attrs["grid_mapping"] = "crs"
    gdal = service_of(written(plain.drop_vars(["lat", "lon"]), tmp_path / "gdal.nc")).source.info
    assert (gdal.extent.xmin, gdal.extent.ymax, *gdal.pixel_size) == (30.0, 10.0, 0.5, 0.25)
    zarr_like = ocean().drop_vars(["lat", "lon"])
    zarr_like.attrs |= {"spatial:transform": [0.5, 0.0, 30.0, 0.0, -0.25, 10.0], "proj:code": "EPSG:4326"}
    zarr_like.to_zarr(tmp_path / "geo.zarr", zarr_format=2)
    found = service_of(tmp_path / "geo.zarr").source.info
    assert found.transform == gdal.transform
    assert found.crs == gdal.crs


def test_a_mesh_that_is_regular_is_a_grid_and_any_other_is_refused(tmp_path: Path) -> None:
    plain = ocean()
    expected = first_slice(written(plain, tmp_path / "plain.nc"))
    lat, lon = np.meshgrid(plain.lat.values, plain.lon.values, indexing="ij")
    bare = plain.drop_vars(["lat", "lon"]).rename(lat="j", lon="i")
    bare["nav_lat"] = (("j", "i"), lat, {"units": "degrees_north"})
    bare["nav_lon"] = (("j", "i"), lon, {"units": "degrees_east"})
    mesh = written(bare, tmp_path / "mesh.nc")
    assert np.array_equal(first_slice(mesh), expected, equal_nan=True)
    bare["nav_lat"] = (("j", "i"), lat + lon / 7, {"units": "degrees_north"})
    assert "curvilinear" in str(service_of(written(bare, tmp_path / "bent.nc"), cube={}).failure)
    # Numbers of rows and columns are no coordinates.
    numbered = bare.rename(j="y", i="x").assign_coords(x=np.arange(lon.shape[1]), y=np.arange(lon.shape[0]))
    assert "curvilinear" in str(service_of(written(numbered, tmp_path / "numbered.nc"), cube={}).failure)


@pytest.mark.parametrize(
    "mapping",
    [{"epsg_code": "EPSG:32633"}, {"epsg_code": 32633}, {"proj4": "+proj=utm +zone=33 +datum=WGS84"}],
)
def test_grid_mappings_of_other_conventions(mapping: dict[str, Any], tmp_path: Path) -> None:
    plain = ocean().rename(lat="y", lon="x")
    size = dict(plain.sizes)
    plain = plain.assign_coords(
        x=("x", 5e5 + 1e3 * np.arange(size["x"]), {"units": "m"}),
        y=("y", 5e6 + 1e3 * np.arange(size["y"]), {"units": "m"}),
    )
    plain["crs"] = ((), 0, mapping)
    plain.temp.attrs["grid_mapping"] = "crs"
    assert service_of(written(plain, tmp_path / "utm.nc")).source.crs == reference("EPSG:32633")


def test_times_beside_the_dimension(tmp_path: Path) -> None:
    plain = ocean()
    times = plain.time
    beside = (
        plain.drop_vars("time")
        .rename(time="record")
        .assign_coords(when=("record", times.values, times.attrs))
    )
    assert times_in(written(beside, tmp_path / "record.nc")) == DAYS
    steps = ("step", np.arange(4.0) * 6, {"units": "hours", "standard_name": "forecast_period"})
    valid = ("step", times.values, times.attrs)
    forecast = plain.drop_vars("time").rename(time="step").assign_coords(step=steps, valid_time=valid)
    assert times_in(written(forecast, tmp_path / "forecast.nc")) == DAYS


def test_times_as_texts_dates_and_written_numbers(tmp_path: Path) -> None:
    plain = ocean()
    texts = ["2001-01-16", "2001-04-16", "2001-07-16T00:00:00Z", "2001-10-16 00:00"]
    named = plain.assign_coords(time=("time", np.array(texts, object)))
    assert times_in(written(named, tmp_path / "texts.nc")) == DAYS
    with h5netcdf.File(tmp_path / "characters.nc", "w") as file:
        file.dimensions = {"letters": 10, **{str(dim): size for dim, size in plain.sizes.items()}}
        for name in ("lat", "lon"):
            file.create_variable(name, (name,), data=plain[name].values).attrs["units"] = plain[name].units
        letters = np.array([list(text[:10]) for text in texts], "S1")
        file.create_variable("time", ("time", "letters"), data=letters)
        file.create_variable("temp", ("time", "lat", "lon"), data=plain.temp.values[:, 0])
    assert times_in(tmp_path / "characters.nc") == DAYS
    numbers = ("time", np.array([20010116.0, 20010416, 20010716, 20011016]), {"units": "day as %Y%m%d.%f"})
    assert times_in(written(plain.assign_coords(time=numbers), tmp_path / "numbers.nc")) == DAYS
    with pytest.raises(NotTimes, match="no day"):
        milliseconds(np.array([20011315.0]), "day as %Y%m%d.%f")
    assert milliseconds(np.array([20010116.5]), "day as %Y%m%d.%f")[0] == DAYS[0] + 43_200_000


def test_dates_of_zarr_and_its_fill_value_of_nought(tmp_path: Path) -> None:
    plain = ocean()
    group = zarr.open_group(tmp_path / "dates.zarr", mode="w", zarr_format=2)
    days = np.array(DAYS, "int64").astype("datetime64[ms]").astype("datetime64[ns]")
    # A longitude of 0, which the array says stands for none.
    places = {"time": days, "depth": plain.depth.values, "lat": plain.lat.values}
    places["lon"] = np.arange(plain.sizes["lon"]) - 2.0
    for name, values in {**places, "temp": decoded(plain).temp.values.astype("float32")}.items():
        dims = ["time", "depth", "lat", "lon"] if name == "temp" else [name]
        units = {"lat": "degrees_north", "lon": "degrees_east"}.get(name, "")
        array = group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            attributes={"_ARRAY_DIMENSIONS": dims, "units": units},
        )
        array[:] = values
    assert times_in(tmp_path / "dates.zarr") == DAYS
    assert service_of(tmp_path / "dates.zarr").source.info.extent.xmin == -2.5


def test_the_only_group_is_taken_and_several_are_named(tmp_path: Path) -> None:
    plain = ocean()
    expected = first_slice(written(plain, tmp_path / "plain.nc"))
    one = written(plain, tmp_path / "one.nc", group="model/surface")
    assert np.array_equal(first_slice(one), expected, equal_nan=True)
    two = written(plain, tmp_path / "two.nc", group="model/surface")
    written(plain, two, group="other", mode="a")
    assert "'cube.group': model/surface, other." in str(service_of(two, cube={}).failure)
    for level in ("0", "1"):
        plain.to_zarr(tmp_path / "levels.zarr", group=level, zarr_format=2, consolidated=False)
    assert "'cube.group': 0, 1." in str(service_of(tmp_path / "levels.zarr", cube={}).failure)
    assert np.array_equal(
        first_slice(tmp_path / "levels.zarr", cube={"group": "1"}), expected, equal_nan=True
    )


def test_filters_that_hdf5_lacks(tmp_path: Path) -> None:
    plugin = pytest.importorskip("hdf5plugin")
    expected = first_slice(written(ocean(), tmp_path / "plain.nc"))
    path = written(ocean(), tmp_path / "packed.nc")
    with h5py.File(path, "r+") as file:
        values, attributes = file["temp"][:], dict(file["temp"].attrs)
        del file["temp"]
        packed = file.create_dataset("temp", data=values, chunks=(1, 1, *values.shape[2:]), **plugin.Zstd())
        for axis, name in enumerate(("time", "depth", "lat", "lon")):
            packed.dims[axis].attach_scale(file[name])
        packed.attrs.update(
            {k: v for k, v in attributes.items() if k not in ("DIMENSION_LIST", "_Netcdf4Coordinates")}
        )
    assert np.array_equal(first_slice(path), expected, equal_nan=True)


def test_references_to_other_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "references.json"
    path.write_text(json.dumps({"version": 1, "refs": {".zgroup": '{"zarr_format": 2}'}}))
    assert "kerchunk" in str(service_of(path).failure)
