"""The document of what works is the one that the code would write."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def compatibility() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compatibility", DOCS / "compatibility.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_is_up_to_date(compatibility: ModuleType) -> None:
    written = (DOCS / "arcgis-compatibility.md").read_text(encoding="utf-8")
    assert written == compatibility.page(), "run python docs/compatibility.py"


def test_results_are_read_from_a_report(compatibility: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.clients.test_qgis" name="test_qgis_draws[box0]">'
        '<properties><property name="version" value="3.22"/></properties></testcase>'
        '<testcase classname="tests.clients.test_gdal" name="test_gdal_draws"><failure/></testcase>'
        '<testcase classname="tests.clients.test_other" name="test_nothing"/></testsuite></testsuites>'
    )
    gdal, qgis = compatibility.results(report)
    assert (gdal["client"], gdal["outcome"]) == ("GDAL", "fails")
    assert qgis == {"client": "QGIS", "version": "3.22", "seen": "qgis draws box0", "outcome": "passes"}
