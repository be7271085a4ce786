from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from morecantile import tms
from PIL import Image
from rasterio.io import MemoryFile
from starlette.testclient import TestClient

from tests.conftest import DEMO, RasterMaker
from tests.doors import client_of

DEM_TILE = "/tiles/elevation/10/174/397"
SCENE_TILE = "/tiles/sentinel2/12/2191/1343"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(*(DEMO / f"{name}.tif" for name in ("elevation", "sentinel2", "bluemarble"))) as found:
        yield found


def png(client: TestClient, address: str) -> np.ndarray:  # type: ignore[type-arg]
    answer = client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return np.asarray(Image.open(BytesIO(answer.content)).convert("RGBA")).astype(np.int64)


def numbers(client: TestClient, address: str) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    with MemoryFile(answer.content) as file, file.open() as raw:
        return raw.read().astype(np.float64), raw.dataset_mask() > 0


def decoded(colors: np.ndarray, encoding: str) -> np.ndarray:  # type: ignore[type-arg]
    """Heights as MapLibre unpacks them: a dot product with the encoding's factors, less its offset."""
    red, green, blue = colors[..., 0], colors[..., 1], colors[..., 2]
    if encoding == "terrarium":
        return np.asarray(red * 256.0 + green + blue / 256.0 - 32768.0)
    return np.asarray(red * 6553.6 + green * 25.6 + blue * 0.1 - 10000.0)


@pytest.mark.parametrize(("encoding", "step"), [("terrarium", 1 / 256), ("terrainrgb", 0.1)])
@pytest.mark.parametrize("tile", [DEM_TILE, "/tiles/elevation/8/43/99", "/tiles/elevation/0/0/0"])
def test_decoded_heights_are_those_of_the_source(
    client: TestClient, tile: str, encoding: str, step: float
) -> None:
    colors = png(client, f"{tile}.png?encoding={encoding}")
    assert (colors[..., 3] == 255).all()
    raw, valid = numbers(client, f"{tile}.tif?style=None")
    assert valid.any()
    # Half a step, and the rounding of the decoder's float arithmetic.
    assert np.abs(decoded(colors, encoding) - raw[0])[valid].max() <= step / 2 + 1e-6
    assert not np.abs(decoded(colors, encoding)[~valid]).any()


@pytest.mark.parametrize("encoding", ["terrarium", "terrainrgb"])
def test_a_tile_without_data_is_sea_level(client: TestClient, encoding: str) -> None:
    colors = png(client, f"/tiles/elevation/10/500/500.png?encoding={encoding}")
    assert (colors[..., 3] == 255).all()
    assert not decoded(colors, encoding).any()


def test_fractions_of_metres_survive(make_raster: RasterMaker) -> None:
    heights = np.linspace(-431.27, 8848.86, 64 * 64, dtype=np.float32).reshape(64, 64)
    path = make_raster("dem.tif", heights, crs="EPSG:3857")
    with client_of({"name": "dem", "source": str(path)}) as client:
        document = client.get("/tiles/dem/tilejson.json").json()
        where = tms.get("WebMercatorQuad").tile(*document["center"][:2], 13)
        tile = f"/tiles/dem/{where.z}/{where.x}/{where.y}"
        raw, valid = numbers(client, f"{tile}.tif")
        colors = png(client, f"{tile}.png?encoding=terrarium")
    assert np.abs(decoded(colors, "terrarium") - raw[0])[valid].max() <= 1 / 512 + 1e-6


def test_tilejson_names_the_encoding_in_the_words_of_maplibre(client: TestClient) -> None:
    def document(encoding: str) -> dict[str, object]:
        answer = client.get(f"/tiles/elevation/tilejson.json?encoding={encoding}")
        assert answer.status_code == 200
        found: dict[str, object] = answer.json()
        return found

    assert document("terrarium")["encoding"] == "terrarium"
    assert document("Terrain-RGB")["encoding"] == "mapbox"
    assert document("terrarium")["tiles"][0].endswith("{y}.png?encoding=terrarium")  # type: ignore[index]
    assert "encoding" not in client.get("/tiles/elevation/tilejson.json").json()


@pytest.mark.parametrize("expression", ["(b4-b3)/(b4%2Bb3)", "(B08-B04)/(B08%2BB04)"])
def test_an_expression_by_number_or_label(client: TestClient, expression: str) -> None:
    raw, valid = numbers(client, f"{SCENE_TILE}.tif?style=None")
    found, _ = numbers(client, f"{SCENE_TILE}.tif?expression={expression}")
    expected = (raw[3] - raw[2]) / np.where(raw[3] + raw[2], raw[3] + raw[2], 1)
    # float32 arithmetic.
    np.testing.assert_allclose(found[0][valid], expected[valid], atol=1e-6)


