from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from PIL import Image

from proxy.errors import InvalidRule
from proxy.functions import registry
from proxy.functions.parse import parse
from proxy.functions.refused import REFUSED, refusal
from proxy.functions.registry import FUNCTIONS

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "document_functions.py"


def test_the_document_is_that_of_the_registry() -> None:
    spec = importlib.util.spec_from_file_location("document_functions", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.TARGET.read_text("utf-8") == script.document(), "run benchmarks/document_functions.py"


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_known_functions_that_are_not_offered(name: str) -> None:
    assert registry.find(name) is None
    with pytest.raises(InvalidRule, match=r"not offered: .*\.") as error:
        parse({"function": name})
    assert error.value.path == name


def test_toolbox_suffixes_and_unknown_names() -> None:
    assert refusal("Fill_sa") == refusal("Fill")
    assert refusal("TotallyMadeUp") is None


def test_every_picture_is_there_and_light() -> None:
    root = SCRIPT.parents[1]
    wanted = json.loads(SCRIPT.with_name("function_pictures.json").read_text("utf-8"))
    assert {function.name for function in FUNCTIONS} >= set(wanted)
    found = {path.stem: path for path in (root / "docs" / "images").glob("*.webp")}
    assert set(found) == set(wanted)
    for path in found.values():
        assert path.stat().st_size <= 15_000
        with Image.open(path) as picture:
            assert picture.size == (300, 180)
            assert max(high - low for low, high in picture.convert("RGB").getextrema()) > 60
