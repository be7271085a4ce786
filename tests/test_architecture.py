"""The direction of imports, read from the syntax trees."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "proxy"

#: Which parts of the package a part may import. `model`, `errors` and `crs` are everyone's.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "selection": set(),
    "crs": {"errors"},
    "model": {"crs", "selection"},
    "config": {"model", "selection"},
    "functions": {"model", "errors", "crs"},
    "cache": {"config", "crs", "errors", "model", "proxy", "threads"},
    "catalog": {"model", "errors", "crs", "selection"},
    "sources": {"catalog", "config", "crs", "errors", "functions", "model", "selection", "threads"},
    "listing": {"catalog", "config", "crs", "errors", "model", "selection", "sources", "threads"},
    "render": {"catalog", "crs", "errors", "functions", "model", "selection", "sources", "threads"},
    "renderings": {"model", "functions", "sources"},
    "ad_hoc": {"model", "errors", "functions", "render", "sources"},
    "services": {
        "catalog", "config", "crs", "errors", "functions", "listing", "model", "proxy", "renderings",
        "selection", "sources", "threads",
    },
    "metrics": {"errors"},
    "tracing": set(),
    "queueing": {"errors", "metrics"},
    "security": {"config", "errors", "metrics"},
    "web": {"model", "errors", "config", "metrics", "security"},
    "choices": {
        "catalog", "config", "crs", "errors", "functions", "model", "selection", "services", "sources",
    },
    "render_service": {
        "model", "errors", "config", "cache", "metrics", "queueing", "render", "selection", "services",
        "sources", "threads", "tracing", "web",
    },
    "forms": {"errors", "security", "web"},
    "facts": {"errors", "functions", "model", "render", "selection", "services", "sources"},
    "legends": {"facts", "functions", "render", "services", "sources"},
    "xyz": {
        "ad_hoc", "catalog", "choices", "config", "model", "errors", "crs", "functions", "open_services",
        "render", "render_service", "selection", "services", "sources", "web",
    },
    "arcgis": {
        "catalog", "choices", "model", "errors", "crs", "config", "facts", "forms", "functions", "legends",
        "render", "render_service", "renderings", "security", "selection", "services", "sources", "web",
    },
    "ogc": {
        "cache", "catalog", "choices", "config", "crs", "errors", "facts", "forms", "functions", "legends",
        "model", "proxy", "render", "render_service", "renderings", "selection", "services", "sources",
        "viewer", "web", "xyz",
    },
    "viewer": {
        "proxy", "xyz", "choices", "model", "errors", "crs", "config", "forms", "security", "selection",
        "services", "sources", "threads", "web",
    },
    "demo": {"config"},
    "bulk": {
        "ad_hoc", "cache", "catalog", "choices", "config", "crs", "errors", "functions", "listing", "model",
        "render", "render_service", "renderings", "selection", "services", "sources", "threads", "web", "xyz",
    },
    "open_services": {"config", "errors", "services", "sources"},
    "front": {
        "config", "errors", "metrics", "proxy", "render_service", "security", "services", "sources",
        "tracing", "web",
    },
    "upkeep": {"cache", "services", "threads"},
    "cors": set(),
    "admin": {
        "cache", "config", "errors", "metrics", "render_service", "security", "services", "sources", "upkeep",
        "web",
    },
    "app": {
        "admin", "arcgis", "config", "cors", "errors", "front", "functions", "hits", "metrics", "model",
        "ogc", "open_services", "proxy", "render_service", "renderings", "security", "services", "threads",
        "upkeep", "viewer", "web", "xyz",
    },
    "hits": {"web", "cache", "metrics", "security"},
    "threads": set(),
    "chosen": {"config", "demo", "sources"},
    "running": {"app", "chosen", "config", "front", "metrics", "proxy", "security", "sources", "tracing"},
    "cli": {
        "proxy", "admin", "app", "arcgis", "bulk", "cache", "catalog", "chosen", "config", "demo", "errors",
        "front", "listing", "model", "running", "security", "services", "sources",
    },
    "proxy": set(),
    "__main__": {"cli"},
}  # fmt: skip

MODULES = sorted(ROOT.rglob("*.py"))


def part_of(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "proxy" if first == "__init__" else first


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "proxy":
            rest = node.module.split(".")[1:]
            found |= {rest[0]} if rest else {_part(alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {name[1] for name in names if name[0] == "proxy" and len(name) > 1}
    return found


def _part(name: str) -> str:
    return name if (ROOT / name).is_dir() or (ROOT / f"{name}.py").exists() else "proxy"


def libraries(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(path)
    extra = imported(path) - ALLOWED[part] - {part}
    assert not extra, f"{part} may not import {sorted(extra)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_pure_parts_know_neither_files_nor_the_web(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    used = libraries(path)
    if name.startswith(("functions/", "render/warp/", "cache/", "model/")) or name in (
        "render/finish.py", "render/bands.py", "crs.py", "errors.py",
    ):  # fmt: skip
        assert not used & {"rasterio", "starlette", "rio_tiler"}
    if name.startswith(("render/", "sources/", "services/")) or name.endswith("params.py"):
        assert "starlette" not in used


def test_esri_spellings_live_in_the_arcgis_face_only() -> None:
    strangers = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if part_of(path) not in ("arcgis", "viewer") and "esriImageService" in path.read_text("utf-8")
    ]
    assert strangers == []


def test_the_package_is_as_large_as_the_table_says() -> None:
    assert {part_of(path) for path in MODULES} <= set(ALLOWED)
