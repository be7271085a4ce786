"""Tiles: [tiles-1 core tc-success, tc-error], [maps-1 tilesets]."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.io import MemoryFile
from starlette.testclient import TestClient

from tests.doors import client_of
from tests.ogc.api.conftest import link, rgba

WORLD = "/ogc/collections/world/map/tiles/WebMercatorQuad"


def test_a_tile_is_byte_for_byte_that_of_the_tile_door_and_its_cache_hit() -> None:
    from tests.ogc.api.conftest import SERVICES

    with client_of(*SERVICES) as client:
        plain = client.get("/tiles/dem/sierra/9/87/198.png")
        assert plain.status_code == 200
        assert "fwd=miss" in plain.headers["cache-status"]
        tile = client.get("/ogc/collections/dem:sierra/map/tiles/WebMercatorQuad/9/198/87?f=png")
        assert tile.content == plain.content
        assert tile.headers["etag"] == plain.headers["etag"]
        assert "hit" in tile.headers["cache-status"]
        styled = client.get(
            "/ogc/collections/dem:sierra/styles/shade/map/tiles/WebMercatorQuad/9/198/87?f=png"
        )
        assert styled.content == plain.content
        again = client.get("/ogc/collections/dem:sierra/map/tiles/WebMercatorQuad/9/198/87?f=png")
        assert again.headers["cache-status"] == "cogproxy; hit"
        side = 2 * 20037508.342789244 / 2**9
        west, north = -20037508.342789244 + 87 * side, 20037508.342789244 - 198 * side
        box = f"{west!r},{north - side!r},{west + side!r},{north!r}"
        for query in (
            {"bbox": box, "bbox-crs": "EPSG:3857", "crs": "[EPSG:3857]"},
            {"subset": f"E({west!r}:{west + side!r}),N({north - side!r}:{north!r})",
             "subset-crs": "http://www.opengis.net/def/crs/EPSG/0/3857", "crs": "EPSG:3857"},
        ):  # fmt: skip
            size = {"width": "256", "height": "256", "f": "png"}
            mapped = client.get("/ogc/collections/dem:sierra/map", params=query | size)
            assert mapped.content == plain.content
            assert "hit" in mapped.headers["cache-status"]
        other = client.get(
            "/ogc/collections/dem:sierra/styles/plain/map/tiles/WebMercatorQuad/9/198/87?f=png"
        )
        assert other.content != plain.content


def test_every_tile_within_the_limits_is_there_and_none_beyond(client: TestClient) -> None:
    """[tc-success, tc-error A] The limits of every tileset, at their corners."""
    for name in ("world", "dem:sierra", "scene"):
        for entry in client.get(f"/ogc/collections/{name}/map/tiles").json()["tilesets"]:
            tileset = client.get(link(entry, "self")["href"]).json()
            template = link(tileset, "item", "image/png")["href"]
            limits = tileset["tileMatrixSetLimits"]
            for limit in (limits[0], limits[-1]):
                for row in (limit["minTileRow"], limit["maxTileRow"]):
                    assert _asked(client, template, limit["tileMatrix"], row, limit["minTileCol"]) == 200
                below = limit["maxTileRow"] + 1
                assert _asked(client, template, limit["tileMatrix"], below, limit["minTileCol"]) == 404
                right = limit["maxTileCol"] + 1
                assert _asked(client, template, limit["tileMatrix"], limit["minTileRow"], right) == 404
            finer = str(int(limits[-1]["tileMatrix"]) + 1)
            assert _asked(client, template, finer, limits[-1]["minTileRow"] * 2, 0) == 404


def _asked(client: TestClient, template: str, matrix: str, row: int, col: int) -> int:
    address = template.replace("{tileMatrix}", matrix).replace("{tileRow}", str(row))
    response = client.get(address.replace("{tileCol}", str(col)))
    if response.status_code == 200:
        assert rgba(response.content).shape[:2] == (256, 256)
    else:
        assert response.headers["content-type"] == "application/problem+json"
    return response.status_code


@pytest.mark.parametrize("row", ["2147483647", "99999999999999999999", "-1", "0x1", "1.5", "two", "%D9%A1"])
def test_a_row_that_is_none_is_refused(client: TestClient, row: str) -> None:
    response = client.get(f"{WORLD}/2/{row}/0")
    assert response.status_code in (400, 404)
    assert response.headers["content-type"] == "application/problem+json"


def test_a_tile_is_where_its_row_and_column_say(client: TestClient) -> None:
    """Row before column, from the top: Australia is in the south-east."""
    south_east = rgba(client.get(f"{WORLD}/1/1/1?f=png").content)[..., :3].astype(int)
    north_west = rgba(client.get(f"{WORLD}/1/0/0?f=png").content)[..., :3].astype(int)
    australia = south_east[30:40, 185:195].mean(axis=(0, 1))
    assert australia[0] > australia[2] + 20, "the desert is red"
    greenland = north_west[100:110, 190:202].mean(axis=(0, 1))
    assert greenland.min() > 180, "the ice is white"


@pytest.mark.parametrize(
    ("f", "kind"),
    [("png", "PNG"), ("jpeg", "JPEG"), ("jpg", "JPEG"), ("webp", "WEBP"), ("image/png", "PNG"),
     ("image/jpeg", "JPEG"), ("image%2Ftiff", "TIFF"), ("tiff", "TIFF")],
)  # fmt: skip
def test_a_tile_comes_in_every_format(client: TestClient, f: str, kind: str) -> None:
    response = client.get(f"{WORLD}/0/0/0?f={f}")
    assert response.status_code == 200
    with Image.open(io.BytesIO(response.content)) as image:
        assert (image.format, image.size) == (kind, (256, 256))


def test_a_tiff_tile_holds_colours_in_strips_at_its_place(client: TestClient) -> None:
    """[tiff/content, tiff/geotiff]"""
    response = client.get("/ogc/collections/dem:sierra/map/tiles/WebMercatorQuad/9/198/87?f=tiff")
    assert response.headers["content-type"] == "image/tiff"
    with MemoryFile(response.content) as memory, memory.open() as file:
        assert not file.profile["tiled"]
        assert set(file.dtypes) == {"uint8"}
        side = 2 * 20037508.342789244 / 2**9
        assert file.bounds.left == pytest.approx(-20037508.342789244 + 87 * side)
        assert file.bounds.top == pytest.approx(20037508.342789244 - 198 * side)
        assert file.crs == rasterio.crs.CRS.from_epsg(3857)
        picture = file.read()
    png = rgba(client.get("/ogc/collections/dem:sierra/map/tiles/WebMercatorQuad/9/198/87?f=png").content)
    shown = png[..., 3] > 0
    np.testing.assert_array_equal(picture[0][shown], png[..., 0][shown])


def test_a_tile_without_data_is_blank(gappy: Path) -> None:
    """[tc-error B]"""
    with client_of({"name": "gappy", "source": str(gappy)}) as client:
        address = "/ogc/collections/gappy/map/tiles/WorldCRS84Quad/0/0/1"
        tile = rgba(client.get(f"{address}?f=png").content)
        assert tile.shape == (256, 256, 4)
        assert not tile[..., 3].any()
        red = rgba(client.get(f"{address}?f=png&bgcolor=red").content)
        assert (red == (255, 0, 0, 255)).all()


def test_tiles_take_the_parameters_of_maps(client: TestClient) -> None:
    """[tilesets/tiles-parameters]"""
    address = "/ogc/collections/scene/map/tiles/WebMercatorQuad/11/671/1095"
    plain = rgba(client.get(f"{address}?f=png").content)
    assert (plain[..., 3] == 0).any()
    blue = rgba(client.get(f"{address}?f=png&bgcolor=BLUE").content)
    assert (blue[..., 3] == 255).all()
    assert (blue[plain[..., 3] == 0] == (0, 0, 255, 255)).all()
    assert rgba(client.get(f"{address}?f=png&width=512").content).shape == (512, 512, 4)
    assert rgba(client.get(f"{address}?f=png&height=128&mm-per-pixel=0.1").content).shape == (128, 128, 4)
    scaled = rgba(client.get(f"{address}?f=png&scale-denominator=100000").content)
    halved = rgba(client.get(f"{address}?f=png&scale-denominator=200000").content)
    assert scaled.shape[0] == pytest.approx(2 * halved.shape[0], abs=1)
    for wrong in ("width=0", "width=x", "mm-per-pixel=0", "mm-per-pixel=-1", "scale-denominator=-5",
                  "bgcolor=nocolour", "transparent=perhaps", "subset=Lat(1:2)", "subset=depth(5)",
                  "datetime=yesterday", "width=256&scale-denominator=1000", "bands=9"):  # fmt: skip
        response = client.get(f"{address}?{wrong}")
        assert response.status_code == 400, wrong
        assert response.headers["content-type"] == "application/problem+json"
    assert client.get(f"{address}?width=5000").status_code == 413


def test_tiles_of_the_dataset_show_the_collections_asked_for(client: TestClient) -> None:
    """[collections-selection] By identifier or address, the last one on top."""
    path = "/ogc/map/tiles/WebMercatorQuad/2/1/0?f=png"
    world = client.get(f"{path}&collections=world").content
    assert client.get(path).content == world, "the first collection is the default"
    sierra = rgba(client.get(f"{path}&collections=dem:sierra").content)
    both = rgba(client.get(f"{path}&collections=world,dem:sierra").content)
    turned = rgba(
        client.get(f"{path}&collections=dem:sierra,http://testserver/ogc/collections/world").content
    )
    inside = sierra[..., 3] > 0
    assert inside.any()
    assert not inside.all()
    below = rgba(world)
    np.testing.assert_array_equal(both, np.where(inside[..., None], sierra, below))
    np.testing.assert_array_equal(turned, below)
    assert client.get(f"{path}&collections=world,nothing").status_code == 400
    assert client.get(f"{path}&collections={','.join(['world'] * 17)}").status_code == 400
    assert client.get(f"{path}&collections=http://testserver/ogc/map").status_code == 400


def test_the_tilejson_leads_to_the_same_tiles(client: TestClient) -> None:
    found = client.get("/ogc/collections/dem:sierra/map/tiles/WebMercatorQuad?f=tilejson").json()
    address = found["tiles"][0].format(z=9, y=198, x=87)
    parts = urlsplit(address)
    tile = client.get(f"{parts.path}?{parts.query}").content
    assert tile == client.get("/tiles/dem/sierra/9/87/198.png").content
    assert found["maxzoom"] == client.get("/tiles/dem/sierra/tilejson.json").json()["maxzoom"]
    assert client.get("/ogc/collections/world/map/tiles/WorldCRS84Quad?f=tilejson").status_code == 400


def test_an_unknown_tile_matrix_set_is_not_found(client: TestClient) -> None:
    for path in ("/ogc/tileMatrixSets/None", "/ogc/map/tiles/None", f"{WORLD[:-15]}None/0/0/0"):
        assert client.get(path).status_code == 404
    # Known, and not one that the server offers.
    assert client.get("/ogc/collections/world/map/tiles/CDB1GlobalGrid").status_code == 404
