"""Maps: [maps-1 core, spatial-subsetting, scaling, display-resolution, background, crs]."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from httpx import Response
from PIL import Image
from starlette.testclient import TestClient

from tests.doors import client_of
from tests.ogc.api.conftest import rgba

SCENE, WORLD = "/ogc/collections/scene/map", "/ogc/collections/world/map"


def asked(client: TestClient, address: str, **query: Any) -> Response:
    """A map as PNG; underscores of names stand for dashes."""
    found: Response = client.get(
        address, params={"f": "png"} | {n.replace("_", "-"): v for n, v in query.items()}
    )
    return found


def drawn(client: TestClient, address: str, **query: Any) -> np.ndarray[Any, Any]:
    response = asked(client, address, **query)
    assert response.status_code == 200, response.text
    return rgba(response.content)


def box_of(response: Response) -> list[float]:
    return [float(part) for part in response.headers["content-bbox"].split(",")]


def test_a_map_is_in_the_storage_system_unless_it_is_said(client: TestClient) -> None:
    """[core/map-response B, C, D, E]"""
    plain = asked(client, SCENE)
    assert plain.headers["content-crs"] == "http://www.opengis.net/def/crs/EPSG/0/32633"
    [stored] = client.get("/ogc/collections/scene").json()["extent"]["spatial"]["storageCrsBbox"]
    assert box_of(plain) == stored
    world = asked(client, WORLD)
    assert "content-crs" not in world.headers
    assert box_of(world) == [-180, -90, 180, 90]
    assert rgba(world.content).shape == (512, 1024, 4)
    assert "content-datetime" not in world.headers


def test_boxes_are_told_in_the_order_of_the_axes(client: TestClient) -> None:
    """[core/map-response E]"""
    box = "10,40,20,60"
    lon_lat = asked(client, WORLD, bbox=box, crs="OGC:CRS84")
    lat_lon = asked(client, WORLD, bbox="40,10,60,20", bbox_crs="EPSG:4326", crs="[EPSG:4326]")
    assert box_of(lon_lat) == [10, 40, 20, 60]
    assert box_of(lat_lon) == [40, 10, 60, 20]
    assert lat_lon.headers["content-crs"] == "http://www.opengis.net/def/crs/EPSG/0/4326"
    assert lat_lon.content == lon_lat.content


@pytest.mark.parametrize(
    "name",
    ["EPSG:3857", "[EPSG:3857]", "http://www.opengis.net/def/crs/EPSG/0/3857",
     "https://www.opengis.net/def/crs/EPSG/0/3857", "urn:ogc:def:crs:EPSG::3857", "EPSG:900913"],
)  # fmt: skip
def test_systems_are_read_in_every_spelling(client: TestClient, name: str) -> None:
    """[crs/crs-definition C]"""
    response = asked(client, WORLD, bbox="0,0,1000000,1000000", bbox_crs=name, crs=name, width=64, height=64)
    assert response.headers["content-crs"] == "http://www.opengis.net/def/crs/EPSG/0/3857"
    assert box_of(response) == [0, 0, 1000000, 1000000]


def test_every_system_of_a_collection_is_drawn(client: TestClient) -> None:
    """[crs/crs-definition A] And no other."""
    for name in ("world", "dem:sierra", "scene", "classes"):
        for uri in client.get(f"/ogc/collections/{name}").json()["crs"]:
            response = asked(client, f"/ogc/collections/{name}/map", crs=uri, width=64)
            assert response.status_code == 200, uri
            assert (rgba(response.content)[..., 3] > 0).mean() > 0.3
    assert asked(client, WORLD, crs="EPSG:32633").status_code == 400
    assert asked(client, WORLD, crs="EPSG:999999").status_code == 400


def test_a_box_is_given_in_any_of_the_systems(client: TestClient) -> None:
    """[spatial-subsetting/bbox-crs, subset-crs] CRS84 by default, the storage system, that of the map."""
    utm = (375000, 5815000, 379000, 5817000)
    whole = asked(client, SCENE, bbox=",".join(map(str, utm)), bbox_crs="EPSG:32633", width=80)
    assert box_of(whole) == list(utm)
    assert rgba(whole.content).shape == (40, 80, 4)
    same = asked(
        client, SCENE, subset="E(375000:379000),N(5815000:5817000)", subset_crs="[EPSG:32633]", width=80
    )
    assert same.content == whole.content
    degrees = asked(client, SCENE, bbox="12.55,52.46,12.65,52.5", crs="OGC:CRS84", width=80, height=60)
    split = client.get(SCENE, params=[
        ("subset", "Lat(52.46:52.5)"), ("subset", "Lon(12.55:12.65)"), ("crs", "OGC:CRS84"), ("width", "80"),
        ("height", "60"), ("f", "png"),
    ])  # fmt: skip
    assert split.content == degrees.content
    heights = asked(client, SCENE, bbox="12.55,52.46,0,12.65,52.5,100", crs="OGC:CRS84", width=80, height=60)
    assert heights.content == degrees.content


def test_a_box_is_stretched_to_the_size_and_is_exact(client: TestClient, gappy: Path) -> None:
    with client_of({"name": "gappy", "source": str(gappy), "interpolation": "nearest"}) as small:
        picture = drawn(small, "/ogc/collections/gappy/map", bbox="-10,-10,10,10", width=100, height=40)
        assert picture.shape == (40, 100, 4)
        assert (picture[:, :50] == (200, 200, 200, 255)).all()
        assert not picture[:, 50:, 3].any()


def test_one_side_alone_keeps_the_aspect_on_the_ground(client: TestClient) -> None:
    """[scaling/width-definition, height-definition] At 60 north a degree east is half a degree north."""
    assert drawn(client, WORLD, bbox="0,59,2,61", width=100).shape[0] == pytest.approx(200, abs=2)
    assert drawn(client, WORLD, bbox="0,59,2,61", height=100).shape[1] == pytest.approx(50, abs=1)
    flat = drawn(client, WORLD, bbox="0,0,100000,200000", bbox_crs="EPSG:3857", crs="EPSG:3857", width=50)
    assert flat.shape[:2] == (100, 50)
    assert max(drawn(client, WORLD, bbox="0,59,2,61").shape) == 1024


def test_a_map_around_a_point_is_at_the_native_scale_or_the_one_asked_for(client: TestClient) -> None:
    """[spatial-subsetting/center-definition, subsetting-width-height, scaling/scale-denominator]"""
    native = asked(client, SCENE, center="12.6,52.49", width=64, height=32)
    box = box_of(native)
    pixel = 60.0
    [stored] = client.get("/ogc/collections/scene").json()["extent"]["spatial"]["storageCrsBbox"]
    pixel = (stored[2] - stored[0]) / _columns(client)
    assert (box[2] - box[0]) / 64 == pytest.approx(pixel, rel=1e-3)
    assert (box[3] - box[1]) / 32 == pytest.approx(pixel, rel=1e-3)
    scaled = asked(client, SCENE, center="12.6,52.49", scale_denominator=50000, width=64, height=32)
    # 0.28 mm on the map are 14 m on the ground; UTM's own scale departs from that by less than a thousandth.
    assert (box_of(scaled)[2] - box_of(scaled)[0]) / 64 == pytest.approx(14, rel=2e-3)
    finer = asked(client, SCENE, center="12.6,52.49", scale_denominator=50000, width=64, height=32,
                  mm_per_pixel=0.14)  # fmt: skip
    assert (box_of(finer)[2] - box_of(finer)[0]) / 64 == pytest.approx(7, rel=2e-3)
    mercator = asked(client, SCENE, center="12.6,52.49", scale_denominator=50000, width=64, height=32,
                     crs="EPSG:3857")  # fmt: skip
    # Web Mercator shows the ground 1 / cos(52.49) times too large.
    assert (box_of(mercator)[2] - box_of(mercator)[0]) / 64 == pytest.approx(14 / 0.6089, rel=5e-3)
    flipped = asked(client, SCENE, center="52.49,12.6", center_crs="EPSG:4326", width=64, height=32)
    assert flipped.content == native.content


def _columns(client: TestClient) -> int:
    facts = client.get("/arcgis/rest/services/scene/ImageServer?f=json").json()
    return round((facts["extent"]["xmax"] - facts["extent"]["xmin"]) / facts["pixelSizeX"])


def test_a_scale_gives_the_size_of_a_box(client: TestClient) -> None:
    picture = drawn(client, SCENE, bbox="375000,5815000,379000,5817000", bbox_crs="EPSG:32633",
                    scale_denominator=100000)  # fmt: skip
    assert picture.shape[1] == pytest.approx(4000 / 28, abs=1)
    assert picture.shape[0] == pytest.approx(2000 / 28, abs=1)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("bbox=0,0,1", 400), ("bbox=0,0,1,1,1", 400), ("bbox=a,0,1,1", 400), ("bbox=0,0,nan,1", 400),
        ("bbox=0,0,inf,1", 400), ("bbox=0,1,1,0", 400), ("bbox=0,0,0,1", 400),
        ("bbox=0,0,1,1&center=0,0", 400), ("bbox=0,0,1,1&subset=Lat(0:1)", 400),
        ("center=0,0&subset=Lon(0:1)", 400), ("center=0", 400), ("center=0,0,0", 400),
        ("bbox=0,0,1,1&bbox-crs=EPSG:1", 400), ("bbox=0,0,1,1&bbox-crs=nonsense", 400),
        ("center=0,0&center-crs=nonsense", 400), ("subset=Lat(0:1)&subset-crs=nonsense", 400),
        ("width=0", 400), ("width=-5", 400), ("width=1.5", 400), ("width=many", 400), ("height=0", 400),
        ("width=10000", 413), ("height=10000", 413), ("width=5000&height=1", 413),
        ("bbox=0,0,1,1&scale-denominator=1000&width=10", 400),
        ("subset=Lat(0:1)&scale-denominator=1000&height=10", 400),
        ("bbox=0,0,90,45&scale-denominator=1000", 413),
        ("scale-denominator=0", 400), ("scale-denominator=-1", 400), ("scale-denominator=x", 400),
        ("mm-per-pixel=0", 400), ("mm-per-pixel=-0.28", 400), ("mm-per-pixel=x", 400),
        ("subset=Height(0:1)", 400), ("subset=E(0:1)", 400), ("subset=Lat", 400), ("subset=Lat(0:1:2)", 400),
        ("subset=Lat(1:0)", 400), ("subset=Lat(a:b)", 400), ("subset=Lat(0:1),Lat(2:3)", 400),
        ("subset=Lat(0:1)Lon(0:1)", 400), ("subset=time(0:1:2:x)", 400),
        ("subset=Lat(91:95)", 204), ("subset=Lon(190:195),Lat(0:1)", 204),
        ("bgcolor=nocolour", 400), ("bgcolor=0xFFFF", 400), ("transparent=2", 400), ("void-color=x", 400),
        ("void-transparent=x", 400), ("datetime=yesterday", 400), ("datetime=2020-01-02/2020-01-01", 400),
        ("f=gif", 400), ("f=image/gif", 400), ("crs=nonsense", 400), ("width=1&width=2", 400),
        ("interpolation=x", 400), ("bands=99", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(client: TestClient, query: str, status: int) -> None:
    response = client.get(f"{WORLD}?{query}")
    assert response.status_code == status, response.text
    if status != 204:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == status
    else:
        assert response.content == b""


@pytest.mark.parametrize("subset", ["Lat(10),Lon(20)", "Lon(20:20),Lat(10:10)"])
def test_one_value_on_both_axes_is_a_place(client: TestClient, subset: str) -> None:
    """[spatial-subsetting/subset-response A] a map around it, as of `center`"""
    size = {"width": 32, "height": 16}
    found = client.get(WORLD, params={"subset": subset} | size)
    assert found.status_code == 200, found.text
    around = client.get(WORLD, params={"center": "20,10"} | size)
    assert found.content == around.content
    assert found.headers["content-bbox"] == around.headers["content-bbox"]
    assert client.get(WORLD, params={"subset": "Lat(200),Lon(0)"}).status_code == 204


def test_a_number_of_pixels_may_be_written_as_a_decimal(client: TestClient) -> None:
    """The standard's schema of width is a number."""
    assert drawn(client, WORLD, width="20.0", height="10.").shape[:2] == (10, 20)


