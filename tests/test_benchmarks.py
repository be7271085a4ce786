"""Programs beside the package go on fitting it, though no run of the tests starts them."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted([*(ROOT / "benchmarks").glob("*.py"), *(ROOT / "docs").glob("*.py")])


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of all that a program takes from the package."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "proxy":
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_what_programs_import_is_there(path: Path) -> None:
    for module, name in imported(path):
        if not hasattr(importlib.import_module(module), name):
            importlib.import_module(f"{module}.{name}")
