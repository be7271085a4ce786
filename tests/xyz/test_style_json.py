from __future__ import annotations

from starlette.testclient import TestClient

from tests.conftest import DATA, DEMO
from tests.doors import client_of

DEM = {
    "name": "dem/sierra", "title": "Sierra", "source": str(DEMO / "elevation.tif"), "attribution": "USGS",
    "renderings": [{"name": "shade", "rule": {"function": "hillshade"}}],
}  # fmt: skip


def test_a_style_shows_the_tiles_that_the_tilejson_describes() -> None:
    with client_of(DEM) as client:
        style = client.get("/tiles/dem/sierra/style.json").json()
        tilejson = client.get("/tiles/dem/sierra/tilejson.json").json()
        [source] = style["sources"].values()
        assert style["version"] == 8
        assert source["type"] == "raster"
        assert source["tileSize"] == 256
        for name in ("tiles", "minzoom", "maxzoom", "bounds", "attribution"):
            assert source[name] == tilejson[name]
        assert style["layers"] == [{"id": "dem/sierra", "type": "raster", "source": "dem/sierra"}]
        assert style["center"] == tilejson["center"][:2]


def test_a_style_keeps_what_it_is_asked_with() -> None:
    with client_of(DEM) as client:
        assert _tiles(client, "/tiles/dem/sierra/style/shade/style.json").endswith(
            "/tiles/dem/sierra/style/shade/{z}/{x}/{y}.png"
        )
        query = "?colormap=viridis&rescale=0,4000"
        assert _tiles(client, f"/tiles/dem/sierra/style.json{query}").endswith(
            ".png?colormap=viridis&rescale=0%2C4000"
        )
        assert client.get("/tiles/dem/sierra/style.json?colormap=none-such").status_code == 400
        assert client.get("/tiles/dem/sierra/style/none-such/style.json").status_code == 404


def test_terrain_is_hillshaded_by_the_client() -> None:
    with client_of(DEM) as client:
        for asked, word in (("terrarium", "terrarium"), ("terrainrgb", "mapbox")):
            style = client.get(f"/tiles/dem/sierra/style.json?encoding={asked}").json()
            [source] = style["sources"].values()
            assert (source["type"], source["encoding"]) == ("raster-dem", word)
            assert style["layers"][0]["type"] == "hillshade"


def test_there_is_no_style_of_what_is_not_on_the_earth() -> None:
    with client_of(DATA / "mars_equirectangular_rgb_jpeg.tif") as client:
        assert client.get("/tiles/mars_equirectangular_rgb_jpeg/style.json").status_code == 404


def _tiles(client: TestClient, path: str) -> str:
    [source] = client.get(path).json()["sources"].values()
    [address] = source["tiles"]
    return str(address)
