from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import shapely

from proxy.catalog.base import Catalog, Order, Query
from proxy.catalog.store import SqliteCatalog
from proxy.crs import WEB_MERCATOR, WGS84, SpatialReference
from proxy.errors import Busy, CannotOpen, InvalidParameter
from proxy.model import Extent
from proxy.selection import MosaicMethod
from tests.catalog.items import UTM33, degrees, facts, filled, record, scattered

ROOT = Path(__file__).parents[2]


def test_it_is_a_catalog(tmp_path: Path) -> None:
    catalog: Catalog = SqliteCatalog.open(tmp_path / "new" / "c.sqlite")
    assert len(catalog) == 0
    assert catalog.extent is None
    assert catalog.time is None
    assert catalog.crs == WEB_MERCATOR
    assert not catalog.progress.finished
    assert catalog.find(Query(extent=Extent(0, 0, 1, 1)), Order(MosaicMethod.CENTER)) == []
    assert catalog.get(1) is None
    assert [field.name for field in catalog.fields][:3] == ["OBJECTID", "Shape", "Name"]


def test_an_item_comes_back_as_it_was_put(tmp_path: Path) -> None:
    header = facts(500_000, 5_800_000, 1000, nodata=float("nan"))
    line = shapely.box(500_100, 5_800_100, 500_900, 5_800_900)
    one = record("a/b", header, "v1", name="b", properties={"CloudCover": 0.5, "Note": "x"}, seamline=line)
    catalog = filled(tmp_path / "c.sqlite", [one])
    (item,) = catalog.find(Query())
    assert (item.id, item.key, item.name, item.version) == (1, "a/b", "b", "v1")
    assert item.assets == one.assets
    assert item.facts.nodata != item.facts.nodata
    assert item.facts.transform == header.transform
    assert item.facts.band_names == header.band_names
    assert item.facts.coarsest == (25, 25)
    assert item.footprint.equals(shapely.box(500_000, 5_800_000, 501_000, 5_801_000))
    assert item.seamline is not None
    assert item.seamline.equals(line)
    assert item.pixel_sizes == (10.0, 40.0)
    assert item.visible[0] == 0.0
    assert catalog.crs == UTM33
    assert dict(item.attributes) == {
        "OBJECTID": 1, "Name": "b", "MinPS": 0.0, "MaxPS": item.visible[1], "LowPS": 10.0, "HighPS": 40.0,
        "Category": 1, "Tag": "Dataset", "GroupName": "b", "ProductName": "", "CenterX": 500_500.0,
        "CenterY": 5_800_500.0, "ZOrder": None, "Shape_Length": 4000.0, "Shape_Area": 1e6, "CloudCover": 0.5,
        "Note": "x",
    }  # fmt: skip
    assert catalog.get(1) == item or item.facts.nodata != item.facts.nodata
    assert catalog.get(2) is None
    assert catalog.get(10**30) is None


