"""Resident memory over many mixed requests: tiles and exports of the demo, most of them cold.

    python benchmarks/memory.py [--requests N]

The picture cache is kept small so that it is full from the first quarter on; what still grows after that is a
leak. Prints the memory after each twentieth part and the growth of the last quarter.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

import yaml
from servers import free_port, replay, resident_mb, server

ROOT = Path(__file__).parents[1]
EXPORT = (
    "/arcgis/rest/services/{}/ImageServer/exportImage"
    "?bbox={}&bboxSR=4326&imageSR=3857&size={}&format={}&f=image"
)
BOXES = {
    "bluemarble": (-170.0, -75.0, 170.0, 75.0),
    "dem/sierra": (-119.0, 37.0, -118.2, 37.8),
    "sentinel2": (12.50, 52.46, 12.70, 52.52),
    "landcover": (-113.2, 37.15, -112.9, 37.5),
}
STYLES = {"dem/sierra": ("relief", "hillshade", "slope"), "sentinel2": ("natural", "ndvi", "infrared")}


def requests(count: int) -> list[str]:
    """A fixed walk: three tiles to one export."""
    rng = random.Random(3)
    found = []
    for _ in range(count):
        name = rng.choice(list(BOXES))
        west, south, east, north = BOXES[name]
        if rng.random() < 0.75:
            zoom = rng.randint(0, 5) if name == "bluemarble" else rng.randint(8, 13)
            lon, lat = rng.uniform(west, east), rng.uniform(south, north)
            x, y = tile(lon, lat, zoom)
            style = rng.choice(STYLES.get(name, ("",)))
            extension = rng.choice(("png", "jpg", "webp"))
            found.append(f"/tiles/{name}/{zoom}/{x}/{y}.{extension}" + (f"?style={style}" if style else ""))
        else:
            x, y = rng.uniform(west, east), rng.uniform(south, north)
            reach = (east - west) * rng.uniform(0.02, 0.2)
            size = rng.choice(("256,256", "400,300", "700,500"))
            form = rng.choice(("jpgpng", "png32", "tiff", "png8"))
            found.append(EXPORT.format(name, f"{x},{y},{x + reach},{y + reach}", size, form))
    return found


def tile(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Web Mercator tile that holds a place."""
    import math

    n = 2**zoom
    x = int((lon + 180) / 360 * n)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)
    return min(n - 1, x), min(n - 1, max(0, y))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    count = parser.parse_args().requests
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["cache"] = {"memory_mb": 32}
    for service in config["services"]:
        service["source"] = str(ROOT / service["source"])
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(config, file)
        file.flush()
        port = free_port()
        command = [sys.executable, "-m", "proxy", "serve", "--config", file.name, "--port", str(port)]
        with server([*command, "--log-level", "error"], port, {"MALLOC_ARENA_MAX": "2"}) as pid:
            sizes, failures = [], 0
            walk = requests(count)
            for part in range(20):
                done = replay(pid, port, walk[part * count // 20 : (part + 1) * count // 20])
                failures += done.failures
                sizes.append(resident_mb(pid))
                print(f"{(part + 1) * count // 20:>7} requests {sizes[-1]:7.1f} MB", flush=True)
    print(f"failures {failures}, growth of the last quarter {(sizes[-1] / sizes[14] - 1) * 100:+.2f} %")


if __name__ == "__main__":
    main()
