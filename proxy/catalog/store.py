"""A catalog in one SQLite file."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import weakref
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proxy.catalog import schema
from proxy.catalog.attributes import ID
from proxy.catalog.base import Field, Item, Layout, Order, Progress, Query, Value
from proxy.catalog.choosing import Chosen, Options, chosen, field_of, needed_field, times_of
from proxy.catalog.coding import layouts
from proxy.catalog.grouping import Asked, statistics
from proxy.catalog.loading import items_of
from proxy.catalog.orders import Terms, ordered
from proxy.catalog.schema import State, cell
from proxy.catalog.writer import CatalogWriter
from proxy.crs import WEB_MERCATOR, SpatialReference
from proxy.errors import Busy, CannotRead, ProxyError
from proxy.model import Extent
from proxy.selection import MosaicMethod

log = logging.getLogger(__name__)

#: Idle connections that are kept.
IDLE = 8

_ID = cell(ID)
Row = dict[str, Value]


_EVERYTHING, _AS_STORED = Query(), Order()


class SqliteCatalog:
    """The items of one service in a file that several threads and processes read while one of them writes.

    Every answer comes from one state of the file: what a writer has begun and not committed is not seen, and
    nobody waits for it.
    """

    def __init__(
        self, path: Path, crs: SpatialReference | None, options: Options, indexed: Sequence[str]
    ) -> None:
        self._path = path
        self._crs = crs
        self._options = options
        self._indexed = indexed
        self._idle: deque[sqlite3.Connection] = deque()
        # For a catalog that is let go without being closed.
        weakref.finalize(self, _close_all, self._idle)
        self._state: State | None = None
        self._times: tuple[str, tuple[int, int] | None] | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        crs: SpatialReference | None = None,
        time_field: str = "AcquisitionDate",
        end_time_field: str = "",
        dimensions: Mapping[str, str] | None = None,
        sort_field: str = "",
    ) -> SqliteCatalog:
        """Open the catalog at a path; made where there is none, and empty then.

        Args:
            path: of the file. Two more, ending in `-wal` and `-shm`, and a lock stand beside it.
            crs: of the service. When it differs from that of the file the items are taken out, to be put
                again. None: that of the file; else the one that all of the first items share; else Web
                Mercator.
            time_field, end_time_field: attributes that hold when an item begins and ends.
            dimensions: attributes by the dimension that they hold; other names are those of attributes.
            sort_field: attribute that items are often sorted by. It, the times and the dimensions have
                indexes.

        Raises:
            CannotOpen: the file cannot be written.
        """
        schema.prepare(path)
        fields = {name.lower(): value for name, value in (dimensions or {}).items()}
        options = Options(time_field, end_time_field, fields)
        catalog = cls(path, crs, options, (time_field, end_time_field, sort_field, *fields.values()))
        with catalog._reading() as (connection, state):
            stale = crs is not None and state.crs not in (None, crs)
        if stale and crs is not None:
            log.warning(
                "catalog %s: it was in another system, %s; its items are taken out", path.name, state.crs
            )
            with contextlib.closing(schema.connect(path)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                schema.clear(connection, crs)
                connection.execute("COMMIT")
        return catalog

    def close(self) -> None:
        """Let go of the file; answers that are under way are still given."""
        self._closed = True
        _close_all(self._idle)

    @property
    def crs(self) -> SpatialReference:
        """Of footprints and queries; Web Mercator until it has been found out."""
        return self._crs or self._now().crs or WEB_MERCATOR

    @property
    def revision(self) -> str:
        """Changes whenever an answer may have changed."""
        return self._now().revision

    @property
    def fields(self) -> tuple[Field, ...]:
        """Attributes of the items, the standard ones first."""
        return self._now().fields

    @property
    def extent(self) -> Extent | None:
        """Envelope of all footprints; None while there are none."""
        return self._now().extent

    @property
    def time(self) -> tuple[int, int] | None:
        """First and last moment of the items in epoch milliseconds."""
        with self._reading() as (connection, state):
            if self._times is None or self._times[0] != state.revision:
                self._times = state.revision, self._time_of(connection, state)
            return self._times[1]

    @property
    def progress(self) -> Progress:
        """How far it has been built. While a finished catalog is refreshed it stays finished."""
        return self._now().progress

    def __len__(self) -> int:
        return self._now().items

    def find(
        self, query: Query, order: Order = _AS_STORED, limit: int | None = None, offset: int = 0
    ) -> list[Item]:
        """Items in order.

        Raises:
            InvalidParameter: `where`, a field or another part of the query cannot be understood.
        """
        with self._reading() as (connection, state):
            return items_of(connection, state, self._ids(connection, state, query, order, limit, offset))

    def ids(self, query: Query, order: Order = _AS_STORED) -> list[int]:
        """Ids of items in order; raises as `find` does."""
        with self._reading() as (connection, state):
            return self._ids(connection, state, query, order, None, 0)

    def rows(
        self,
        query: Query,
        fields: Sequence[str],
        order: Order = _AS_STORED,
        limit: int | None = None,
        offset: int = 0,
        distinct: bool = False,
    ) -> list[Row]:
        """Some attributes of the items, in order, by the names of the fields.

        Args:
            query: which items.
            fields: names; the shape is not among them.
            order: their order; of distinct rows the fields themselves in any direction, else their own order.
            limit: most rows. offset: rows to leave out first.
            distinct: every combination of values once.

        Raises:
            InvalidParameter: as `find` does.
        """
        with self._reading() as (connection, state):
            found = [needed_field(state.fields, name, "fields") for name in fields]
            names = [field.name for field in dict.fromkeys(found)]
            columns = ", ".join(map(cell, names)) or "1"
            rows, (by, values) = self._ordered(connection, state, query, order)
            if distinct:
                kept = [(name, way) for name, way in order.by if field_of(state.fields, name) in found]
                terms = [
                    f"{cell(needed_field(state.fields, n, 'order').name)} {_way(way)}" for n, way in kept
                ]
                by, values = ", ".join(terms) or columns, []
            text = f"SELECT {'DISTINCT ' if distinct else ''}{columns} {rows.text} ORDER BY {by}"
            text += " LIMIT ? OFFSET ?"
            cursor = connection.execute(text, [*rows.values, *values, *_page(limit, offset)])
            return [dict(zip(names, row, strict=False)) for row in cursor]

    def count(self, query: Query) -> int:
        """Number of items; raises as `find` does."""
        with self._reading() as (connection, state):
            rows = chosen(connection, state, query, self._options)
            return int(connection.execute(f"SELECT COUNT(*) {rows.text}", rows.values).fetchone()[0])

    def extent_of(self, query: Query) -> Extent | None:
        """Envelope of the footprints of some items, None where there are none; raises as `find` does."""
        with self._reading() as (connection, state):
            rows = chosen(connection, state, query, self._options)
            text = f"SELECT MIN(_xmin), MIN(_ymin), MAX(_xmax), MAX(_ymax) {rows.text}"
            bounds = connection.execute(text, rows.values).fetchone()
            return None if bounds[0] is None else Extent(*bounds)

    def statistics(self, query: Query, asked: Asked, group_by: Sequence[str] = ()) -> list[Row]:
        """Statistics of attributes; see `proxy.catalog.grouping.statistics`."""
        with self._reading() as (connection, state):
            rows = chosen(connection, state, query, self._options)
            return statistics(connection, state.fields, rows, asked, group_by)

    def get(self, item: int) -> Item | None:
        """Item by id."""
        if not 0 < item < 2**61:
            return None
        with self._reading() as (connection, state):
            found = items_of(connection, state, [item])
            return found[0] if found else None

    def values(self, field: str, query: Query = _EVERYTHING) -> list[Value]:
        """Distinct values of an attribute in rising order, without NULL; raises as `find` does."""
        with self._reading() as (connection, state):
            name = cell(needed_field(state.fields, field, "field").name)
            rows = chosen(connection, state, query, self._options)
            rows.need(f"{name} IS NOT NULL")
            text = f"SELECT DISTINCT {name} {rows.text} ORDER BY {name}"
            return [value for (value,) in connection.execute(text, rows.values)]

    def layouts(self) -> list[Layout]:
        """What bands, pixel types and nodata values there are, the most common first."""
        with self._reading() as (connection, _):
            rows = connection.execute(
                "SELECT facts, COUNT(*) FROM details JOIN kinds ON kinds.id = details.kind GROUP BY kind"
            ).fetchall()
        return layouts(rows)

    def envelopes(self, query: Query) -> NDArray[np.float64]:
        """Envelopes of footprints in no order, one for each side of the antimeridian: (envelopes, 4).

        Raises:
            InvalidParameter: as `find` does.
        """
        with self._reading() as (connection, state):
            rows = chosen(connection, state, query, self._options)
            rows.need("_parts <= 1")
            columns = ", ".join(schema.BOUNDS)
            found = connection.execute(f"SELECT {columns} {rows.text}", rows.values).fetchall()
            if state.cut:
                rows = chosen(connection, state, query, self._options)
                rows.need("_parts > 1")
                found += connection.execute(
                    "SELECT xmin, ymin, xmax, ymax FROM boxes JOIN"
                    f" (SELECT {_ID} AS item {rows.text}) ON id >> 2 = item",
                    rows.values,
                ).fetchall()
        return np.array(found, np.float64).reshape(-1, 4)

    def unreadable(self, limit: int = 100) -> list[tuple[str, str]]:
        """Places that could not be read, each with a public sentence why."""
        with self._reading() as (connection, _):
            return connection.execute("SELECT place, why FROM rejected LIMIT ?", (limit,)).fetchall()

    @contextlib.contextmanager
    def writing(self) -> Iterator[CatalogWriter]:
        """One round through the listing. An error ends it: what was given to the readers stays.

        Raises:
            Busy: another thread or process is at it.
        """
        with self._alone(), contextlib.closing(schema.connect(self._path)) as connection:
            writer = CatalogWriter(connection, self._crs, self._indexed)
            try:
                yield writer
            except BaseException:
                writer.undo()
                raise
            writer.flush()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            lock = schema.lock(self._path, 0)
        except sqlite3.OperationalError:
            raise Busy("The catalog is being refreshed already.") from None
        with contextlib.closing(lock):
            yield

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, State]]:
        """A connection in a transaction, and the state that it sees."""
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = schema.connect(self._path)
            try:
                connection.execute("BEGIN")
                (serial,) = connection.execute("SELECT serial FROM state").fetchone()
                state = self._state
                if state is None or state.serial != serial:
                    self._state = state = schema.load(connection)
                yield connection, state
            except ProxyError:
                self._release(connection)
                raise
            except BaseException:
                connection.close()
                raise
            self._release(connection)
        except sqlite3.Error as error:
            raise CannotRead(
                "The catalog of the service cannot be read.", f"{self._path}: {error}"
            ) from error

    def _release(self, connection: sqlite3.Connection) -> None:
        connection.execute("COMMIT")
        if self._closed or len(self._idle) >= IDLE:
            connection.close()
        else:
            self._idle.append(connection)

    def _now(self) -> State:
        with self._reading() as (_, state):
            return state

    def _ordered(
        self, connection: sqlite3.Connection, state: State, query: Query, order: Order
    ) -> tuple[Chosen, Terms]:
        locked = order.locked if order.method is MosaicMethod.LOCK and not order.by else None
        rows = chosen(connection, state, query, self._options, locked)
        return rows, ordered(connection, state, query, order)

    def _ids(
        self,
        connection: sqlite3.Connection,
        state: State,
        query: Query,
        order: Order,
        limit: int | None,
        offset: int,
    ) -> list[int]:
        rows, (by, values) = self._ordered(connection, state, query, order)
        text = f"SELECT {_ID} {rows.text} ORDER BY {by} LIMIT ? OFFSET ?"
        return [item for (item,) in connection.execute(text, [*rows.values, *values, *_page(limit, offset)])]

    def _time_of(self, connection: sqlite3.Connection, state: State) -> tuple[int, int] | None:
        start, end = times_of(state.fields, self._options)
        if start is None:
            return None
        last = ", ".join(f"(SELECT MAX({cell(field.name)}) FROM items)" for field in (start, end) if field)
        first = f"(SELECT MIN({cell(start.name)}) FROM items)"
        low, *high = connection.execute(f"SELECT {first}, {last}").fetchone()
        known = [value for value in high if isinstance(value, int | float)]
        return None if low is None else (int(low), int(max(known)))


def _close_all(connections: deque[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


def _way(ascending: bool) -> str:
    return f"{'ASC' if ascending else 'DESC'} NULLS LAST"


def _page(limit: int | None, offset: int) -> tuple[int, int]:
    # Beyond what SQLite counts there are no rows either.
    return (-1 if limit is None else max(limit, 0)), min(max(offset, 0), (1 << 63) - 1)
