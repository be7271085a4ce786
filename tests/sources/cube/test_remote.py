"""Cubes on web servers and in buckets, on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import numpy as np
import pytest
from moto.server import ThreadedMotoServer

from proxy.choices import slice_of
from proxy.errors import CannotRead
from proxy.model import Window
from proxy.selection import Selection
from proxy.services import Service
from proxy.sources.blocks.places import SourceChanged
from proxy.sources.cube import stores
from proxy.sources.cube.cube import CubeSource
from tests.range_server import RangeServer, range_server
from tests.sources.cube.build import OCEAN, chosen, expected, ocean, service_of, tiff

WHOLE = Window(0, 0, 90, 45)


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


def same_as_local(service: Service, path: Path, **how: str) -> None:
    ours = tiff(service, chosen(service, time=987379200000.0, depth=100.0))
    theirs = np.roll(expected(path, "temp", {"time": 1, "depth": 2}, **how), -40, axis=1)
    assert np.array_equal(ours, theirs, equal_nan=True)


def test_netcdf_on_a_web_server_is_read_in_parts(server: RangeServer, tmp_path: Path) -> None:
    path = tmp_path / "cube.nc"
    data = ocean()
    data.temp.encoding = {"chunksizes": (1, 1, 45, 90)}
    data.to_netcdf(path, engine="h5netcdf")
    url = server.put("cube.nc", path.read_bytes())
    service = service_of(url)
    cube = service.source
    assert isinstance(cube, CubeSource)
    fetched = sum((r.end or 0) - (r.start or 0) for r in server.log if r.method == "GET")
    assert fetched < path.stat().st_size
    same_as_local(service, path, engine="h5netcdf")


def test_classic_netcdf_is_fetched_as_a_whole_or_refused(
    server: RangeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "classic.nc"
    ocean().to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
    url = server.put("classic.nc", path.read_bytes())
    same_as_local(service_of(url), path, engine="scipy")
    monkeypatch.setattr(stores, "WHOLE_BYTES", 1000)
    assert "convert it to netCDF-4 or Zarr" in str(service_of(url, cube={}).failure)


def test_an_object_that_changes_is_noticed_while_it_is_read(server: RangeServer) -> None:
    url = server.put("cube.nc", OCEAN.read_bytes())
    service = service_of(url)
    old = service.source
    assert isinstance(old, CubeSource)
    server.put("cube.nc", OCEAN.read_bytes(), '"another"')

    def read_all() -> None:
        for number in range(16):
            variable, dimensions = slice_of(old.info, str(number))
            old.at(Selection(variable=variable, dimensions=dimensions)).read(0, (0,), WHOLE)

    with pytest.raises(SourceChanged):
        read_all()
    assert old.stale
    assert service.source is not old


def uploaded(server: RangeServer, path: Path) -> str:
    for file in path.rglob("*"):
        if file.is_file():
            server.put(f"{path.name}/{file.relative_to(path)}", file.read_bytes())
    return f"{server.url}/{path.name}"


def test_zarr_on_a_web_server_needs_its_documents_in_one(server: RangeServer, tmp_path: Path) -> None:
    path = tmp_path / "cube.zarr"
    data = ocean()
    data.temp.encoding["chunks"] = (1, 2, 20, 32)
    data.to_zarr(path, zarr_format=2, consolidated=True)
    url = uploaded(server, path)
    same_as_local(service_of(url), path, engine="zarr")
    del server.objects["/cube.zarr/.zmetadata"]
    assert service_of(url, cube={}).failure == "The source could not be opened."


def test_what_is_out_of_reach_says_so(server: RangeServer) -> None:
    for name in ("absent.nc", "absent.zarr"):
        assert service_of(f"{server.url}/{name}").failure == "The source does not exist in its store."


def test_an_error_while_pieces_are_fetched_is_no_empty_picture(server: RangeServer, tmp_path: Path) -> None:
    path = tmp_path / "cube.zarr"
    ocean().to_zarr(path, zarr_format=2, consolidated=True)
    source = service_of(uploaded(server, path)).source
    assert isinstance(source, CubeSource)
    server.refuses = 403
    with pytest.raises(CannotRead):
        source.read(0, (0,), WHOLE)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.parametrize(("version", "consolidated"), [(2, True), (2, False), (3, False)])
def test_zarr_in_a_bucket(bucket: str, tmp_path: Path, version: int, consolidated: bool) -> None:
    path = tmp_path / "cube.zarr"
    data = ocean()
    data.temp.encoding["chunks"] = (1, 2, 20, 32)
    data.to_zarr(path, zarr_format=version, consolidated=consolidated)
    keys = {"aws_access_key_id": "reader", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=bucket, **keys)
    name = f"cubes-{version}-{consolidated}".lower()
    client.create_bucket(Bucket=name)
    for file in path.rglob("*"):
        if file.is_file():
            client.put_object(
                Bucket=name, Key=f"deep/cube.zarr/{file.relative_to(path)}", Body=file.read_bytes()
            )
    profile = {
        "endpoint": bucket,
        "region": "us-east-1",
        "access_key_id": "reader",
        "secret_access_key": "secret",
    }
    service = service_of(f"s3://{name}/deep/cube.zarr", {"here": profile}, credentials="here")
    theirs = np.roll(
        expected(path, "temp", {"time": 1, "depth": 2}, engine="zarr", consolidated=consolidated), -40, axis=1
    )
    ours = tiff(service, chosen(service, time=987379200000.0, depth=100.0))
    assert np.array_equal(ours, theirs, equal_nan=True)
    client.close()
