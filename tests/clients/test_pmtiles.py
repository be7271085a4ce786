"""Seeded archives as the JavaScript library reads them, on which map libraries build."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent


def test_the_javascript_library_reads_what_was_seeded(server: str, tmp_path: Path) -> None:
    target = tmp_path / "world.pmtiles"
    command = [sys.executable, "-m", "proxy", "seed", "bluemarble", "--to", f"pmtiles:{target}"]
    subprocess.run([*command, "--zooms", "0-3", "--quiet"], check=True, timeout=120)
    done = subprocess.run(
        ["node", str(HERE / "pmtiles.mjs"), str(target), "3", "4", "2"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["zooms"] == [0, 3]
    # PNG, in the archive's own numbers.
    assert found["type"] == 2
    assert found["name"] == "Blue Marble"
    assert found["bounds"][0] == -180
    assert found["beside"] is True
    with urllib.request.urlopen(f"{server}/tiles/bluemarble/3/4/2.png", timeout=60) as answer:
        assert base64.b64decode(found["tile"]) == answer.read()
