from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from proxy.catalog.base import Query
from proxy.catalog.store import SqliteCatalog
from proxy.model import Extent, Grid, Interpolation, Raster
from proxy.render.context import ReadContext
from proxy.render.mosaic import read_mosaic
from proxy.selection import MosaicMethod, MosaicOperation, MosaicRule, Selection
from proxy.sources.mosaic import MosaicSource
from tests.catalogs import catalog_of, mosaic_of
from tests.render.mosaic.composing import Pixels, clips_in, composed, gap_of, sampled

OPERATIONS = ("first", "last", "min", "max", "mean", "sum", "blend")
METHODS = ("none", "center", "northwest", "attribute", "lock", "viewpoint")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return clips_in(tmp_path_factory.mktemp("clips"))


def in_order(
    catalog: SqliteCatalog, method: str, center: tuple[float, float], locked: tuple[int, ...] = ()
) -> list[int]:
    """Places of the items from the topmost down, worked out from their outlines alone."""
    items = catalog.find(Query())
    bounds = [item.footprint.bounds for item in items]
    middles = [((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in bounds]
    corner = min(b[0] for b in bounds), max(b[3] for b in bounds)
    rank = {
        "none": lambda i: 0.0,
        "center": lambda i: math.dist(middles[i], center),
        "viewpoint": lambda i: math.dist(middles[i], corner),
        "northwest": lambda i: math.dist(middles[i], corner),
        "attribute": lambda i: abs(float(items[i].attributes["Cloud"]) - 35),  # type: ignore[arg-type]
    }
    if method == "lock":
        return [number - 1 for number in locked]
    return sorted(range(len(bounds)), key=lambda i: (rank[method](i), i))


def rule(catalog: SqliteCatalog, method: str, operation: str) -> MosaicRule:
    extent = catalog.extent
    assert extent is not None
    return MosaicRule(
        MosaicMethod(method),
        MosaicOperation(operation),
        locked=(3, 1, 2) if method == "lock" else (),
        sort_field="Cloud" if method == "attribute" else "",
        sort_value=35.0 if method == "attribute" else None,
        viewpoint=(extent.xmin, extent.ymax) if method == "viewpoint" else None,
    )


def read(
    source: MosaicSource, grid: Grid, rule: MosaicRule, interpolation: Interpolation = Interpolation.NEAREST
) -> Raster:
    context = ReadContext(selection=source.normalised(Selection(rule)))
    return read_mosaic(source, grid, tuple(range(source.info.band_count)), interpolation, context)


def whole(source: MosaicSource) -> Grid:
    return Grid(source.crs, source.info.extent, source.info.width, source.info.height)


def expected_of(paths: list[Path], grid: Grid, operation: str) -> Pixels:
    """Files from the topmost down put together; for a blend with what lies around the grid."""
    around = 32 if operation == "blend" else 0
    inner = slice(around, -around or None), slice(around, -around or None)
    layers = [sampled(path, grid.grown(around)) for path in paths]
    data, mask = composed(layers, operation, gap_of(paths[0]))
    return data[:, *inner], mask[inner]


def assert_same(found: Raster, expected: Pixels, share: float = 0.0) -> None:
    """Equal pixels and masks, but for a share of the pixels."""
    data, mask = expected
    assert np.mean(found.valid() != mask) <= share
    both = found.valid() & mask
    assert both.any()
    assert np.mean((found.data != data).any(axis=0)[both]) <= share


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("method", METHODS)
def test_the_native_grid_is_exact(clips: list[Path], method: str, operation: str) -> None:
    catalog = catalog_of(clips, "EPSG:26913", Cloud=[50.0, 10.0, 40.0, 90.0])
    source = mosaic_of(catalog)
    grid = whole(source)
    assert grid.resolution == pytest.approx(source.info.pixel_size)
    found = read(source, grid, rule(catalog, method, operation))
    order = in_order(catalog, method, grid.extent.center, (3, 1, 2))
    assert_same(found, expected_of([clips[place] for place in order], grid, operation))


@pytest.mark.parametrize("operation", ["first", "last"])
def test_descending_turns_the_order_round(clips: list[Path], operation: str) -> None:
    catalog = catalog_of(clips, "EPSG:26913", Cloud=[50.0, 10.0, 40.0, 90.0])
    source = mosaic_of(catalog)
    grid = whole(source)
    turned = MosaicRule(MosaicMethod.NONE, MosaicOperation(operation), ascending=False)
    assert_same(read(source, grid, turned), expected_of(clips[::-1], grid, operation))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_tiles_agree_with_the_whole(clips: list[Path], operation: str) -> None:
    source = mosaic_of(catalog_of(clips, "EPSG:26913"))
    grid = whole(source)
    x, y = grid.resolution
    e = grid.extent
    chosen = MosaicRule(MosaicMethod.NORTHWEST, MosaicOperation(operation))
    expected = read(source, grid, chosen)
    for row, column in ((0, 0), (0, 64), (64, 0), (64, 64)):
        extent = Extent(
            e.xmin + column * x, e.ymax - (row + 64) * y, e.xmin + (column + 64) * x, e.ymax - row * y
        )
        tile = read(source, Grid(grid.crs, extent, 64, 64), chosen)
        area = slice(row, row + 64), slice(column, column + 64)
        assert np.array_equal(tile.valid(), expected.valid()[area])
        assert np.array_equal(tile.data, expected.data[:, *area])


SETS = {
    "mosaic_naip": ("EPSG:26914", (700, 800)),
    "mosaic_l8ny": ("EPSG:32618", (90, 110)),
    "mosaic_quebec": ("EPSG:32618", (500, 400)),
}


@pytest.fixture(scope="module", params=SETS)
def large(request: pytest.FixtureRequest, shared: Path) -> tuple[SqliteCatalog, list[Path], Grid]:
    """A real mosaic, and a grid over most of it."""
    crs, (height, width) = SETS[request.param]
    paths = [path for path in sorted((shared / request.param).glob("*.tif")) if "_qa" not in path.name]
    catalog = catalog_of(paths, crs, Cloud=[float(10 * number % 70) for number in range(len(paths))])
    e = catalog.extent
    assert e is not None
    extent = Extent(e.xmin + e.width / 8, e.ymin + e.height / 8, e.xmax - e.width / 8, e.ymax)
    return catalog, paths, Grid(catalog.crs, extent, width, height)


@pytest.mark.shared
@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("method", METHODS)
def test_real_mosaics(large: tuple[SqliteCatalog, list[Path], Grid], method: str, operation: str) -> None:
    catalog, paths, grid = large
    source = mosaic_of(catalog)
    found = read(source, grid, rule(catalog, method, operation))
    order = in_order(catalog, method, grid.extent.center, (3, 1, 2))
    expected = expected_of([paths[place] for place in order], grid, operation)
    # One item of the Quebec set lies in degrees: there centres within 0.04 pixels of an edge may fall to the
    # other side, which is 8 % of its pixels at most.
    share = 0.08 if len({item.facts.crs for item in catalog.find(Query())}) > 1 else 0.0
    assert_same(found, expected, share)
