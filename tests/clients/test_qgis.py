"""QGIS's provider for map and image services, drawing without a desktop."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clients.conftest import HERE
from tests.clients.truth import Box, warped
from tests.conftest import DEMO

SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.mark.parametrize(
    "box", [(-60.0, -60.0, 60.0, 60.0), (100.0, -45.0, 160.0, 15.0)], ids=["africa", "australia"]
)
def test_qgis_draws_an_image_service(
    services: str, tmp_path: Path, box: Box, record_property: Callable[[str, object], None]
) -> None:
    picture = tmp_path / "qgis.png"
    url = f"{services}/arcgis/rest/services/bluemarble/ImageServer"
    done = subprocess.run(
        [SYSTEM_PYTHON, str(HERE / "ask_qgis.py"), url, str(picture), *map(str, box)], capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    record_property("version", said["version"])
    assert said["valid"]
    assert said["extent"] == [-180, -90, 180, 90]
    found = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    truth, _ = warped(DEMO / "bluemarble.tif", box, 256, "EPSG:4326")
    # JPEG and another level of the pyramid; a shift by one pixel gives more than ten.
    assert np.abs(np.moveaxis(found, -1, 0) - truth).mean() < 6