def test_a_range_of_values_is_spread_over_all_bands(client: TestClient) -> None:
    raw, valid = numbers(client, f"{SCENE_TILE}.tif?style=None")
    drawn = png(client, f"{SCENE_TILE}.png?rescale=1000,3000")
    for channel, band in enumerate((2, 1, 0)):
        expected = np.clip(np.floor((raw[band] - 1000) * 255 / 2000 + 0.5), 0, 255)
        # One step, where the arithmetic of float32 rounds the other way.
        assert np.abs(drawn[..., channel] - expected)[valid].max() <= 1


def test_a_pair_for_each_band(client: TestClient) -> None:
    three = png(client, f"{SCENE_TILE}.png?bands=B08,B03,B02&rescale=0,5000,0,4000,0,3000")
    for channel, (band, high) in enumerate((("B08", 5000), ("B03", 4000), ("B02", 3000))):
        one = png(client, f"{SCENE_TILE}.png?bands={band}&rescale=0,{high}")
        assert (three[..., channel] == one[..., 0]).all()


def test_colours_by_name(client: TestClient) -> None:
    raw, valid = numbers(client, f"{DEM_TILE}.tif?style=None")
    drawn = png(client, f"{DEM_TILE}.png?rescale=1000,4000&colormap=viridis")
    turned = png(client, f"{DEM_TILE}.png?rescale=1000,4000&colormap=viridis_r")
    low, high = (np.unravel_index(find(raw[0]), raw[0].shape) for find in (np.argmin, np.argmax))
    # From dark violet to bright yellow.
    assert drawn[high][:3].sum() > drawn[low][:3].sum()
    assert turned[high][:3].sum() < turned[low][:3].sum()
    ramp = png(client, f"{DEM_TILE}.png?colormap=Elevation%20%231")
    assert len(np.unique(ramp[..., :3].reshape(-1, 3), axis=0)) > 20
    assert valid.all()


def test_colours_without_a_range_meet_at_the_edges(client: TestClient) -> None:
    # The whole source's range: a tile at double density shows the same colours as the tile itself.
    one = png(client, f"{DEM_TILE}.png?colormap=terrain").reshape(-1, 4).mean(axis=0)
    two = png(client, f"{DEM_TILE}@2x.png?colormap=terrain").reshape(-1, 4).mean(axis=0)
    assert np.abs(one - two).max() < 2


def test_all_together(client: TestClient) -> None:
    query = "expression=(b4-b3)/(b4%2Bb3)&rescale=-1,1&colormap=RdYlGn"
    drawn = png(client, f"{SCENE_TILE}.png?{query}")
    assert drawn[..., :3].std() > 10
    document = client.get(f"/tiles/sentinel2/tilejson.json?{query}").json()
    address = document["tiles"][0].replace("http://testserver", "")
    again = png(client, address.format(z=12, x=2191, y=1343))
    assert (again == drawn).all()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("encoding=rgb", "terrarium or terrainrgb"),
        ("encoding=terrarium&style=None", "'style'"),
        ("encoding=terrarium&rescale=0,1", "neither rescale nor colormap"),
        ("rescale=1", "min,max"),
        ("rescale=5,1", "min below max"),
        ("rescale=1,2,3", "min,max"),
        ("rescale=a,b", "min,max"),
        ("rescale=nan,2", "min,max"),
        ("rescale=0,inf", "finite"),
        ("colormap=nothing", "no colour map 'nothing'"),
        ("colormap=viridis&style=hillshade_map", "'style'"),
        ("expression=b1&colormap=viridis", "'rescale'"),
        ("expression=b1%2B", "'expression'"),
        ("expression=b7", "'expression'"),
        ("expression=__import__('os')", "'expression'"),
    ],
)
def test_what_has_no_meaning_is_said(client: TestClient, query: str, words: str) -> None:
    for address in (f"{DEM_TILE}.png", "/tiles/elevation/tilejson.json"):
        answer = client.get(f"{address}?{query}")
        assert answer.status_code == 400, address
        assert answer.headers["content-type"].startswith("text/plain")
        assert words in answer.text


@pytest.mark.parametrize("ending", [".jpg", ".webp", ".tif", ""])
def test_heights_are_written_without_loss_only(client: TestClient, ending: str) -> None:
    answer = client.get(f"{DEM_TILE}{ending}?encoding=terrarium")
    assert (answer.status_code, "nothing may be lost" in answer.text) == (400, True)


def test_a_style_in_the_path_goes_with_none_of_them(client: TestClient) -> None:
    answer = client.get("/tiles/elevation/style/slope_map/10/174/397.png?rescale=0,1")
    assert answer.status_code == 400


def test_an_attribute_can_be_looked_up() -> None:
    rule = [{"function": "lookup", "field": "Red"}]
    landcover = {
        "name": "a",
        "source": str(DEMO / "landcover.tif"),
        "renderings": [{"name": "r", "rule": rule}],
    }
    with client_of(landcover) as client:
        assert client.get("/tiles/a/thumbnail.png").status_code == 200
