"""Esri's Python package on image services, without a portal."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.enums import Resampling

from tests.clients.conftest import HERE
from tests.clients.truth import value_at, warped
from tests.conftest import DEMO

BOX = (-118.9, 37.2, -118.5, 37.6)


def asked(*arguments: str) -> dict[str, Any]:
    """What the package makes of services. Its environment is its own, its dependencies are many."""
    python = Path(os.environ.get("COGPROXY_ARCGIS_PYTHON", HERE / ".arcgis" / "bin" / "python"))
    if not python.exists():
        pytest.fail(f"the package arcgis is needed in {python}: .ci/clients installs it")
    done = subprocess.run(
        [str(python), str(HERE / "ask_arcgis.py"), *arguments], capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def answers(services: str) -> dict[str, Any]:
    return asked(services)


def test_export_image(answers: dict[str, Any]) -> None:
    assert answers["properties"]["pixelType"] == "S16"
    assert (answers["export"]["width"], answers["export"]["height"]) == (20, 20)
    assert list(answers["export"]["extent"].values())[:4] == list(BOX)
    truth, _ = warped(DEMO / "elevation.tif", BOX, 20, "EPSG:4326", Resampling.average)
    pixels = np.array(answers["pixels"])
    # Twenty-five pixels of the source fall into one: an average, or the middle of a level of the pyramid.
    assert np.abs(pixels - truth[0]).mean() < 150
    assert np.corrcoef(pixels.ravel(), truth[0].ravel())[0, 1] > 0.97


def test_slope_is_in_degrees(answers: dict[str, Any]) -> None:
    steep = np.array(answers["slope"])
    assert 0 <= steep.min() < steep.max() < 90


def test_identify_and_samples(answers: dict[str, Any]) -> None:
    (wanted,) = value_at(DEMO / "elevation.tif", -118.7, 37.4)
    assert float(answers["identify"]["value"]) == wanted
    assert answers["samples"][0]["values"] == [wanted]


def test_histograms(answers: dict[str, Any]) -> None:
    truth, _ = warped(DEMO / "elevation.tif", BOX, 495, "EPSG:4326", Resampling.nearest)
    (histogram,) = answers["histograms"]["histograms"]
    (statistics,) = answers["statistics"]["statistics"]
    assert histogram["size"] == len(histogram["counts"])
    assert statistics["mean"] == pytest.approx(truth.mean(), rel=0.01)
    assert (statistics["min"], statistics["max"]) == pytest.approx((truth.min(), truth.max()), rel=0.02)


def test_query_gives_the_footprint(answers: dict[str, Any]) -> None:
    (item,) = answers["query"]["features"]
    ring = np.array(item["geometry"]["rings"][0])
    assert ring.min(0) == pytest.approx([-119.0985, 36.9275], abs=1e-3)
    assert ring.max(0) == pytest.approx([-118.1672, 37.8589], abs=1e-3)


def test_legend(answers: dict[str, Any]) -> None:
    (layer,) = answers["legend"]["layers"]
    assert layer["legend"]
