"""Filling a catalog and keeping it up to date.

Items go into the file in batches, each a transaction, so that readers see what there is so far, and what a
crash leaves is whole items. Until the end of the first round the catalog says that it is not finished.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterable

import shapely

from proxy.catalog.attributes import ID, Columns, clean, computed, converted, properties_of
from proxy.catalog.base import Field, FieldType, ItemRecord, Value
from proxy.catalog.coding import dump_assets, dump_kind, dump_transform
from proxy.catalog.placing import Placed, place
from proxy.catalog.schema import BOUNDS, column, dumped, load
from proxy.crs import WEB_MERCATOR, SpatialReference
from proxy.errors import CannotOpen

#: Items and seconds after which a batch is given to the readers.
BATCH, SECONDS = 2000, 1.0
#: Items that are looked at to find a common system.
COMMON = 1000
#: Facts whose row the writer remembers.
KINDS = 10_000

Row = dict[str, Value]


class CatalogWriter:
    """One round through a listing. Safe in several threads; items get their ids in the order of `put`.

    Every item must be told of by `put`, `keep` or `reject`; `finish` takes out those that were not. Without
    `finish` nothing is taken out, and a first round stays unfinished.
    """

    def __init__(
        self, connection: sqlite3.Connection, crs: SpatialReference | None, indexed: Iterable[str]
    ) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._indexed = {name.lower() for name in indexed if name}
        state = load(connection)
        self._round = state.round + 1
        self._crs = crs or state.crs
        self._columns = Columns(state.fields)
        self._kinds: dict[str, int] = {}
        self._waiting: dict[str, ItemRecord] = {}
        self._open = False
        self._changed = False
        self._news = 0
        self._began = 0.0
        self._progress: tuple[int, int | None] = (0, None)
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM seen")
        self._begin()
        connection.execute("UPDATE state SET round=?", (self._round,))
        if self._crs is not None and state.crs is None:
            connection.execute("UPDATE state SET crs=?", (self._crs.definition,))
        self._commit()

    def known(self, key: str) -> str | None:
        """Version at which an item was put, None where there is no such item."""
        with self._lock:
            if key in self._waiting:
                return self._waiting[key].version
            found = self._connection.execute(
                "SELECT version FROM keys JOIN details USING (id) WHERE key=?", (key,)
            ).fetchone()
            return None if found is None else str(found[0])

    def put(self, record: ItemRecord) -> None:
        """Take in an item, new or changed; one that is as it was changes nothing.

        What has not been opened (`facts` is None), or cannot be placed in the system of the service, is
        rejected with a reason.
        """
        with self._lock:
            if record.facts is None:
                self.reject(record.name, "Its header has not been read.")
            elif self._crs is None:
                self._waiting[record.key] = record
                self._decide(len(self._waiting) >= COMMON)
            else:
                self._put(record)

    def keep(self, key: str) -> bool:
        """An item that is as it was. False where there is no such item."""
        with self._lock:
            if key in self._waiting:
                return True
            found = self._connection.execute(
                "SELECT id FROM keys JOIN details USING (id) WHERE key=?", (key,)
            ).fetchone()
            if found is None:
                return False
            self._see(found[0])
            return True

    def reject(self, place: str, why: str) -> None:
        """Tell of something that could not be read, in a public sentence."""
        with self._lock:
            self._begin()
            told = clean(place), self._round
            self._connection.execute("DELETE FROM rejected WHERE place=? AND round<?", told)
            self._connection.execute(
                "INSERT INTO rejected (place, round, why) VALUES (?, ?, ?)", (*told, why)
            )
            self._advance()

    def progress(self, done: int, total: int | None) -> None:
        """Tell how far the round is; shown with the next batch."""
        with self._lock:
            self._progress = done, total
            self._begin()
            self._advance(0)

    def finish(self) -> None:
        """End the round: take out items that were not told of, and say that the catalog is whole."""
        with self._lock:
            self._decide(True)
            self._begin()
            connection = self._connection
            gone = connection.execute(
                f"SELECT {column(ID)} FROM items WHERE {column(ID)} NOT IN (SELECT id FROM seen)"
            ).fetchall()
            for (item,) in gone:
                self._remove(item)
                self._changed = True
            connection.execute("DELETE FROM rejected WHERE round<>?", (self._round,))
            if not connection.execute("SELECT finished FROM state").fetchone()[0]:
                self._changed = True
            done = connection.execute("SELECT COUNT(*) FROM seen").fetchone()[0]
            done += connection.execute("SELECT COUNT(*) FROM rejected").fetchone()[0]
            self._progress = done, done
            connection.execute("UPDATE state SET finished=1")
            changed = self._changed
            self._commit()
            if changed:
                connection.execute("PRAGMA analysis_limit=1000")
                connection.execute("ANALYZE")
            # The log is long after a first round; a reader that is busy just now leaves it so.
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def flush(self) -> None:
        """Give the readers what there is."""
        with self._lock:
            self._decide(False)
            if self._open:
                self._commit()

    def undo(self) -> None:
        """Leave out the batch that has not been given to the readers yet."""
        with self._lock:
            if self._open:
                self._connection.execute("ROLLBACK")
                self._open = False

    def _decide(self, enough: bool) -> None:
        """Find the system of the service once enough items are known, and put those that waited for it."""
        if self._crs is not None or not self._waiting:
            return
        found = {record.facts.crs for record in self._waiting.values() if record.facts is not None}
        if len(found) == 1 and not enough:
            return
        self._crs = found.pop() if len(found) == 1 else WEB_MERCATOR
        self._begin()
        self._connection.execute("UPDATE state SET crs=?", (self._crs.definition,))
        waiting, self._waiting = self._waiting, {}
        for record in waiting.values():
            self._put(record)

    def _put(self, record: ItemRecord) -> None:
        facts, crs = record.facts, self._crs
        assert facts is not None
        assert crs is not None
        try:
            placed = place(record, facts, crs)
        except CannotOpen as error:
            self.reject(record.name, error.message)
            return
        self._begin()
        row = computed(record, placed) | self._properties(record)
        item = self._id(record.key)
        self._see(item)
        kind, transform = dump_kind(facts), dump_transform(facts.transform)
        assets, shape = dump_assets(record.assets), shapely.to_wkb(placed.footprint)
        seamline = None if placed.seamline is None else shapely.to_wkb(placed.seamline)
        digest = hashlib.blake2b(digest_size=16)
        for part in (json.dumps(row), record.version, kind, assets):
            digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
        for blob in (transform, shape, seamline or b""):
            digest.update(blob)
        old = self._connection.execute("SELECT digest FROM details WHERE id=?", (item,)).fetchone()
        if old is not None and old[0] == digest.digest():
            self._advance(0)
            return
        if old is not None:
            self._remove(item)
        self._insert(item, row, placed)
        self._connection.execute(
            "INSERT INTO details VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (item, record.version, digest.digest(), self._kind(kind), transform, assets, shape, seamline),
        )
        self._changed = True
        self._advance()

    def _insert(self, item: int, row: Row, placed: Placed) -> None:
        bounds = placed.footprint.bounds
        names = [ID, *row, "_parts", "_seam", *BOUNDS]
        self._connection.execute(
            f"INSERT INTO items ({', '.join(map(column, names))}) VALUES ({', '.join('?' * len(names))})",
            [item, *row.values(), len(placed.boxes), placed.seamline is not None, *map(float, bounds)],
        )
        for part, (west, south, east, north) in enumerate(placed.boxes):
            self._connection.execute(
                "INSERT INTO boxes VALUES (?, ?, ?, ?, ?)", (item * 4 + part, west, east, south, north)
            )

    def _remove(self, item: int) -> None:
        execute = self._connection.execute
        (parts,) = execute(f"SELECT _parts FROM items WHERE {column(ID)}=?", (item,)).fetchone()
        for part in range(parts):
            execute("DELETE FROM boxes WHERE id=?", (item * 4 + part,))
        execute("DELETE FROM details WHERE id=?", (item,))
        execute(f"DELETE FROM items WHERE {column(ID)}=?", (item,))

    def _properties(self, record: ItemRecord) -> Row:
        row: Row = {}
        for original, (value, kind) in properties_of(record):
            if kind is None:
                continue
            placed = self._columns.place(original, kind, len(value) if isinstance(value, str) else 0)
            if placed is None:
                continue
            old, now = placed
            if old is None:
                self._add(now)
            elif old.type is not now.type:
                self._widen(old, now)
            row[now.name] = converted(value, kind, now.type)
        return row

    def _add(self, field: Field) -> None:
        name = column(field.name)
        self._connection.execute(f"ALTER TABLE items ADD COLUMN {name}")
        if {field.name.lower(), field.alias.lower()} & self._indexed:
            self._connection.execute(f"CREATE INDEX {column('by_' + field.name)} ON items ({name})")

    def _widen(self, old: Field, now: Field) -> None:
        name = column(old.name)
        if now.type is FieldType.REAL:
            self._connection.execute(f"UPDATE items SET {name}=CAST({name} AS REAL) WHERE {name} IS NOT NULL")
            return
        rows = self._connection.execute(
            f"SELECT {column(ID)}, {name} FROM items WHERE {name} IS NOT NULL"
        ).fetchall()
        self._connection.executemany(
            f"UPDATE items SET {name}=? WHERE {column(ID)}=?",
            [(converted(value, old.type, now.type), item) for item, value in rows],
        )

    def _id(self, key: str) -> int:
        execute = self._connection.execute
        found = execute("SELECT id FROM keys WHERE key=?", (key,)).fetchone()
        if found is not None:
            return int(found[0])
        return int(execute("INSERT INTO keys (key) VALUES (?)", (key,)).lastrowid or 0)

    def _kind(self, text: str) -> int:
        found = self._kinds.get(text)
        if found is None:
            self._connection.execute("INSERT OR IGNORE INTO kinds (facts) VALUES (?)", (text,))
            found = int(self._connection.execute("SELECT id FROM kinds WHERE facts=?", (text,)).fetchone()[0])
            if len(self._kinds) >= KINDS:
                self._kinds.clear()
            self._kinds[text] = found
        return found

    def _see(self, item: int) -> None:
        self._connection.execute("INSERT OR IGNORE INTO seen VALUES (?)", (item,))

    def _begin(self) -> None:
        if not self._open:
            self._connection.execute("BEGIN IMMEDIATE")
            self._open, self._news, self._began = True, 0, time.monotonic()

    def _advance(self, news: int = 1) -> None:
        self._news += news
        if self._news >= BATCH or time.monotonic() - self._began >= SECONDS:
            self._commit()

    def _commit(self) -> None:
        done, total = self._progress
        connection = self._connection
        if self._changed:
            sums = connection.execute(
                "SELECT COUNT(*), TOTAL(_parts>1), TOTAL(_seam), MIN(_xmin), MIN(_ymin), MAX(_xmax),"
                " MAX(_ymax) FROM items"
            ).fetchone()
            connection.execute(
                "UPDATE state SET revision=revision+1, fields=?, items=?, cut=?, seamlines=?, xmin=?, ymin=?,"
                " xmax=?, ymax=?",
                (dumped(self._columns.fields), *sums),
            )
        connection.execute(
            "UPDATE state SET serial=serial+1, done=?, total=?, unreadable=(SELECT COUNT(*) FROM rejected)",
            (done, total),
        )
        connection.execute("COMMIT")
        self._open = self._changed = False
