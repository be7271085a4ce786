"""What each function costs on 1024 x 1024 float32: `python benchmarks/functions.py [name ...]`.

The best of three runs in milliseconds, the greatest memory allocated beyond the input in megabytes, and
beside it the time of a peer where one is installed: scipy for neighbourhoods, and for surfaces the command
`gdaldem`, less what it takes on 16 x 16 pixels, so that starting it does not count. It reads and writes plain
uncompressed files in a folder of temporary files.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
from affine import Affine

from proxy.crs import WEB_MERCATOR
from proxy.functions.parse import parse
from proxy.functions.registry import FUNCTIONS
from proxy.functions.tree import Node, evaluate
from proxy.model import BandStatistics, Extent, Grid, Raster

SIDE = 1024
BBOX = {"bbox": [100, 100, 900, 900]}
ARGUMENTS: dict[str, dict[str, object]] = {
    "stretch": {"stretch_type": "percent_clip"},
    "band_arithmetic": {"method": "ndvi", "band_indexes": "4 3"},
    "local": {"operation": "mean", "rasters": ["source", "source"]},
    "convolution": {"type": "smoothing 3x3"},
    "statistics": {"type": "mean"},
    "clip": {"clipping_geometry": BBOX},
    "unit_conversion": {"from_unit": "meter", "to_unit": "foot"},
    "spectral_conversion": {"conversion_matrix": [1, 0, 0, 1, 0, 0]},
    "remap": {"input_ranges": [0, 500, 500, 1000], "output_values": [1, 2]},
    "table": {"table": [{"Value": 1}]},
    "lookup": {"field": "size", "raster": {"function": "table", "table": [{"Value": 1, "Size": 7}]}},
    "expression": {"expression": "where(b4 > b3, (b4 - b3) / (b4 + b3), 0)"},
    "raster_calculator": {"expression": "r1 * 2"},
    "spectral_index": {"index": "EVI", "bands": "N=4, R=3, B=1"},
    "create_color_composite": {"band_indexes_r": "3", "band_indexes_g": "2", "band_indexes_b": "1"},
    "weighted_sum": {"weights": [2]},
    "weighted_overlay": {"influences": [1], "remaps": ["0 500 1, 500 1001 2"]},
    "transpose_bits": {"input_bit_positions": [0, 1], "output_bit_positions": [1, 0]},
}


def gdaldem(band: np.ndarray, folder: Path) -> dict[str, float]:
    """Milliseconds of `gdaldem` on one band, without those of starting it."""
    if shutil.which("gdaldem") is None:
        return {}
    found = {}
    for mode in ("hillshade", "slope", "aspect"):
        whole, start = (_gdaldem(mode, part, folder) for part in (band, band[:16, :16]))
        found[mode] = whole - start
    return found


def _gdaldem(mode: str, band: np.ndarray, folder: Path) -> float:
    source, target = folder / "source.tif", folder / "target.tif"
    profile = {"driver": "GTiff", "count": 1, "dtype": band.dtype, "crs": "EPSG:3857"}
    size = {"height": band.shape[0], "width": band.shape[1], "transform": Affine(1, 0, 0, 0, -1, SIDE)}
    with rasterio.open(source, "w", **profile, **size) as file:
        file.write(band, 1)
    command = ["gdaldem", mode, "-q", str(source), str(target)]
    return milliseconds(lambda: subprocess.run(command, check=True), runs=9)


def peers(band: np.ndarray) -> dict[str, Callable[[], object]]:
    """Peers that do the same to one band."""
    try:
        from scipy import ndimage
    except ImportError:
        return {}
    return {
        "convolution": lambda: ndimage.convolve(band, np.ones((3, 3), np.float32)),
        "statistics": lambda: ndimage.uniform_filter(band, 3),
        "contour": lambda: ndimage.gaussian_filter(band, 2.5),
        "gradient": lambda: np.gradient(band),
    }


def source(bands: int) -> Raster:
    """Smooth hills with noise."""
    rng = np.random.default_rng(1)
    hills = np.add.outer(np.sin(np.arange(SIDE) / 90), np.cos(np.arange(SIDE) / 70)) * 250 + 500
    data = np.stack([hills + rng.normal(0, 4, (SIDE, SIDE)) for _ in range(bands)]).astype(np.float32)
    grid = Grid(WEB_MERCATOR, Extent(0, 0, SIDE, SIDE), SIDE, SIDE)
    return Raster(data, None, grid, statistics=(BandStatistics(0, 1000, 500, 200),) * bands)


def milliseconds(run: Callable[[], object], runs: int = 3) -> float:
    """Best of some runs."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return 1000 * min(found)


def allocated(rule: Node, raster: Raster) -> float:
    """Greatest memory beyond the input, in megabytes."""
    tracemalloc.start()
    evaluate(rule, raster)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def main(names: list[str]) -> None:
    """Print the table, of all functions or of those named."""
    band = source(1).data[0]
    others = {name: milliseconds(run) for name, run in peers(band).items()}
    with TemporaryDirectory() as folder:
        others |= gdaldem(band, Path(folder))
    several = {
        "ndvi",
        "vector_field_renderer",
        "band_arithmetic",
        "expression",
        "create_color_composite",
        "tasseled_cap",
    }
    print("| function | bands | ms | MB | peer ms |\n|---|---|---|---|---|")
    for function in (function for function in FUNCTIONS if not names or function.name in names):
        count = (
            6
            if function.name in several
            else 3
            if function.name in ("spectral_conversion", "colorspace_conversion")
            else 1
        )
        arguments = ARGUMENTS.get(function.name, {})
        if function.name == "ndvi":
            arguments = {"visible_band_id": 2, "infrared_band_id": 3}
        rule, raster = parse({"function": function.name, **arguments}), source(count)
        own = milliseconds(lambda rule=rule, raster=raster: evaluate(rule, raster))
        peer = f"{others[function.name]:.1f}" if function.name in others else ""
        print(
            f"| {function.name} | {count} | {own:.1f} | {allocated(rule, raster):.1f} | {peer} |", flush=True
        )


if __name__ == "__main__":
    main(sys.argv[1:])
