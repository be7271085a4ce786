from __future__ import annotations

import json
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from proxy.catalog.base import Progress, Query
from proxy.catalog.store import SqliteCatalog
from proxy.config import Config, ConfigError, parse
from proxy.errors import CannotOpen
from proxy.listing import builder, headers
from proxy.listing.builder import open_catalog, refresh_now
from proxy.listing.state import catalog_path
from tests.listing.support import OTHER, copies, stac_item


def config_of(tmp_path: Path, source: Any = None, **mosaic: Any) -> Config:
    places = source if source is not None else str(tmp_path / "data")
    service = {"name": "dem/valley", "mosaic": {"source": places, **mosaic}}
    return parse({"state": str(tmp_path / "state"), "services": [service]}, {})


def names(catalog: SqliteCatalog) -> list[str]:
    return sorted(item.name for item in catalog.find(Query()))


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does; the limit only keeps a failing test from hanging."""
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, "it has not come"
        time.sleep(0.01)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sources whose headers have been read."""
    found: list[str] = []
    original = headers.open_raster

    def noted(service, config, handles):  # type: ignore[no-untyped-def]
        found.append(Path(service.source).stem)
        return original(service, config, handles)

    monkeypatch.setattr(headers, "open_raster", noted)
    return found


def test_a_catalog_is_built_at_the_first_start_and_used_at_the_next(
    tmp_path: Path, opened: list[str]
) -> None:
    copies(tmp_path / "data", "a.tif", "b.tif")
    (tmp_path / "data" / "c.tif").write_bytes(b"no raster")
    config = config_of(tmp_path)
    told: list[Progress] = []
    catalog = open_catalog(config.services[0], config, background=False, on_progress=told.append)
    assert names(catalog) == ["a", "b"]
    assert catalog.progress == Progress(3, 3, True, 1)
    assert told[-1] == catalog.progress
    assert catalog.unreadable() == [(str(tmp_path / "data" / "c.tif"), "The source could not be opened.")]
    assert sorted(opened) == ["a", "b", "c"]
    shutil.rmtree(tmp_path / "data")
    again = open_catalog(config.services[0], config, background=False)
    assert names(again) == ["a", "b"]
    assert len(opened) == 3


def test_changed_new_and_vanished_items_are_noticed(tmp_path: Path, opened: list[str]) -> None:
    data = tmp_path / "data"
    copies(data, "a.tif", "b.tif", "c.tif", "d.tif")
    config = config_of(tmp_path)
    catalog = refresh_now(config.services[0], config)
    before = {item.name: item for item in catalog.find(Query())}
    revision = catalog.revision
    refresh_now(config.services[0], config)
    assert catalog.revision == revision
    opened.clear()
    (data / "a.tif").unlink()
    copies(data, "b.tif", of=OTHER)
    copies(data, "e.tif")
    (data / "d.tif").write_bytes(b"no raster any more")
    refresh_now(config.services[0], config)
    assert sorted(opened) == ["b", "d", "e"]
    after = {item.name: item for item in catalog.find(Query())}
    assert set(after) == {"b", "c", "e"}
    assert catalog.revision != revision
    assert after["b"].id == before["b"].id
    assert after["b"].facts != before["b"].facts
    assert after["b"].version != before["b"].version
    assert after["c"] == before["c"]
    assert after["e"].id not in {item.id for item in before.values()}
    assert [place for place, _ in catalog.unreadable()] == [str(data / "d.tif")]
    refresh_now(config.services[0], config, every=True)
    assert sorted(opened) == ["b", "b", "c", "d", "d", "e", "e"]


def test_what_cannot_be_listed_now_is_not_taken_for_gone(tmp_path: Path) -> None:
    copies(tmp_path / "data", "a.tif")
    copies(tmp_path / "more", "b.tif")
    config = config_of(tmp_path, [str(tmp_path / "data"), str(tmp_path / "more")])
    catalog = refresh_now(config.services[0], config)
    (tmp_path / "more").rename(tmp_path / "away")
    copies(tmp_path / "data", "c.tif")
    refresh_now(config.services[0], config)
    assert names(catalog) == ["a", "b", "c"]
    assert (str(tmp_path / "more"), "The source does not exist.") in catalog.unreadable()
    (tmp_path / "data").rename(tmp_path / "aside")
    with pytest.raises(CannotOpen, match="not exist"):
        refresh_now(config.services[0], config)
    assert names(catalog) == ["a", "b", "c"]


