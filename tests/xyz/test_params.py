from __future__ import annotations

import morecantile
import pytest

from proxy.errors import InvalidParameter, NotFound, OutsideExtent, UnknownTileMatrixSet
from proxy.model import ImageFormat
from proxy.xyz.params import TileAddress, bands, matrix_set, matrix_set_crs, target, tile_grid


@pytest.mark.parametrize(
    ("path", "kind", "style", "tms"),
    [
        ("3/4/5.png", "tile", None, "WebMercatorQuad"),
        ("3/4/5", "tile", None, "WebMercatorQuad"),
        ("WGS1984Quad/3/4/5.jpg", "tile", None, "WGS1984Quad"),
        ("webmercatorquad/3/4/5@2x.webp", "tile", None, "WebMercatorQuad"),
        ("style/my style/3/4/5.png", "tile", "my style", "WebMercatorQuad"),
        ("style/a/EuropeanETRS89_LAEAQuad/3/4/5.png", "tile", "a", "EuropeanETRS89_LAEAQuad"),
        ("tilejson.json", "tilejson", None, "WebMercatorQuad"),
        ("style/a/WGS1984Quad/tilejson.json", "tilejson", "a", "WGS1984Quad"),
        ("point/-12.5,40", "point", None, "WebMercatorQuad"),
        ("thumbnail.png", "thumbnail", None, "WebMercatorQuad"),
    ],
)
def test_paths(path: str, kind: str, style: str | None, tms: str) -> None:
    found = target(path)
    assert (found.kind, found.style, found.tms) == (kind, style, tms)


def test_a_tile_address() -> None:
    assert target("3/4/5@2x.jpeg").tile == TileAddress("WebMercatorQuad", 3, 4, 5, 2, ImageFormat.JPEG)
    found = target("3/4/5").tile
    assert found is not None
    assert found.format is ImageFormat.AUTO


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("", NotFound),
        ("3/4", NotFound),
        ("a/b/c/d.png", UnknownTileMatrixSet),
        ("NoSuchSet/1/2/3.png", UnknownTileMatrixSet),
        ("1/2/-3.png", NotFound),
        ("1/2/3.exe", InvalidParameter),
        ("point/a,b", InvalidParameter),
        ("point/0,91", InvalidParameter),
        ("point/nan,0", InvalidParameter),
        ("9999/1/1.png", NotFound),
    ],
)
def test_paths_without_meaning(path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        target(path)


@pytest.mark.parametrize("name", morecantile.tms.list())
def test_every_matrix_set_has_grids(name: str) -> None:
    tms = matrix_set(name)
    for z in (tms.minzoom, tms.minzoom + 1):
        grid = tile_grid(TileAddress(name, z, 0, 0, 1, ImageFormat.PNG))
        matrix = tms.matrix(z)
        assert (grid.width, grid.height) == (matrix.tileWidth, matrix.tileHeight)
        assert grid.extent.width > 0
        assert grid.crs == matrix_set_crs(name)
    with pytest.raises(OutsideExtent):
        tile_grid(TileAddress(name, tms.maxzoom + 1, 0, 0, 1, ImageFormat.PNG))
    with pytest.raises(OutsideExtent):
        tile_grid(TileAddress(name, tms.minzoom, 10**6, 0, 1, ImageFormat.PNG))


def test_the_web_mercator_tile_is_where_everyone_has_it() -> None:
    grid = tile_grid(TileAddress("WebMercatorQuad", 1, 1, 0, 2, ImageFormat.PNG))
    assert grid.extent.as_tuple() == pytest.approx((0, 0, 20037508.342789244, 20037508.342789244), abs=1e-6)
    assert grid.width == 512


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", None), ("1", (0,)), ("3,2,1", (2, 1, 0)), ("red, NIR", (0, 2)), ("2,2", (1, 1))],
)
def test_bands(text: str, expected: tuple[int, ...] | None) -> None:
    assert bands(("Red", "Green", "NIR"), text) == expected


@pytest.mark.parametrize("text", ["0", "4", "violet", "1,,2", "-1"])
def test_bands_that_do_not_exist(text: str) -> None:
    with pytest.raises(InvalidParameter):
        bands(("Red", "Green", "NIR"), text)
