from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import CannotOpen
from proxy.listing import stac_tree
from tests.listing.support import copies, listed, stac_item
from tests.range_server import RangeServer, range_server


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def link(relation: str, href: str) -> dict[str, str]:
    return {"rel": relation, "href": href, "type": "application/json"}


def node(kind: str, *links: dict[str, str]) -> dict[str, Any]:
    return {"type": kind, "stac_version": "1.0.0", "id": kind, "description": "d", "links": list(links)}


def test_an_item_is_a_mosaic_of_one(tmp_path: Path) -> None:
    copies(tmp_path, "data/a.tif")
    item = write(tmp_path / "items" / "a.json", stac_item("a", "../data/a.tif", **{"eo:cloud_cover": 3}))
    (record,), rejected = listed(item)
    assert rejected == []
    assert (record.key, record.name) == ("scenes/a", "a")
    assert Path(record.assets[0].href).samefile(tmp_path / "data" / "a.tif")
    assert record.properties["CloudCover"] == 3.0
    assert record.properties["collection"] == "scenes"
    assert record.properties["AcquisitionDate"] == 1588327200000
    assert record.footprint is not None
    assert record.footprint.bounds == (0, 0, 1, 1)


def test_the_version_of_an_item_changes_with_its_words_and_its_file(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    item = write(tmp_path / "a.json", stac_item("a", "a.tif"))
    versions = [listed(item)[0][0].version for _ in range(2)]
    write(item, {**stac_item("a", "a.tif"), "links": [link("self", "elsewhere.json")]})
    versions.append(listed(item)[0][0].version)
    assert len(set(versions)) == 1
    write(item, stac_item("a", "a.tif", platform="x"))
    versions.append(listed(item)[0][0].version)
    (tmp_path / "a.tif").write_bytes((tmp_path / "a.tif").read_bytes() + b"\0")
    versions.append(listed(item)[0][0].version)
    assert len(set(versions)) == 3


def test_collections_and_catalogs_are_followed(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif", "c.tif")
    for name in "abc":
        write(tmp_path / "deep" / f"{name}.json", stac_item(name, f"../{name}.tif"))
    write(
        tmp_path / "deep" / "collection.json",
        node(
            "Collection", link("item", "./a.json"), link("item", "b.json"), link("parent", "../catalog.json")
        ),
    )
    write(
        tmp_path / "inner.json", node("Catalog", link("item", "deep/c.json"), link("child", "catalog.json"))
    )
    top = write(
        tmp_path / "catalog.json",
        node("Catalog", link("child", "deep/collection.json"), link("child", "inner.json")),
    )
    found, rejected = listed(top)
    assert [record.name for record in found] == ["a", "b", "c"]
    assert rejected == []


def test_what_cannot_be_read_is_told_and_left_out(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    write(tmp_path / "a.json", stac_item("a", "a.tif"))
    write(tmp_path / "no.json", stac_item("no", "no.tif"))
    write(tmp_path / "virtual.json", stac_item("virtual", "/vsicurl/http://inside/a.tif"))
    write(tmp_path / "bare.json", {**stac_item("bare", "a.tif"), "assets": {}})
    write(tmp_path / "wrong.json", {"type": "Feature"})
    (tmp_path / "broken.json").write_text("{")
    names = ("a", "no", "virtual", "bare", "wrong", "broken", "absent")
    links = [link("item", f"{name}.json") for name in names]
    top = node("Collection", *links, link("child", "/vsimem/x.json"), link("child", "broken.json"))
    found, rejected = listed(write(tmp_path / "c.json", top))
    assert [record.name for record in found] == ["a"]
    reasons = {Path(place.partition("#")[0]).stem: reason for place, reason in rejected}
    assert reasons["no"] == "The source does not exist."
    assert "only name files" in reasons["virtual"]
    assert "no asset" in reasons["bare"]
    assert "no STAC item" in reasons["wrong"]
    assert reasons["broken"] == "The document is not JSON."
    assert reasons["absent"] == "The listing does not exist."
    assert "only name files" in reasons["c"]


def test_a_tree_on_a_server_is_followed_page_by_page(server: RangeServer) -> None:
    def page(*names: str, then: str | None = None) -> bytes:
        links = [link("next", then)] if then else []
        features = [stac_item(name, f"/x/{name}.tif") for name in names]
        return json.dumps({"type": "FeatureCollection", "features": features, "links": links}).encode()

    server.put("c/items", page("a", "b", then="items2"))
    server.put("c/items2", page("c", then="items"))
    url = server.put("c/collection.json", json.dumps(node("Collection", link("items", "items"))).encode())
    found, rejected = listed(url)
    assert [record.name for record in found] == ["a", "b", "c"]
    assert found[0].assets[0].href == f"{server.url}/x/a.tif"
    assert rejected == []


def test_relative_places_of_a_long_document_start_at_each_item_s_own(server: RangeServer) -> None:
    item = {**stac_item("a", "a.tif"), "links": [link("self", "https://far/b/a.json")]}
    url = server.put("all.json", json.dumps({"type": "FeatureCollection", "features": [item, 7]}).encode())
    found, rejected = listed(url)
    assert [record.assets[0].href for record in found] == ["https://far/b/a.tif"]
    assert rejected == [(url, "A feature of the collection is no STAC item.")]


def test_a_tree_on_a_server_names_no_local_file(tmp_path: Path, server: RangeServer) -> None:
    copies(tmp_path, "a.tif")
    write(tmp_path / "a.json", stac_item("a", "a.tif"))
    top = node("Collection", link("item", (tmp_path / "a.json").as_uri()))
    found, rejected = listed(server.put("c.json", json.dumps(top).encode()))
    assert found == []
    assert "local files" in rejected[0][1]


def test_a_tree_without_end_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stac_tree, "DEEPEST", 3)
    for depth in range(6):
        write(tmp_path / f"{depth}.json", node("Catalog", link("child", f"{depth + 1}.json")))
    found, rejected = listed(tmp_path / "0.json")
    assert found == []
    assert rejected == [(str(tmp_path / "4.json"), "The catalogs lie deeper or are more than are followed.")]


@pytest.mark.parametrize("document", [[], 7, {"type": "Feature"}, {"stac_version": "1.0.0"}, {}])
def test_other_documents_are_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(CannotOpen, match="document is no"):
        listed(write(tmp_path / "a.json", document))


@pytest.mark.parametrize("ending", [".ndjson", ".geojsonl", ".jsonl.gz"])
def test_items_in_lines_are_a_collection(tmp_path: Path, ending: str) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    lines = [json.dumps(stac_item(name, f"{name}.tif")) for name in ("a", "b")]
    data = ("\n\x1e".join(lines) + "\r\n").encode()
    path = tmp_path / f"items{ending}"
    path.write_bytes(gzip.compress(data) if ending.endswith(".gz") else data)
    records, rejected = listed(path)
    assert [record.name for record in records] == ["a", "b"]
    assert not rejected
    path.write_bytes(b"{}\n{")
    with pytest.raises(CannotOpen, match="not JSON"):
        listed(path)