def test_a_void_colour_alone_is_seen(client: TestClient) -> None:
    """[background/void-color-definition B] the suite looks for it beside no other parameter."""
    box = {"bbox": "-180,-120,180,120", "width": 24, "height": 24}
    assert drawn(client, WORLD, **box, void_color="nAvY")[0, 0].tolist() == [0, 0, 128, 255]
    assert drawn(client, WORLD, **box, void_color="navy", transparent="true")[0, 0, 3] == 0
    assert drawn(client, WORLD, **box, void_color="navy", void_transparent="true")[0, 0, 3] == 0


def test_a_map_across_the_antimeridian_is_in_one_piece(client: TestClient) -> None:
    """[spatial-subsetting/subset-definition E]"""
    across = drawn(client, WORLD, subset="Lon(170:-170),Lat(-20:20)", width=40, height=80)
    boxed = drawn(client, WORLD, bbox="170,-20,-170,20", width=40, height=80)
    np.testing.assert_array_equal(across, boxed)
    west = drawn(client, WORLD, bbox="170,-20,180,20", width=20, height=80)
    east = drawn(client, WORLD, bbox="-180,-20,-170,20", width=20, height=80)
    # Interpolation looks over the seam on one side and not on the other.
    inner = across[:, 2:18, :3].astype(int) - west[:, 2:18, :3]
    assert np.abs(inner).max() <= 1
    assert np.abs(across[:, 22:38, :3].astype(int) - east[:, 2:18, :3]).max() <= 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (0, 0, 0, 0)),
        ({"transparent": "false"}, (255, 255, 255, 255)),
        ({"transparent": "FALSE"}, (255, 255, 255, 255)),
        ({"bgcolor": "0xFF8000"}, (255, 128, 0, 255)),
        ({"bgcolor": "ff8000"}, (255, 128, 0, 255)),
        ({"bgcolor": "DarkOrange"}, (255, 140, 0, 255)),
        ({"bgcolor": "red", "transparent": "false"}, (255, 0, 0, 255)),
    ],
)
def test_the_background_is_the_one_asked_for(
    gappy: Path, query: dict[str, str], expected: tuple[int, ...]
) -> None:
    """[background/map-success, bgcolor-definition, transparent-definition]"""
    with client_of({"name": "gappy", "source": str(gappy)}) as client:
        picture = drawn(client, "/ogc/collections/gappy/map", **query)
        assert tuple(picture[512, 900]) == expected
        assert tuple(picture[512, 100]) == (200, 200, 200, 255)