def test_a_refresh_changes_what_has_changed(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", [record(key) for key in "abc"])
    first = catalog.revision
    with catalog.writing() as writer:
        assert [writer.known(key) for key in "abcd"] == ["1", "1", "1", None]
        assert writer.keep("a")
        assert not writer.keep("d")
        writer.put(record("b"))
        writer.put(record("c"))
        writer.finish()
    assert catalog.revision == first
    with catalog.writing() as writer:
        writer.keep("a")
        writer.put(record("c", facts(600_000), "2"))
        writer.put(record("d"))
        writer.finish()
    assert catalog.revision != first
    assert [(item.id, item.key, item.version) for item in catalog.find(Query())] == [
        (1, "a", "1"), (3, "c", "2"), (4, "d", "1"),
    ]  # fmt: skip
    assert catalog.ids(Query(extent=Extent(600_100, 5_800_100, 600_200, 5_800_200))) == [3]
    assert catalog.ids(Query(extent=Extent(500_100, 5_800_100, 500_200, 5_800_200))) == [1, 4]
    assert catalog.extent == Extent(500_000, 5_800_000, 601_000, 5_801_000)


def test_ids_stay_with_their_keys(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", [record(key) for key in "abc"])
    for keys, ids in (("bd", [2, 4]), ("", []), ("e", [5]), ("cabde", [1, 2, 3, 4, 5])):
        with catalog.writing() as writer:
            for key in keys:
                writer.put(record(key))
            writer.finish()
        assert catalog.ids(Query()) == ids
    assert [item.key for item in catalog.find(Query())] == list("abcde")


def test_equal_pixels_with_other_attributes_are_a_change(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", [record("a", properties={"x": 1})])
    first = catalog.revision
    with catalog.writing() as writer:
        writer.put(record("a", properties={"x": 2}))
        writer.finish()
    assert catalog.revision != first
    assert catalog.values("x") == [2]


def test_without_an_end_nothing_is_taken_out(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", [record(key) for key in "abc"])
    with catalog.writing() as writer:
        writer.put(record("d"))
    assert len(catalog) == 4
    with contextlib.suppress(RuntimeError), catalog.writing() as writer:
        writer.put(record("e"))
        raise RuntimeError
    assert len(catalog) == 4
    assert catalog.progress.finished


def test_readers_see_what_there_is_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.catalog.writer.BATCH", 2)
    catalog = SqliteCatalog.open(tmp_path / "c.sqlite", crs=UTM33)
    seen = []
    with catalog.writing() as writer:
        for number in range(5):
            writer.put(record(str(number), properties={f"p{number}": number}))
            writer.progress(number + 1, 5)
            seen.append((len(catalog), catalog.revision))
            assert not catalog.progress.finished
            assert catalog.ids(Query()) == list(range(1, len(catalog) + 1))
        writer.reject("far/away", "It is gone.")
        writer.finish()
    assert [count for count, _ in seen] == [0, 2, 2, 4, 4]
    assert len({revision for _, revision in seen}) == 3
    progress = catalog.progress
    assert (progress.done, progress.total, progress.finished, progress.unreadable) == (6, 6, True, 1)


def test_what_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    catalog = SqliteCatalog.open(tmp_path / "c.sqlite", crs=UTM33)
    with catalog.writing() as writer:
        writer.reject("b\0ad", "It is damaged.")
        writer.put(record("closed", name="closed", facts=None))
        writer.put(record("mars", facts(crs=SpatialReference("IAU_2015:49900"), x=0, y=0, size=1)))
        writer.put(record("a"))
        writer.finish()
    assert catalog.unreadable() == [
        ("bad", "It is damaged."),
        ("closed", "Its header has not been read."),
        ("mars", "The footprint cannot be placed in the system of the service."),
    ]
    assert catalog.unreadable(1) == [("bad", "It is damaged.")]
    assert catalog.progress.unreadable == 3
    with catalog.writing() as writer:
        writer.reject("bad", "It is damaged.")
        writer.keep("a")
        writer.finish()
    assert catalog.unreadable() == [("bad", "It is damaged.")]
    assert len(catalog) == 1


def test_an_item_that_has_become_unreadable_goes(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", [record("a"), record("b")])
    with catalog.writing() as writer:
        writer.keep("a")
        writer.reject("b", "It is damaged.")
        writer.finish()
    assert [item.key for item in catalog.find(Query())] == ["a"]


def test_the_system_is_that_of_the_first_items(tmp_path: Path) -> None:
    assert filled(tmp_path / "a", [record(key) for key in "abc"]).crs == UTM33
    mixed = [record("a"), record("b", degrees(10, 50, 11, 51)), record("c")]
    catalog = filled(tmp_path / "b", mixed)
    assert catalog.crs == WEB_MERCATOR
    assert len(catalog) == 3
    assert filled(tmp_path / "c", mixed, crs=WGS84).crs == WGS84
    # Found out once, it stays.
    again = SqliteCatalog.open(tmp_path / "b")
    with again.writing() as writer:
        writer.put(record("d"))
        writer.finish()
    assert again.crs == WEB_MERCATOR


def test_the_system_is_decided_after_a_thousand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.catalog.writer.COMMON", 3)
    catalog = SqliteCatalog.open(tmp_path / "c.sqlite")
    with catalog.writing() as writer:
        for key in "ab":
            writer.put(record(key))
        assert writer.known("a") == "1"
        assert writer.keep("b")
        writer.flush()
        assert len(catalog) == 0
        writer.put(record("c"))
        writer.put(record("far", degrees(10, 50, 11, 51)))
        writer.finish()
    assert catalog.crs == UTM33
    assert catalog.ids(Query()) == [1, 2, 3, 4]


def test_another_system_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    catalog = filled(path, [record("a"), record("b")], crs=UTM33)
    first = catalog.revision
    with catalog.writing() as writer:
        writer.keep("b")
        writer.finish()
    moved = SqliteCatalog.open(path, crs=WGS84)
    assert len(moved) == 0
    assert not moved.progress.finished
    assert moved.revision not in (first, catalog.revision + "x")
    with moved.writing() as writer:
        writer.put(record("b"))
        writer.finish()
    (item,) = moved.find(Query())
    assert item.id == 2
    assert shapely.box(14, 52, 16, 53).contains(item.footprint)


def test_one_writes_at_a_time(tmp_path: Path) -> None:
    catalog = SqliteCatalog.open(tmp_path / "c.sqlite")
    other = SqliteCatalog.open(tmp_path / "c.sqlite")
    with catalog.writing():
        with pytest.raises(Busy), other.writing():
            pass
        with pytest.raises(Busy), catalog.writing():
            pass
    with other.writing():
        pass


def test_opening_and_reading_wait_for_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.catalog.schema.WAIT", 0.0)
    path = tmp_path / "c.sqlite"
    catalog = filled(path, [record("a")])
    with catalog.writing() as writer:
        writer.keep("a")
        writer.put(record("b"))
        other = SqliteCatalog.open(path)
        assert other.ids(Query()) == catalog.ids(Query()) == [1]
        assert other.extent_of(Query()) == catalog.extent
        writer.finish()
    assert other.ids(Query()) == [1, 2]


OPENED = """
import sys
from pathlib import Path
from proxy.catalog.base import Query
from proxy.catalog.store import SqliteCatalog
sys.stdin.readline()
catalog = SqliteCatalog.open(Path(sys.argv[1]))
print(catalog.revision, catalog.ids(Query()))
"""


def test_several_processes_make_one_catalog(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", OPENED, str(tmp_path / "c.sqlite")]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate()[0] for process in processes}
    assert len(answers) == 1
    assert answers.pop().endswith("-1 []\n")


def test_several_threads_make_one_catalog(tmp_path: Path) -> None:
    for round_ in range(40):
        path, revisions, together = tmp_path / f"{round_}.sqlite", [], threading.Barrier(8)

        def made(path: Path = path, found: list[str] = revisions, at: threading.Barrier = together) -> None:
            at.wait(30)
            found.append(SqliteCatalog.open(path).revision)

        threads = [threading.Thread(target=made) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(revisions) == 8
        assert len(set(revisions)) == 1
        # What another is making is not taken for damaged.
        assert not path.with_name(f"{path.name}.old").exists()


def test_a_damaged_file_is_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "c.sqlite"
    for content in (b"no database at all, but long enough to be looked at" * 40, b"\0" * 4096):
        path.write_bytes(content)
        catalog = SqliteCatalog.open(path)
        assert len(catalog) == 0
        catalog.close()
        assert "built anew" in caplog.text
        caplog.clear()
        assert path.with_name("c.sqlite.old").read_bytes() == content
    path.write_bytes(b"")
    catalog = filled(path, [record("a")])
    catalog.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    assert len(SqliteCatalog.open(path)) == 0


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotOpen, match="cannot be written"):
        SqliteCatalog.open(tmp_path / "file" / "c.sqlite")


def test_a_closed_catalog_still_answers(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", [record("a")])
    catalog.close()
    assert len(catalog) == 1


def test_readers_do_not_wait_and_see_whole_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every round moves all items together: a reader that saw half a round would find them apart."""
    monkeypatch.setattr("proxy.catalog.writer.SECONDS", 3600.0)
    path = tmp_path / "c.sqlite"
    catalog = filled(path, [record(str(n), properties={"Round": 0}) for n in range(50)])
    wrong: list[object] = []
    rounds = threading.Event()

    def read() -> None:
        own = SqliteCatalog.open(path)
        while not rounds.is_set():
            for source in (catalog, own):
                values = {item.attributes["Round"] for item in source.find(Query())}
                if len(values) != 1 or source.count(Query("Round >= 0")) != 50:
                    wrong.append(values)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 8):
            with catalog.writing() as writer:
                for n in range(50):
                    writer.put(record(str(n), properties={"Round": number, f"New{number}": "x"}))
                # A reader's answer while the batch is open is that of the last round.
                assert catalog.values("Round") == [number - 1]
                writer.finish()
            assert catalog.values("Round") == [number]
    finally:
        rounds.set()
        for reader in readers:
            reader.join()
    assert wrong == []


KILLED = """
import os, sys
from pathlib import Path
from proxy.catalog import writer as module
from proxy.catalog.store import SqliteCatalog
from tests.catalog.items import UTM33, facts, record
module.BATCH, module.SECONDS = 10, 3600.0
catalog = SqliteCatalog.open(Path(sys.argv[1]), crs=UTM33)
with catalog.writing() as writer:
    for number in range(int(sys.argv[2])):
        writer.put(record(f"item{number}", facts(400_000.0 + 1000 * number), sys.argv[3]))
    print("ready", flush=True)
    sys.stdin.readline()
"""


def kill_while_writing(path: Path, count: int, version: str) -> None:
    """A process that writes batches of ten and is killed while the last one is open."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), str(count), version],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_a_killed_writer_leaves_a_catalog_that_says_that_it_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    kill_while_writing(path, 25, "1")
    catalog = SqliteCatalog.open(path, crs=UTM33)
    assert len(catalog) == 20
    assert not catalog.progress.finished
    assert [item.key for item in catalog.find(Query())] == [f"item{n}" for n in range(20)]
    assert catalog.ids(Query(extent=Extent(405_100, 5_800_100, 405_200, 5_800_200))) == [6]
    with catalog.writing() as writer:
        for number in range(25):
            if writer.known(f"item{number}") == "1":
                writer.keep(f"item{number}")
            else:
                writer.put(record(f"item{number}", facts(400_000.0 + 1000 * number)))
        writer.finish()
    assert catalog.ids(Query()) == list(range(1, 26))
    assert catalog.progress.finished


def test_a_killed_refresh_leaves_whole_items(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    catalog = filled(
        path, [record(f"item{n}", facts(400_000.0 + 1000 * n), "old") for n in range(30)], crs=UTM33
    )
    kill_while_writing(path, 15, "new")
    versions = [item.version for item in catalog.find(Query())]
    assert versions == ["new"] * 10 + ["old"] * 20
    assert catalog.progress.finished
    for number in range(30):
        box = Extent(400_100.0 + 1000 * number, 5_800_100, 400_200.0 + 1000 * number, 5_800_200)
        assert catalog.ids(Query(extent=box)) == [number + 1]


def test_many_items_at_once(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", scattered(300))
    assert len(catalog.find(Query())) == len(catalog) == catalog.count(Query()) == 300
    assert [item.id for item in catalog.find(Query(), limit=7, offset=290)] == list(range(291, 298))
    assert catalog.find(Query(), limit=0) == []
    assert catalog.find(Query(), offset=1000) == []


def test_rows_are_attributes_alone(tmp_path: Path) -> None:
    catalog = filled(tmp_path / "c.sqlite", scattered(40))
    everything = catalog.find(Query())
    order = Order(by=(("rank", False), ("CLOUDCOVER", True)))
    rows = catalog.rows(Query(), ["Name", "rank", "Name"], order, limit=5, offset=2)
    expected = catalog.find(Query(), order, limit=5, offset=2)
    assert rows == [{"Name": item.name, "Rank": item.attributes["Rank"]} for item in expected]
    distinct = catalog.rows(Query(), ["Sensor"], Order(by=(("Sensor", False),)), distinct=True)
    assert distinct == [{"Sensor": value} for value in ("S2B", "S2A", "L8", None)]
    pairs = catalog.rows(Query(), ["Sensor", "Rank"], distinct=True)
    assert len(pairs) == len({(item.attributes["Sensor"], item.attributes["Rank"]) for item in everything})
    with pytest.raises(InvalidParameter):
        catalog.rows(Query(), ["Shape"])
    with pytest.raises(InvalidParameter):
        catalog.rows(Query(), ["nothing"])
