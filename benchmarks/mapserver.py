"""Cold tiles beside MapServer's C library on the same files: CPU milliseconds in one process each.

    python benchmarks/mapserver.py [--tiles N] [--rounds N]

MapServer draws through its own Python binding (Debian's `python3-mapscript`, run by the system's Python): map
object to PNG or JPEG bytes, without a web server around it. Our side renders the same tiles in a process of
its own, without a web server as well. Rounds are interleaved and use other tiles each time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from run import RGB, ROOT, VISIBLE, tiles_of

SYSTEM_PYTHON = "/usr/bin/python3"
THEIRS = r'''
import json, sys, time
import mapscript
job = json.loads(sys.stdin.readline())
text = """MAP
  SIZE 256 256 EXTENT 0 0 1 1 IMAGECOLOR 255 255 255
  PROJECTION "init=epsg:3857" END
  OUTPUTFORMAT NAME "out" DRIVER "%s" IMAGEMODE %s %s END
  LAYER NAME "a" TYPE RASTER STATUS ON DATA "%s"
    PROJECTION AUTO END
    %s
  END
END""" % (job["driver"], job["mode"], job["format"], job["file"], job["processing"])
map_ = mapscript.fromstring(text)
map_.selectOutputFormat("out")
print("ready", flush=True)
half = 20037508.342789244
for line in sys.stdin:
    started = time.process_time()
    size = 0
    tiles = json.loads(line)
    for z, x, y in tiles:
        step = 2 * half / 2 ** z
        map_.setExtent(-half + x * step, half - (y + 1) * step, -half + (x + 1) * step, half - y * step)
        size += len(map_.draw().getBytes())
    print(json.dumps([(time.process_time() - started) * 1000 / len(tiles), size]), flush=True)
'''
OURS = r"""
import json, sys, time
from proxy.app import read_renderings
from proxy.config import parse
from proxy.render.pipeline import render_picture
from proxy.services import Registry
from proxy.xyz.params import FORMATS, TileAddress, render_request, tile_grid
job = json.loads(sys.stdin.readline())
service = Registry(parse({"services": [
    {"name": "a", "source": job["file"], "renderings": [{"name": "r", "rule": job["rule"]}]}]}, {}),
    read_renderings).get("a")
service.source
print("ready", flush=True)
form = FORMATS[job["extension"]]
for line in sys.stdin:
    started = time.process_time()
    size = 0
    tiles = json.loads(line)
    for z, x, y in tiles:
        grid = tile_grid(TileAddress("WebMercatorQuad", z, x, y, 1, form))
        request = render_request(service, grid, form, None, {"interpolation": job["resampling"]})
        size += len(render_picture(service, service.source, request).body)
    print(json.dumps([(time.process_time() - started) * 1000 / len(tiles), size]), flush=True)
"""


class Side:
    """A process that draws tiles."""

    def __init__(self, python: str, program: str, job: dict[str, Any], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [python, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.tell(json.dumps(job))
        if self.hear() != "ready":
            raise SystemExit(f"{python} cannot draw; is python3-mapscript installed?")

    def tell(self, line: str) -> None:
        """Send a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """Receive a line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def draw(self, tiles: list[tuple[int, int, int]]) -> float:
        """Milliseconds of CPU a tile."""
        self.tell(json.dumps(tiles))
        return float(json.loads(self.hear())[0])


def main() -> None:
    """Run and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    arguments = parser.parse_args()
    demo = ROOT / "proxy" / "demo"
    naip = arguments.data / "mosaic_naip/m_4709963_se_14_1_20120731.tif"
    kinds: list[tuple[str, Path, Any, str]] = [
        ("4326 uint8 RGB JPEG", demo / "bluemarble.tif", None, ""),
        ("UTM uint16 stretched", demo / "sentinel2.tif", VISIBLE,
         'PROCESSING "BANDS=3,2,1" PROCESSING "SCALE=700,4000"'),
        ("4326 int16 stretched", demo / "elevation.tif",
         {"function": "stretch", "stretch_type": 5, "statistics": [[0, 4400]]}, 'PROCESSING "SCALE=0,4400"'),
    ]  # fmt: skip
    if naip.exists():
        kinds.append(("UTM uint8 RGB deflate", naip, RGB, 'PROCESSING "BANDS=1,2,3"'))
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print(f"{'tile':<28}{'format':<8}{'resampling':<12}{'ours ms':>9}{'MapServer ms':>14}{'ratio':>8}")
    for label, file, rule, processing in kinds:
        for extension in ("png", "jpg"):
            for resampling in ("nearest", "bilinear"):
                compare(label, file, rule, processing, extension, resampling, arguments)


def compare(
    label: str, file: Path, rule: Any, processing: str, extension: str, resampling: str,
    arguments: argparse.Namespace,
) -> None:  # fmt: skip
    """Print the medians of one kind."""
    png = extension == "png"
    job = {
        "file": str(file), "rule": rule, "extension": extension, "resampling": resampling,
        "driver": "AGG/PNG" if png else "AGG/JPEG", "mode": "RGBA" if png else "RGB",
        "format": "" if png else 'FORMATOPTION "QUALITY=75"',
        "processing": f'{processing} PROCESSING "RESAMPLE={resampling.upper()}"'
        ' PROCESSING "CLOSE_CONNECTION=DEFER"',
    }  # fmt: skip
    tiles = tiles_of(file)
    mine = Side(sys.executable, OURS, job, dict(os.environ))
    other = Side(SYSTEM_PYTHON, THEIRS, job, {"PATH": "/usr/bin:/bin", "GDAL_CACHEMAX": "200"})
    costs: tuple[list[float], list[float]] = ([], [])
    for side in (mine, other):
        side.draw(tiles[:1])
    for round_ in range(arguments.rounds):
        part = tiles[1 + round_ * arguments.tiles : 1 + (round_ + 1) * arguments.tiles]
        if len(part) < 5:
            break
        for side, found in zip((mine, other), costs, strict=True):
            found.append(side.draw(part))
    for side in (mine, other):
        side.process.communicate()
    first, second = statistics.median(costs[0]), statistics.median(costs[1])
    print(
        f"{label:<28}{extension:<8}{resampling:<12}{first:>9.2f}{second:>14.2f}{second / first:>7.1f}x",
        flush=True,
    )


if __name__ == "__main__":
    main()
