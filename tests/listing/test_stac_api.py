from __future__ import annotations

import sys
from typing import Any

import pytest

from proxy.errors import CannotOpen
from tests.listing.servers import stac_server
from tests.listing.support import listed, stac_item


def make(number: int) -> dict[str, Any]:
    return stac_item(f"s{number}", f"data/{number}.tif", west=float(number))


def test_an_api_is_searched_page_by_page() -> None:
    with stac_server(25, make) as (api, url):
        found, rejected = listed(
            url + "/", search={"collections": ["scenes"], "limit": 10, "bbox": [0, 0, 1, 1]}
        )
        assert [record.name for record in found] == [f"s{number}" for number in range(25)]
        assert found[0].assets[0].href == f"{url}/data/0.tif"
        assert rejected == []
        assert len(api.searches) == 3
        assert api.searches[0] == {"collections": ["scenes"], "limit": 10, "bbox": [0, 0, 1, 1]}


def test_an_api_is_known_by_its_landing_page_or_named() -> None:
    with stac_server(3, make) as (api, url):
        assert len(listed(url)[0]) == len(listed(url, kind="stac_api")[0]) == 3
        assert len(listed(url, search={"max_items": 2})[0]) == 2
        assert api.searches[0]["limit"] == 500


def test_an_api_without_post_is_searched_by_get() -> None:
    with stac_server(25, make) as (api, url):
        api.methods = ("GET",)
        assert len(listed(url, search={"limit": 10})[0]) == 25
        assert len(api.searches) == 3


def test_items_that_cannot_be_used_are_told() -> None:
    def odd(number: int) -> dict[str, Any]:
        return make(number) if number != 1 else {**make(1), "assets": {}}

    with stac_server(3, odd) as (_, url):
        found, rejected = listed(url)
        assert [record.name for record in found] == ["s0", "s2"]
        assert rejected == [(f"{url}#s1", "The item has no asset that is a raster.")]


def test_an_api_that_fails_on_the_way_leaves_what_was_found() -> None:
    with stac_server(25, make) as (api, url):
        api.fails_at = 15
        found, rejected = listed(url, search={"limit": 10})
        assert len(found) == 10
        assert rejected == [(url, "The STAC API could not be searched.")]


def test_an_api_out_of_reach_and_a_wrong_search_are_said() -> None:
    with pytest.raises(CannotOpen, match="could not be searched"):
        listed("http://127.0.0.1:9/", kind="stac_api")
    with pytest.raises(CannotOpen, match="'cloud' is not something"):
        listed("http://127.0.0.1:9/", kind="stac_api", search={"cloud": 7})
    with stac_server(1, make) as (_, url), pytest.raises(CannotOpen, match="could not be searched"):
        listed(url, search={"datetime": "never"})


def test_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pystac_client", None)
    with pytest.raises(CannotOpen, match=r"pip install 'cogproxy\[stac\]'"):
        listed("http://127.0.0.1:9/", kind="stac_api")
