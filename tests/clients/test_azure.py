"""Rasters in Azure Blob Storage, as its emulator speaks it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient

from proxy.app import create_app
from proxy.config import parse
from proxy.errors import CannotOpen
from proxy.model import Window
from tests.clients.azurite import ACCOUNT, azurite, make_container, profile, put_blob
from tests.conftest import DATA, DEMO
from tests.rasters import imagine
from tests.remote import config_of, expected, opened

FILES = {"deep/elevation.tif": DEMO / "elevation.tif", "dem.img": DATA / "bottom_up_dem_4326_uint16.tif"}
WAYS = {"deep/elevation.tif": "blocks", "dem.img": "window"}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite(tmp_path_factory.mktemp("azurite")) as address:
        make_container(address, "rasters")
        make_container(address, "open", public=True)
        for container in ("rasters", "open"):
            for name, path in FILES.items():
                put_blob(
                    address, container, name, path.read_bytes() if name.endswith(".tif") else imagine(path)
                )
        yield address


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("scheme", ["az", "abfs", "azure"])
def test_pixels_in_a_container_are_those_of_the_file(endpoint: str, name: str, scheme: str) -> None:
    source = opened(config_of(profile(endpoint), f"{scheme}://rasters/{name}"))
    assert source.info.way == WAYS[name]
    window = Window(10, 20, 120, 100)
    data, _ = source.read(0, (0,), window)
    assert np.array_equal(data, expected(FILES[name], window))
    source.close()


def test_a_tiff_in_a_public_container_is_read_unsigned(endpoint: str) -> None:
    # GDAL takes an endpoint of Azure's only together with a key, so that others than TIFFs need one.
    own = {"account": ACCOUNT, "endpoint": endpoint, "anonymous": True}
    source = opened(config_of(own, "az://open/deep/elevation.tif"))
    window = Window(0, 0, 50, 40)
    data, _ = source.read(0, (0,), window)
    assert np.array_equal(data, expected(FILES["deep/elevation.tif"], window))
    source.close()
    with pytest.raises(CannotOpen, match=r"refuses|does not exist"):
        opened(config_of(own, "az://rasters/deep/elevation.tif"))


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_key_is_refused(endpoint: str, name: str) -> None:
    with pytest.raises(CannotOpen, match="refuses access"):
        opened(config_of(profile(endpoint, account_key="c2VjcmV0"), f"az://rasters/{name}"))


def test_what_is_not_there_is_told_of(endpoint: str) -> None:
    with pytest.raises(CannotOpen, match="does not exist"):
        opened(config_of(profile(endpoint), "az://rasters/nothing.tif"))
    with pytest.raises(CannotOpen, match="does not exist"):
        opened(config_of(profile(endpoint), "az://nowhere/nothing.tif"))


def test_a_tile_from_a_container_is_that_of_the_file(endpoint: str) -> None:
    plain = parse({"services": [{"name": "far", "source": str(FILES["dem.img"]), "kind": "elevation"}]}, {})
    with TestClient(create_app(plain)) as client:
        lon, lat, zoom = client.get("/tiles/far/tilejson.json").json()["center"]
        z = int(zoom)
        x = int((lon + 180) / 360 * 2**z)
        y = int((1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * 2**z)
        here = client.get(f"/tiles/far/{z}/{x}/{y}.png")
    with TestClient(create_app(config_of(profile(endpoint), "az://rasters/dem.img"))) as client:
        there = client.get(f"/tiles/far/{z}/{x}/{y}.png")
    assert here.status_code == there.status_code == 200
    assert here.content == there.content


def test_a_mosaic_of_a_container_lists_its_blobs(endpoint: str) -> None:
    config = parse(
        {
            "credentials": {"own": profile(endpoint)},
            "services": [
                {"name": "all", "credentials": "own", "mosaic": {"source": "az://rasters/deep/*.tif"}}
            ],
        },
        {},
    )
    from proxy.bulk.work import complete
    from proxy.listing.builder import open_catalog

    complete(config)
    catalog = open_catalog(config.services[0], config, background=False)
    assert len(catalog) == 1
    catalog.close()