def test_a_transparent_background_with_a_colour_keeps_alpha_0(gappy: Path) -> None:
    """[background/transparent-definition E]"""
    with client_of({"name": "gappy", "source": str(gappy)}) as client:
        picture = drawn(client, "/ogc/collections/gappy/map", bgcolor="red", transparent="true")
        assert tuple(picture[512, 900]) == (255, 0, 0, 0), "the colour is there, hidden"
        jpeg = client.get("/ogc/collections/gappy/map?f=jpeg")
        assert rgba(jpeg.content)[512, 900].min() > 250, "what knows no transparency has white"


def test_a_png_has_an_alpha_band_where_it_is_negotiated(client: TestClient) -> None:
    """[png/content C] Every pixel of this map is opaque."""
    address = f"{WORLD}?width=64"
    for query, headers, mode in (
        ("", {"Accept": "image/png"}, "RGBA"),
        ("&f=png&transparent=true", {}, "RGBA"),
        ("&f=png", {}, "RGB"),
        ("&bgcolor=red", {"Accept": "image/png"}, "RGB"),
    ):
        with Image.open(BytesIO(client.get(address + query, headers=headers).content)) as image:
            assert image.mode == mode, query


def test_beyond_the_valid_area_there_is_the_void(gappy: Path) -> None:
    """[background/void-color-definition, void-transparent-definition]"""
    query = {"bbox": "-180,-180,180,180", "width": 90, "height": 90, "crs": "OGC:CRS84"}
    with client_of({"name": "gappy", "source": str(gappy)}) as client:
        address = "/ogc/collections/gappy/map"
        both = drawn(client, address, **query, bgcolor="white", void_color="black")
        assert tuple(both[5, 45]) == (0, 0, 0, 255)
        assert tuple(both[30, 45]) == (255, 255, 255, 255)
        assert tuple(both[45, 44]) == (200, 200, 200, 255)
        hole = drawn(client, address, **query, bgcolor="white", void_transparent="true")
        assert hole[5, 45, 3] == 0
        assert hole[30, 45, 3] == 255
        seen = drawn(client, address, **query, void_transparent="false", void_color="blue")
        assert tuple(seen[5, 45]) == (0, 0, 255, 255)
        assert seen[30, 45, 3] == 0
        same = drawn(client, address, **query, bgcolor="white")
        assert tuple(same[5, 45]) == (255, 255, 255, 255)


