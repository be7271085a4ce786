from __future__ import annotations

import time
from typing import Any

import pytest

from proxy.arcgis.pixel_types import code, pixel_type
from proxy.arcgis.relaxed import LONGEST, parse_json
from proxy.model import PixelType


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":[1,2.5,-3e2,true,null,"x"]}', {"a": [1, 2.5, -300.0, True, None, "x"]}),
        ("{'a': True, 'b': None, 'c': False}", {"a": True, "b": None, "c": False}),
        ("{a:1,b_c:'x',}", {"a": 1, "b_c": "x"}),
        ("{'a': (1, 2), 'b': [3,],}", {"a": [1, 2], "b": [3]}),
        ("{'a': u'x', 'b': \"it's\"}", {"a": "x", "b": "it's"}),
        (r"{'a': 'it\'s \"so\" \u00e9\n\\ \x41'}", {"a": 'it\'s "so" é\n\\ A'}),
        ("{rasterFunction:None}", {"rasterFunction": None}),
        ("{f:json,g:esriHSVAlgorithm}", {"f": "json", "g": "esriHSVAlgorithm"}),
        ("{1:2}", {"1": 2}),
        ("[+1, .5, 007]", [1, 0.5, 7]),
        ("'text'", "text"),
        (" [1 ,\n2 ] ", [1, 2]),
        ("{}", {}),
        ("5", 5),
    ],
)
def test_json_as_clients_send_it(text: str, expected: Any) -> None:
    assert parse_json(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", "{'a'}", "[1 2]", "{'a':1", "'open", "{a:b:c}", "[,]", "__import__('os')", "[1]+[2]",
     "{'a': 1} x", "[NaN]", "\x00", "a b", "[" * 100_000, "{'a':" * 100_000, "[" * 200 + "]" * 199],
)  # fmt: skip
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_long_texts_are_refused_or_read_at_once() -> None:
    with pytest.raises(ValueError, match="characters"):
        parse_json("'" + "x" * LONGEST + "'")
    many = "{" + ",".join(f"'k{i}':[1,2,3]" for i in range(40_000)) + "}"
    hostile = ["'" + "\\" * 400_001, "[" + "1" * 400_000, "{" + "a" * 400_000, " " * 900_000 + "x y"]
    start = time.process_time()
    assert len(parse_json(many)) == 40_000
    for text in hostile:
        with pytest.raises(ValueError, match=r"."):
            parse_json(text)
    # Linear work on three million characters takes about a second; anything worse takes minutes.
    assert time.process_time() - start < 10


@pytest.mark.parametrize("found", list(PixelType))
def test_codes_go_there_and_back(found: PixelType) -> None:
    assert pixel_type(code(found)) is found
    assert pixel_type(code(found).lower()) is found


def test_unknown_pixel_types() -> None:
    assert pixel_type("Unknown") is None
    assert pixel_type("") is None
    assert (code(PixelType.UINT8), code(PixelType.BIT1), code(PixelType.COMPLEX64)) == ("U8", "U1", "C64")
    with pytest.raises(ValueError, match="F16"):
        pixel_type("F16")
