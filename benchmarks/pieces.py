"""The pieces of a render, beside those of another commit in the same run.

    python benchmarks/pieces.py [--base REV] [--allow RATIO]

Each piece (reading and warping, functions, encoding, a whole tile) runs in a process of the present tree and
in one of the other commit, checked out beside it, in turns. Printed is how many times as long the present
tree takes; with `--base`, a piece that takes more than RATIO times as long ends the run with status 1. A
commit that does not have the pieces yet is no fault.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORKER = r"""
import json, sys, time
from proxy.app import read_renderings
from proxy.config import parse
from proxy.model import EncodeOptions, Extent, Grid, ImageFormat, Interpolation, RenderRequest
from proxy.crs import WEB_MERCATOR, WGS84, transform_bounds
from proxy.render.encode import encode
from proxy.render.pipeline import render_picture
from proxy.render.warp import read_grid
from proxy.services import Registry
root = sys.argv[1]
names = {"rgb": "sentinel2.tif", "dem": "elevation.tif", "jpeg": "bluemarble.tif"}
registry = Registry(parse({"services": [
    {"name": name, "source": f"{root}/proxy/demo/{file}",
     "renderings": [{"name": "r", "rule": {"function": "hillshade"} if name == "dem" else None}]}
    for name, file in names.items()]}, {}), read_renderings)
def grid(name, size):
    west, south, east, north = registry.get(name).info.geographic_bounds
    x, y = (west + east) / 2, (south + north) / 2
    reach = (east - west) / 8
    box = transform_bounds((x - reach, y - reach / 2, x + reach, y + reach / 2), WGS84, WEB_MERCATOR)
    return Grid(WEB_MERCATOR, Extent(*box), size, size)
def tile(name, form, interpolation):
    service = registry.get(name)
    request = RenderRequest(name, grid(name, 256), form, None, interpolation, service.default_rendering.rule)
    return lambda: render_picture(service, service.source, request)
picture = None
def encoding(form):
    from proxy.render.pipeline import processed
    service = registry.get("jpeg")
    raster = processed(service, service.source, grid("jpeg", 256), None, (0, 1, 2), Interpolation.NEAREST)
    return lambda: encode(raster, form, EncodeOptions())
def reading(name, bands, interpolation):
    source = registry.get(name).source
    return lambda: read_grid(source, grid(name, 256), bands, interpolation)
B, N = Interpolation.BILINEAR, Interpolation.NEAREST
pieces = {
    "read utm uint16 x3 bilinear": reading("rgb", (0, 1, 2), B),
    "read utm uint16 x3 nearest": reading("rgb", (0, 1, 2), N),
    "read 4326 int16 bilinear": reading("dem", (0,), B),
    "encode png": encoding(ImageFormat.PNG),
    "encode jpeg": encoding(ImageFormat.JPEG),
    "tile jpeg source, png": tile("jpeg", ImageFormat.PNG, B),
    "tile uint16 stretched, png": tile("rgb", ImageFormat.PNG, B),
    "tile hillshade, png": tile("dem", ImageFormat.PNG, B),
}
for piece in pieces.values():
    piece(); piece()
print("ready", flush=True)
for line in sys.stdin:
    costs = {}
    for name, piece in pieces.items():
        started = time.process_time()
        for _ in range(12):
            piece()
        costs[name] = (time.process_time() - started) / 12 * 1000
    print(json.dumps(costs), flush=True)
"""


class Tree:
    """A process that measures one tree."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(ROOT)], cwd=root, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline().strip() == "ready"

    def round(self) -> dict[str, float]:
        """Milliseconds of CPU of every piece."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="HEAD")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--allow", type=float, default=1.5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder, "other")
        added = subprocess.run(
            ["git", "worktree", "add", "--detach", "-f", str(other), arguments.base], cwd=ROOT, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        if added.returncode:
            print(f"nothing to compare with: {added.stderr.strip()}")
            return
        try:
            # Another program's burst of work is not a slower piece: only what is slow twice counts.
            raise SystemExit(compare(other, arguments) and compare(other, arguments))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(other)], cwd=ROOT, check=False)


def compare(other: Path, arguments: argparse.Namespace) -> int:
    """Print the table; 1 where a piece has become too slow."""
    mine, base = Tree(ROOT), Tree(other)
    if not mine.ready:
        print(mine.process.communicate()[1])
        return 1
    if not base.ready:
        print(f"{arguments.base} does not have these pieces")
        mine.close()
        return 0
    found: list[tuple[dict[str, float], dict[str, float]]] = []
    for _ in range(arguments.rounds):
        found.append((mine.round(), base.round()))
    mine.close()
    base.close()
    slow = 0
    print(f"{'piece':<32}{'now ms':>8}{arguments.base[:10]:>12}{'ratio':>8}")
    for name in found[0][0]:
        now, before = (statistics.median(pair[side][name] for pair in found) for side in (0, 1))
        ratio = now / before
        slow += ratio > arguments.allow
        print(
            f"{name:<32}{now:>8.2f}{before:>12.2f}{ratio:>7.2f}x"
            + ("  SLOWER" if ratio > arguments.allow else "")
        )
    return 1 if slow else 0


if __name__ == "__main__":
    main()
