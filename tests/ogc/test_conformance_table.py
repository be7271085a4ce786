"""What the table of conformance names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "docs" / "ogc-conformance.md"
ROWS = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ") and "`" in line]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_every_test_that_is_named_exists(row: str) -> None:
    named = re.findall(r"`([\w/]+\.py)?(?:::(\w+))?`", row.rsplit("|", 2)[1])
    file = ""
    for path, test in named:
        file = path or file
        assert (Path(__file__).parent / file).is_file(), file
        assert not test or test in functions_of(Path(__file__).parent / file), f"{file}::{test}"


def test_the_table_is_not_empty() -> None:
    assert sum("| met |" in row for row in ROWS) > 40
