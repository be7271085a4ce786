from __future__ import annotations

import sys

import numpy as np
import pytest

from proxy.crs import WEB_MERCATOR
from proxy.errors import InvalidRule
from proxy.functions import catalogue
from proxy.functions.parse import parse
from proxy.functions.tree import evaluate
from proxy.model import Extent, Grid, Raster

NAMES = ("Blue", "Green", "Red", "NIR", "SWIR1", "SWIR2")
REFLECTANCES = np.array([0.05, 0.08, 0.06, 0.40, 0.25, 0.15], np.float32)


def pixel(values: np.ndarray = REFLECTANCES, names: tuple[str, ...] = NAMES) -> Raster:  # type: ignore[type-arg]
    return Raster(values[:, None, None].copy(), None, Grid(WEB_MERCATOR, Extent(0, 0, 1, 1), 1, 1), names)


@pytest.mark.parametrize(
    "name", ["NDVI", "EVI", "SAVI", "NBR", "NDBI", "ndwi", "GEMI", "MNDWI", "VARI", "ARVI"]
)
def test_indices_are_those_of_the_catalogue(name: str) -> None:
    spyndex = pytest.importorskip("spyndex")
    letters = dict(zip(("B", "G", "R", "N", "S1", "S2"), map(float, REFLECTANCES), strict=True))
    constants = {key: value.default for key, value in spyndex.constants.items() if key not in letters}
    expected = spyndex.computeIndex(name.upper(), letters | constants)
    found = evaluate(parse({"function": "spectral_index", "index": name}), pixel())
    # float32 against double.
    assert found.data[0, 0, 0] == pytest.approx(float(expected), rel=1e-4)
    assert found.data.dtype == np.float32


def test_bands_and_constants_may_be_given() -> None:
    pytest.importorskip("spyndex")
    unnamed = pixel(names=tuple(f"Band_{i}" for i in range(1, 7)))
    rule = {"function": "spectral_index", "index": "SAVI", "bands": "N=4, R=3, L=0"}
    assert evaluate(parse(rule), unnamed).data[0, 0, 0] == pytest.approx(0.34 / 0.46, rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"index": "NONE_SUCH"}, "no index"),
        ({"index": "NDREI"}, "needs the band RE"),
        ({"index": "NDVI", "bands": "N"}, "not of the form"),
        ({"index": "NDVI", "bands": "N=0"}, "counted from 1"),
        ({"index": "NDVI", "bands": "N=9"}, "no band"),
    ],
)
def test_what_is_wrong_is_named(arguments: dict[str, str], reason: str) -> None:
    pytest.importorskip("spyndex")
    with pytest.raises(InvalidRule, match=reason):
        evaluate(parse({"function": "spectral_index", **arguments}), pixel())


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue._catalogue.cache_clear()
    monkeypatch.setitem(sys.modules, "spyndex", None)
    with pytest.raises(InvalidRule, match=r"pip install 'cogproxy\[indices\]'"):
        evaluate(parse({"function": "spectral_index", "index": "NDVI"}), pixel())
    catalogue._catalogue.cache_clear()