def test_a_first_start_makes_do_with_the_places_that_can_be_listed(tmp_path: Path) -> None:
    copies(tmp_path / "data", "a.tif")
    config = config_of(tmp_path, [str(tmp_path / "data"), str(tmp_path / "absent")])
    catalog = open_catalog(config.services[0], config, background=False)
    assert names(catalog) == ["a"]
    assert catalog.progress.finished


def test_nothing_at_all_is_an_error_and_no_end(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    with pytest.raises(CannotOpen, match="not exist"):
        open_catalog(config.services[0], config, background=False)
    copies(tmp_path / "data", "a.tif")
    assert names(open_catalog(config.services[0], config, background=False)) == ["a"]


def test_a_catalog_is_filled_while_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies(tmp_path / "data", *(f"{index}.tif" for index in range(5)))
    going, original = threading.Event(), headers.open_raster

    def waiting(service, config, handles):  # type: ignore[no-untyped-def]
        assert going.wait(30)
        return original(service, config, handles)

    monkeypatch.setattr(headers, "open_raster", waiting)
    config = config_of(tmp_path)
    catalog = open_catalog(config.services[0], config)
    assert len(catalog) == 0
    assert not catalog.progress.finished
    going.set()
    until(lambda: catalog.progress.finished)
    assert len(catalog) == 5


def test_one_of_several_builds_and_the_others_see_it(tmp_path: Path, opened: list[str]) -> None:
    copies(tmp_path / "data", *(f"{index}.tif" for index in range(20)))
    config = config_of(tmp_path)
    catalogs = [open_catalog(config.services[0], config) for _ in range(4)]
    until(lambda: all(catalog.progress.finished for catalog in catalogs))
    assert {len(catalog) for catalog in catalogs} == {20}
    assert len(opened) == 20


def test_another_who_builds_is_waited_for(tmp_path: Path) -> None:
    copies(tmp_path / "data", "a.tif")
    config = config_of(tmp_path)
    first = open_catalog(config.services[0], config, background=False)
    told = threading.Event()
    with first.writing():
        waiting = threading.Thread(
            target=refresh_now,
            args=(config.services[0], config),
            kwargs={"on_progress": lambda p: told.set()},
        )
        waiting.start()
        assert told.wait(30)
        assert waiting.is_alive()
    waiting.join(30)
    assert not waiting.is_alive()


def test_a_catalog_is_looked_after_as_often_as_configured(tmp_path: Path) -> None:
    copies(tmp_path / "data", "a.tif")
    config = config_of(tmp_path, refresh=0.1)
    catalog = open_catalog(config.services[0], config)
    until(lambda: len(catalog) == 1)
    copies(tmp_path / "data", "b.tif")
    until(lambda: len(catalog) == 2)
    (tmp_path / "data" / "a.tif").unlink()
    until(lambda: names(catalog) == ["b"])


def test_a_listing_that_fails_at_first_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "RETRY_SECONDS", 0.05)
    config = config_of(tmp_path)
    catalog = open_catalog(config.services[0], config)
    until(lambda: catalog.progress.unreadable == 1)
    copies(tmp_path / "data", "a.tif")
    until(lambda: catalog.progress.finished)
    assert names(catalog) == ["a"]
    assert catalog.unreadable() == []


def test_a_restart_looks_once_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies(tmp_path / "data", "a.tif")
    config = config_of(tmp_path)
    open_catalog(config.services[0], config, background=False)
    copies(tmp_path / "data", "b.tif")
    quick = open_catalog(config.services[0], config)
    assert names(quick) == ["a"]
    monkeypatch.setattr(builder, "FRESH_SECONDS", 0.0)
    later = open_catalog(config.services[0], config)
    until(lambda: len(later) == 2)
    assert len(quick) == 2


def test_a_thread_ends_when_nobody_holds_its_catalog(tmp_path: Path) -> None:
    import gc

    copies(tmp_path / "data", "a.tif")
    config = config_of(tmp_path, refresh=3600.0)
    catalog = open_catalog(config.services[0], config)
    # No closure may hold it.
    until(partial(_is_finished, weakref.ref(catalog)))
    mine = [thread for thread in threading.enumerate() if thread.name == "catalog dem/valley"]
    assert mine
    del catalog
    gc.collect()
    for thread in mine:
        thread.join(30)
        assert not thread.is_alive()