def test_a_map_of_the_dataset_composes_collections(client: TestClient) -> None:
    """[collections-selection/collections-parameter, collections-response]"""
    box = {"bbox": "-119.5,36.5,-118,38.5", "width": 60, "height": 80, "crs": "OGC:CRS84"}
    world = drawn(client, "/ogc/map", **box, collections="world")
    sierra = drawn(client, "/ogc/map", **box, collections="dem:sierra")
    both = drawn(client, "/ogc/map", **box, collections="world,dem:sierra")
    np.testing.assert_array_equal(both, np.where(sierra[..., 3:] > 0, sierra, world))
    again = asked(client, "/ogc/map", **box, collections="world,dem:sierra")
    assert "hit" in again.headers["cache-status"]
    etag = {"If-None-Match": again.headers["etag"]}
    repeated = client.get(
        "/ogc/map", params={"f": "png", "collections": "world,dem:sierra"} | box, headers=etag
    )
    assert repeated.status_code == 304
    jpeg = client.get("/ogc/map", params={"f": "jpeg", "collections": "world,dem:sierra"} | box)
    # JPEG of the same picture: its loss is a few grey levels.
    assert np.abs(rgba(jpeg.content)[..., :3].astype(int) - both[..., :3]).mean() < 6


def test_a_styled_map_is_in_its_style(client: TestClient) -> None:
    """[styled-map/operation]"""
    shade = asked(client, "/ogc/collections/dem:sierra/styles/shade/map", width=64).content
    plain = asked(client, "/ogc/collections/dem:sierra/styles/plain/map", width=64).content
    assert shade == asked(client, "/ogc/collections/dem:sierra/map", width=64).content
    assert plain != shade
    assert asked(client, "/ogc/collections/dem:sierra/styles/none-such/map").status_code == 404


def test_our_own_parameters_choose_bands_and_interpolation(client: TestClient) -> None:
    one = drawn(client, SCENE, bands="NIR", width=64)
    assert (one[..., 0] == one[..., 1]).all()
    nearest = drawn(client, WORLD, interpolation="nearest", bbox="0,0,2,2", width=64)
    assert len(np.unique(nearest.reshape(-1, 4), axis=0)) < 200
