from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from PIL import Image
from rasterio.io import MemoryFile
from starlette.testclient import TestClient

from proxy.app import read_renderings
from proxy.config import parse
from proxy.functions import registry
from proxy.renderings import contour_interval
from proxy.services import Registry, Service
from tests.conftest import DEMO, RasterMaker
from tests.doors import client_of

ELEVATION = (
    "hillshade_map", "multidirectional_hillshade", "slope_map", "aspect_map", "tinted_relief",
    "contour_hillshade",
)  # fmt: skip
VISIBLE = ("natural_color", "color_infrared", "ndvi_map", "ndwi_map")


def service_of(path: Path, **settings: object) -> Service:
    config = parse({"services": [{"name": "a", "source": str(path), **settings}]}, {})
    return Registry(config, read_renderings).get("a")


def names_of(service: Service) -> tuple[str, ...]:
    assert service.failure is None
    return tuple(rendering.name for rendering in service.renderings)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("elevation.tif", ("None", *ELEVATION)),
        ("sentinel2.tif", ("None", *VISIBLE)),
        ("landcover.tif", ("None", "palette")),
        ("bluemarble.tif", ("None",)),
    ],
)
def test_the_raw_bands_come_first_then_what_suits_the_data(file: str, expected: tuple[str, ...]) -> None:
    assert names_of(service_of(DEMO / file)) == expected


def test_short_wave_infrared_adds_renderings(make_raster: RasterMaker) -> None:
    names = ("blue", "green", "red", "nir", "swir16", "swir22")
    path = make_raster("a.tif", np.ones((6, 8, 8), np.uint16), names=names)
    assert names_of(service_of(path)) == ("None", *VISIBLE, "burn_ratio", "agriculture")


def test_colours_with_infrared_show_no_second_natural_colour(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", np.ones((4, 8, 8), np.uint8), photometric="RGB")
    service = service_of(path, bands=["Red", "Green", "Blue", "NIR"], kind="rgb")
    assert names_of(service) == ("None", "color_infrared", "ndvi_map", "ndwi_map")


def test_the_bundle_can_be_switched_off_and_gives_way_to_configured_renderings() -> None:
    own = [{"name": "own", "rule": {"function": "hillshade"}}]
    assert names_of(service_of(DEMO / "elevation.tif", bundle=False)) == ("None",)
    assert names_of(service_of(DEMO / "elevation.tif", renderings=own)) == ("own", "None")


def test_nothing_is_known_before_the_source_is_open(tmp_path: Path) -> None:
    service = service_of(DEMO / "elevation.tif")
    assert [rendering.name for rendering in service.renderings] == ["None"]
    absent = service_of(tmp_path / "absent.tif")
    assert absent.failure
    assert [rendering.name for rendering in absent.renderings] == ["None"]


@pytest.mark.parametrize("name", [*ELEVATION, *VISIBLE, "burn_ratio", "agriculture", "palette"])
def test_no_rendering_hides_a_function(name: str) -> None:
    assert registry.find(name) is None


@pytest.mark.parametrize(
    ("metres", "expected"), [(0.1, 5), (1, 10), (10, 50), (30, 100), (90, 200), (18_000, 5000)]
)
def test_contours_are_round_and_suit_the_pixels(
    make_raster: RasterMaker, metres: float, expected: float
) -> None:

    path = make_raster(
        "dem.tif", np.ones((8, 8), np.int16), transform=Affine(metres, 0, 5e5, 0, -metres, 5e6)
    )
    assert contour_interval(service_of(path).info) == pytest.approx(expected)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(*(DEMO / f"{name}.tif" for name in ("elevation", "sentinel2", "landcover"))) as found:
        yield found


def picture(client: TestClient, path: str) -> np.ndarray:  # type: ignore[type-arg]
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA"))


@pytest.mark.parametrize(
    ("service", "names"), [("elevation", ELEVATION), ("sentinel2", VISIBLE), ("landcover", ("palette",))]
)
def test_every_door_lists_and_draws_them(client: TestClient, service: str, names: tuple[str, ...]) -> None:
    image_server = f"/arcgis/rest/services/{service}/ImageServer"
    infos = client.get(f"{image_server}/rasterFunctionInfos?f=json").json()["rasterFunctionInfos"]
    assert [info["name"] for info in infos] == ["None", *names]
    page = client.get(f"/view/{service}").text
    seen = set()
    for name in names:
        assert name in page
        assert client.get(f"/tiles/{service}/style/{name}/tilejson.json").status_code == 200
        drawn = picture(client, f"/tiles/{service}/style/{name}/thumbnail.png?size=64")
        opaque = drawn[drawn[..., 3] == 255][:, :3]
        assert len(opaque) > 1000
        assert opaque.std(axis=0).max() > 10
        seen.add(drawn.tobytes())
    assert len(seen) == len(names)


def test_an_export_without_a_rule_stays_raw(client: TestClient) -> None:
    image_server = "/arcgis/rest/services/elevation/ImageServer"
    extent = client.get(f"{image_server}?f=json").json()["extent"]
    box = ",".join(str(extent[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
    answer = client.get(f"{image_server}/exportImage?bbox={box}&size=32,32&format=tiff&f=image")
    with MemoryFile(answer.content) as file, file.open() as raw:
        assert raw.read(1).max() > 3000


def test_aspects_have_the_colours_of_their_directions(make_raster: RasterMaker) -> None:
    falls_to_the_east = np.tile(np.arange(64, 0, -1, dtype=np.int16) * 10, (64, 1))
    path = make_raster("dem.tif", falls_to_the_east)
    with client_of({"name": "dem", "source": str(path)}) as client:
        drawn = picture(client, "/tiles/dem/style/aspect_map/thumbnail.png?size=32")
    assert tuple(drawn[16, 16]) == (247, 220, 78, 255)


@pytest.mark.parametrize(
    "address",
    [
        "/view/elevation?style=slope_map",
        "/tiles/elevation/style/slope_map/10/174/397.png",
        "/tiles/elevation/tilejson.json?style=slope_map",
        "/arcgis/rest/services/elevation/ImageServer/rasterFunctionInfos?f=json",
    ],
)
def test_they_are_known_to_the_first_request(address: str) -> None:
    with client_of(DEMO / "elevation.tif") as client:
        answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png" or "slope_map" in answer.text
