from __future__ import annotations

import pytest

from tests.conftest import DEMO
from tests.doors import client_of

PATHS = ("/tiles/bluemarble/0/0/0.png", "/tiles/bluemarble/tilejson.json", "/tiles/bluemarble/99/0/0.png")
MINE, OTHER = {"Origin": "https://app.example"}, {"Origin": "https://other.example"}


@pytest.mark.parametrize("path", PATHS)
def test_what_is_open_to_all_is_the_same_for_all(path: str) -> None:
    with client_of(DEMO / "bluemarble.tif") as client:
        for headers in ({}, MINE, {}, MINE):
            answer = client.get(path, headers=headers)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "ETag" in answer.headers["access-control-expose-headers"]
            assert "vary" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_what_is_not_open_to_all_says_that_it_varies(path: str) -> None:
    with client_of(DEMO / "bluemarble.tif", server={"cors_origins": ["https://app.example"]}) as client:
        for headers, allowed in ((MINE, MINE["Origin"]), (OTHER, None), ({}, None)) * 2:
            answer = client.get(path, headers=headers)
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert answer.headers["vary"] == "Origin"


def test_preflights() -> None:
    asked = {
        **MINE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "Authorization",
    }
    with client_of(DEMO / "bluemarble.tif") as client:
        answer = client.options(PATHS[0], headers=asked)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
        assert "POST" in answer.headers["access-control-allow-methods"]