def _is_finished(held: weakref.ref[SqliteCatalog]) -> bool:
    catalog = held()
    return catalog is not None and catalog.progress.finished


def test_another_configuration_has_another_file(tmp_path: Path) -> None:
    def path(**mosaic: Any) -> Path:
        config = config_of(tmp_path, **mosaic)
        return catalog_path(config.services[0], config)

    plain = path()
    assert plain.parent == tmp_path / "state" / "catalogs"
    assert plain.name.startswith("dem_valley-")
    assert plain == path(method="center", max_items=5, refresh=10)
    different = [path(crs="EPSG:3857"), path(date_pattern="x"), path(assets="red"), path(source=["x"])]
    assert len({plain, *different}) == 5


def test_the_folder_of_the_user_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = parse({"services": [{"name": "m", "mosaic": {"source": "x"}}]}, {})
    assert catalog_path(config.services[0], config).is_relative_to(tmp_path / "cogproxy")


def test_a_folder_that_cannot_be_made_and_an_unknown_system_are_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    config = config_of(tmp_path)
    with pytest.raises(CannotOpen, match="cannot be written"):
        open_catalog(config.services[0], config)
    (tmp_path / "state").unlink()
    config = config_of(tmp_path, crs="nowhere")
    with pytest.raises(CannotOpen, match="'crs'"):
        open_catalog(config.services[0], config)


def test_what_stac_tells_is_searched(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    items = [
        stac_item(name, f"{name}.tif", sun={"height": clouds}, **{"eo:cloud_cover": clouds})
        for name, clouds in (("a", 5), ("b", 50))
    ]
    (tmp_path / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    config = config_of(tmp_path, str(tmp_path / "items.json"))
    catalog = open_catalog(config.services[0], config, background=False)
    assert [item.name for item in catalog.find(Query(where="CloudCover < 10"))] == ["a"]
    assert [item.name for item in catalog.find(Query(where="AcquisitionDate > DATE '2020-04-30'"))] == [
        "a",
        "b",
    ]
    assert [item.name for item in catalog.find(Query(where="sun_height > 10"))] == ["b"]
    assert catalog.time == (1588327200000, 1588327200000)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "crs", "fields"),
    [
        ("naip", 26914, {"AcquisitionDate"}),
        ("l8ny", 32618, {"AcquisitionDate", "CloudCover"}),
        ("quebec", 3857, set()),
    ],
)
def test_the_mosaics_of_the_large_set(
    shared: Path, tmp_path: Path, name: str, crs: int, fields: set[str]
) -> None:
    folder = shared / f"mosaic_{name}"
    document = json.loads((folder / "catalog.geojson").read_text())
    config = config_of(tmp_path, str(folder / "catalog.geojson"))
    catalog = open_catalog(config.services[0], config, background=False)
    assert catalog.crs.epsg == crs
    assert len(catalog) == len(document["features"])
    assert catalog.progress.unreadable == 0
    assert fields <= {field.name for field in catalog.fields}
    if crs != 3857:
        wanted = [entry["properties"][side] for entry in document["features"] for side in ("xmin", "ymax")]
        assert catalog.extent is not None
        # Footprints are rounded to a millionth of a degree, and are those of valid pixels only.
        size = document["features"][0]["properties"]["pixel_size"]
        assert catalog.extent.xmin == pytest.approx(min(wanted[::2]), abs=2 * size)
        assert catalog.extent.ymax == pytest.approx(max(wanted[1::2]), abs=2 * size)


def test_state_is_taken_from_the_folder_of_the_file(tmp_path: Path) -> None:
    from proxy.config import load

    (tmp_path / "c.yaml").write_text("state: there\nservices: [{name: m, mosaic: {source: data}}]\n")
    config = load(tmp_path / "c.yaml", {})
    assert catalog_path(config.services[0], config).is_relative_to(tmp_path / "there")
    with pytest.raises(ConfigError):
        parse({"services": [{"name": "m", "mosaic": {"source": []}}]}, {})
