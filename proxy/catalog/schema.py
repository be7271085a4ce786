"""The SQLite file of a catalog: its tables, how it is opened, and the one row that describes it.

items     one row an item: the attributes as columns, and the envelope and number of parts of the footprint
details   what is needed of an item once it is chosen: assets, header, footprint, seamline
boxes     R*Tree of the footprints' parts; a box belongs to the item `id >> 2`
keys      ids by key, of vanished items too, so that no id is ever used again
kinds     facts that many items share
rejected  places that could not be read
state     one row: fields, system, extent, progress, revision
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from proxy.catalog.attributes import ID, SHAPE, STANDARD
from proxy.catalog.base import Field, FieldType, Progress
from proxy.crs import SpatialReference
from proxy.errors import CannotOpen
from proxy.model import Extent

log = logging.getLogger(__name__)

#: Changes with the tables: a file of another version is written anew.
VERSION = 1
#: Marks the file as a catalog.
APPLICATION = 0x636F6763
#: Seconds that a writer waits for another process.
WAIT = 30.0
#: Columns of the footprint's envelope. Names of attributes begin with a letter.
BOUNDS = ("_xmin", "_ymin", "_xmax", "_ymax")

_COLUMNS = ", ".join(f'"{field.name}"' for field in STANDARD if field.name not in (ID, SHAPE))
_TABLES = (
    # Columns have no type, so that values stay as they are put; what they hold is in `state`.
    f'CREATE TABLE items ("{ID}" INTEGER PRIMARY KEY, {_COLUMNS}, _parts, _seam, {", ".join(BOUNDS)})',
    "CREATE TABLE details (id INTEGER PRIMARY KEY, version TEXT, digest BLOB, kind INTEGER,"
    " transform BLOB, assets TEXT, footprint BLOB, seamline BLOB)",
    "CREATE VIRTUAL TABLE boxes USING rtree (id, xmin, xmax, ymin, ymax)",
    "CREATE TABLE keys (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL)",
    "CREATE TABLE kinds (id INTEGER PRIMARY KEY, facts TEXT UNIQUE NOT NULL)",
    "CREATE TABLE rejected (place TEXT, why TEXT, round INTEGER)",
    "CREATE INDEX rejected_place ON rejected (place)",
    "CREATE TABLE state (serial INTEGER, token TEXT, revision INTEGER, round INTEGER, crs TEXT, fields TEXT,"
    " finished INTEGER, done INTEGER, total INTEGER, unreadable INTEGER, items INTEGER, cut INTEGER,"
    " seamlines INTEGER, xmin REAL, ymin REAL, xmax REAL, ymax REAL)",
)


@dataclass(frozen=True, slots=True)
class State:
    """What the file says of itself.

    Attributes:
        serial: changes with every write.
        revision: changes with the items.
        crs: None until it has been found out.
        cut: items that lie on both sides of the antimeridian. seamlines: items that have one.
    """

    serial: int
    revision: str
    round: int
    crs: SpatialReference | None
    fields: tuple[Field, ...]
    progress: Progress
    items: int
    cut: int
    seamlines: int
    extent: Extent | None


def column(name: str) -> str:
    """A name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def cell(name: str) -> str:
    """An attribute in a query that joins `items` with others."""
    return f"items.{column(name)}"


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time; transactions are begun and ended by hand."""
    return _opened(path, WAIT, "PRAGMA synchronous=NORMAL", "PRAGMA cache_size=-4000")


def lock(path: Path, seconds: float) -> sqlite3.Connection:
    """The lock of a catalog, until the connection is closed or its process ends, on every system.

    Raises:
        sqlite3.OperationalError: another has it, for longer than so many seconds.
    """
    return _opened(path.with_name(path.name + ".lock"), seconds, "BEGIN EXCLUSIVE")


def _opened(path: Path, seconds: float, *statements: str) -> sqlite3.Connection:
    found = sqlite3.connect(path, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        for statement in statements:
            found.execute(statement)
    except BaseException:
        found.close()
        raise
    return found


def prepare(path: Path) -> None:
    """Make sure that there is a catalog of this version at a place.

    What is no catalog, or one of another version, is put aside under the ending `.old`.

    Raises:
        CannotOpen: the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not _is_current(path):
            _put_aside(path)
        with contextlib.closing(connect(path)) as connection:
            # Nothing is written where there is nothing to make: a writer may be at it for a while.
            if not _version(connection):
                with contextlib.closing(lock(path, WAIT)):
                    _use_wal(connection)
                    connection.execute("BEGIN IMMEDIATE")
                    if not _version(connection):
                        _create(connection)
                    connection.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        raise CannotOpen("The catalog of the service cannot be written.", f"{path}: {error}") from error


def _use_wal(connection: sqlite3.Connection) -> None:
    """Change the journal, for which SQLite does not wait itself while somebody reads."""
    until = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.005)


def _put_aside(path: Path) -> None:
    with contextlib.closing(lock(path, WAIT)):
        if _is_current(path):
            # Another process was quicker.
            return
        log.warning("catalog %s: of another version or damaged, built anew", path.name)
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        path.replace(path.with_name(path.name + ".old"))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_current(path: Path) -> bool:
    try:
        with contextlib.closing(connect(path)) as connection:
            # One state of the file for all questions: another process may be making it.
            connection.execute("BEGIN")
            version = _version(connection)
            if not version:
                # Made by a process that has not come to the tables yet, or by a stranger.
                return not connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            connection.execute("SELECT serial FROM state").fetchone()
            return bool(version == VERSION and application == APPLICATION)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise
        return False
    except sqlite3.DatabaseError:
        return False


def _create(connection: sqlite3.Connection) -> None:
    for table in _TABLES:
        connection.execute(table)
    connection.execute(
        "INSERT INTO state VALUES (1, ?, 1, 0, NULL, ?, 0, 0, NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL)",
        (secrets.token_hex(6), dumped(STANDARD)),
    )
    connection.execute(f"PRAGMA application_id={APPLICATION}")
    connection.execute(f"PRAGMA user_version={VERSION}")


def dumped(fields: Iterable[Field]) -> str:
    """Fields as they are kept."""
    return json.dumps([[field.name, field.type.value, field.length, field.alias] for field in fields])


def load(connection: sqlite3.Connection) -> State:
    """The state that a connection sees."""
    (
        serial, token, revision, number, crs, fields, finished, done, total, unreadable, items, cut, lines,
        *bounds,
    ) = connection.execute("SELECT * FROM state").fetchone()  # fmt: skip
    return State(
        serial=serial,
        revision=f"{token}-{revision}",
        round=number,
        crs=None if crs is None else SpatialReference(crs),
        fields=tuple(Field(name, FieldType(kind), *more) for name, kind, *more in json.loads(fields)),
        progress=Progress(done, total, bool(finished), unreadable),
        items=items,
        cut=int(cut),
        seamlines=int(lines),
        extent=None if bounds[0] is None else Extent(*bounds),
    )


def clear(connection: sqlite3.Connection, crs: SpatialReference) -> None:
    """Take out everything but the ids, to begin again in another system."""
    for table in ("items", "details", "boxes", "kinds", "rejected"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute(
        "UPDATE state SET serial=serial+1, revision=revision+1, crs=?, finished=0, done=0, total=NULL,"
        " items=0, unreadable=0, cut=0, seamlines=0, xmin=NULL, ymin=NULL, xmax=NULL, ymax=NULL",
        (crs.definition,),
    )
