"""The table of conformance: every class that is declared, and only tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

from proxy.ogc.api.conformance import classes

ROOT = Path(__file__).parents[3]
TABLE = (ROOT / "docs" / "ogc-conformance-api.md").read_text("utf-8")


def test_every_declared_class_is_accounted_for() -> None:
    parts = {
        "ogcapi-common-1": TABLE.split("## ")[1],
        "ogcapi-common-2": TABLE.split("## ")[1],
        "ogcapi-tiles-1": TABLE.split("## ")[2],
        "tms": TABLE.split("## ")[2],
        "ogcapi-maps-1": TABLE.split("## ")[3],
    }
    for address in classes():
        match = re.fullmatch(
            r"https?://www\.opengis\.net/spec/([a-z0-9\-]+)/[0-9.]+/conf/([a-z0-9\-]+)", address
        )
        assert match is not None, address
        rows = [row for row in parts[match[1]].splitlines() if row.startswith("|")]
        named = [
            row for row in rows if re.search(rf"(^|[ ,|]){re.escape(match[2])}([/, |]|$)", row.split("|")[1])
        ]
        assert any("| yes |" in row for row in named), address


def test_every_test_that_is_named_is_there() -> None:
    there = "\n".join(path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", TABLE))
    assert len(named) > 40
    for name in named:
        assert f"def {name}(" in there, name
