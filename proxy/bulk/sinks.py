"""Where seeded tiles go: a folder, a bucket, MBTiles or PMTiles. Each can be taken up where it was left."""

from __future__ import annotations

import abc
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from proxy.bulk.area import Square
from proxy.bulk.work import Tile
from proxy.errors import Unsupported

MEDIA = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}

Metadata = Mapping[str, Any]


class Sink(Protocol):
    """Takes squares of tiles; one thread uses it."""

    def has(self, square: Square) -> bool:
        """True where the square was put before the last time that the work ended."""

    def put(self, square: Square, tiles: Iterable[Tile]) -> None:
        """Keep the tiles that show something, then the square as done."""

    def finish(self, metadata: Metadata) -> None:
        """Make the output whole."""

    def close(self) -> None:
        """Let go; what was put stays for the next time."""


class Journal:
    """Squares that are done, for one job. A job that changes begins anew."""

    def __init__(self, connection: sqlite3.Connection, job: str) -> None:
        self._connection = connection
        connection.execute("CREATE TABLE IF NOT EXISTS done (square TEXT PRIMARY KEY) WITHOUT ROWID")
        connection.execute("CREATE TABLE IF NOT EXISTS job (name TEXT)")
        known = connection.execute("SELECT name FROM job").fetchone()
        self.is_new = known is None or known[0] != job
        if self.is_new:
            connection.execute("DELETE FROM done")
            connection.execute("DELETE FROM job")
            connection.execute("INSERT INTO job VALUES (?)", (job,))
        connection.commit()
        self._done = {row[0] for row in connection.execute("SELECT square FROM done")}

    def __contains__(self, square: Square) -> bool:
        return square.name in self._done

    def add(self, square: Square) -> None:
        """Mark a square as done; the caller commits."""
        self._connection.execute("INSERT OR REPLACE INTO done VALUES (?)", (square.name,))
        self._done.add(square.name)


@contextmanager
def _kept(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that stays open, unless what is done with it here fails."""
    connection = sqlite3.connect(path)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


class MBTiles:
    """An MBTiles 1.3 file. Its progress lies in the file itself until it is finished."""

    def __init__(self, path: Path, job: str) -> None:
        self.path = path
        with _kept(path) as self._connection:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS metadata (name TEXT PRIMARY KEY, value TEXT)"
            )
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS tiles (zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER,"
                " tile_data BLOB, PRIMARY KEY (zoom_level, tile_column, tile_row))"
            )
            self._journal = Journal(self._connection, job)
            if self._journal.is_new:
                self._connection.execute("DELETE FROM tiles")
                self._connection.commit()

    def has(self, square: Square) -> bool:
        """True where the square is in the file."""
        return square in self._journal

    def put(self, square: Square, tiles: Iterable[Tile]) -> None:
        """Keep the tiles of a square in one transaction. MBTiles counts rows from the south."""
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?)",
                ((tile.z, tile.x, (1 << tile.z) - 1 - tile.y, tile.body) for tile in tiles if tile.body),
            )
            self._journal.add(square)

    def finish(self, metadata: Metadata) -> None:
        """Write the metadata and drop the marks of progress."""
        west, south, east, north = metadata["bounds"]
        lon, lat, zoom = metadata["center"]
        rows = {
            "name": metadata["name"],
            "format": "jpg" if metadata["format"] == "jpeg" else metadata["format"],
            "bounds": f"{west},{south},{east},{north}",
            "center": f"{lon},{lat},{zoom}",
            "minzoom": str(metadata["minzoom"]),
            "maxzoom": str(metadata["maxzoom"]),
            "attribution": metadata["attribution"],
            "description": metadata["description"],
            "type": "overlay",
            "version": "1",
        }
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO metadata VALUES (?, ?)", rows.items())
            self._connection.execute("DROP TABLE done")
            self._connection.execute("DROP TABLE job")
        self._connection.execute("PRAGMA journal_mode=DELETE")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def tiles_in_order(self) -> Iterable[tuple[int, int, int, bytes]]:
        """(z, x, y, body) in the order of PMTiles ids, the Hilbert curve of each zoom."""
        from pmtiles.tile import zxy_to_tileid

        places = self._connection.execute("SELECT zoom_level, tile_column, tile_row, rowid FROM tiles")
        order = sorted(
            (zxy_to_tileid(z, x, (1 << z) - 1 - row), z, x, (1 << z) - 1 - row, rowid)
            for z, x, row, rowid in places
        )
        for _, z, x, y, rowid in order:
            [body] = self._connection.execute(
                "SELECT tile_data FROM tiles WHERE rowid = ?", (rowid,)
            ).fetchone()
            yield z, x, y, body


class PMTiles:
    """A PMTiles 3 archive: gathered beside it, written in one go when all tiles are there."""

    def __init__(self, path: Path, job: str) -> None:
        _pmtiles()
        self.path = path
        self._gathered = MBTiles(path.with_name(path.name + ".part"), job)

    def has(self, square: Square) -> bool:
        """True where the square has been gathered."""
        return self._gathered.has(square)

    def put(self, square: Square, tiles: Iterable[Tile]) -> None:
        """Gather the tiles of a square."""
        self._gathered.put(square, tiles)

    def finish(self, metadata: Metadata) -> None:
        """Write the archive, and take away what was gathered.

        Raises:
            Unsupported: there is not a single tile.
        """
        pmtiles = _pmtiles()
        part = self.path.with_name(self.path.name + ".new")
        with part.open("wb") as file:
            writer = pmtiles.writer.Writer(file)
            for z, x, y, body in self._gathered.tiles_in_order():
                writer.write_tile(pmtiles.tile.zxy_to_tileid(z, x, y), body)
            if not writer.tile_entries:
                part.unlink()
                raise Unsupported("No tile shows anything; an empty archive is not written.")
            writer.finalize(_header(pmtiles, metadata), {
                "name": metadata["name"],
                "description": metadata["description"],
                "attribution": metadata["attribution"],
                "type": "overlay",
                "version": "1",
            })  # fmt: skip
        part.replace(self.path)
        self._gathered.close()
        self._gathered.path.unlink()

    def close(self) -> None:
        """Let go of what was gathered."""
        self._gathered.close()


def _pmtiles() -> Any:
    try:
        import pmtiles.reader
        import pmtiles.tile
        import pmtiles.writer
    except ImportError:
        raise Unsupported("PMTiles needs a package of its own: pip install 'cogproxy[pmtiles]'.") from None
    return pmtiles


def _header(pmtiles: Any, metadata: Metadata) -> dict[str, Any]:
    types = pmtiles.tile.TileType
    west, south, east, north = (round(value * 1e7) for value in metadata["bounds"])
    lon, lat, zoom = metadata["center"]
    kind = {"png": types.PNG, "jpg": types.JPEG, "jpeg": types.JPEG, "webp": types.WEBP}[metadata["format"]]
    return {
        "tile_type": kind,
        "tile_compression": pmtiles.tile.Compression.NONE,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": zoom,
        "center_lon_e7": round(lon * 1e7),
        "center_lat_e7": round(lat * 1e7),
    }


class _Loose(abc.ABC):
    """`{z}/{x}/{y}.png` as objects of their own, with a TileJSON beside them; a file tells what is done."""

    def __init__(self, journal: Path, job: str, extension: str) -> None:
        self._extension = extension
        self._path = journal
        journal.parent.mkdir(parents=True, exist_ok=True)
        with _kept(journal) as self._connection:
            self._journal = Journal(self._connection, job)

    def has(self, square: Square) -> bool:
        """True where the square has been written."""
        return square in self._journal

    def put(self, square: Square, tiles: Iterable[Tile]) -> None:
        """Write the tiles of a square."""
        for tile in tiles:
            if tile.body:
                name = f"{tile.z}/{tile.x}/{tile.y}.{self._extension}"
                self._write(name, tile.body, MEDIA[self._extension])
        with self._connection:
            self._journal.add(square)

    def finish(self, metadata: Metadata) -> None:
        """Write the TileJSON."""
        self._write("tilejson.json", tilejson(metadata, self._extension).encode(), "application/json")
        self.close()
        self._path.unlink()

    def close(self) -> None:
        """Close the journal."""
        self._connection.close()

    @abc.abstractmethod
    def _write(self, name: str, body: bytes, media_type: str) -> None:
        """Keep one object under its name."""


class Folder(_Loose):
    """Tiles below a folder, which holds the journal too."""

    def __init__(self, path: Path, job: str, extension: str) -> None:
        self.path = path
        super().__init__(path / ".cogproxy-seed", job, extension)

    def _write(self, name: str, body: bytes, media_type: str) -> None:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)


class Bucket(_Loose):
    """Tiles in a bucket, through obstore; the journal stays on this machine."""

    def __init__(self, store: Any, prefix: str, job: str, extension: str, journal: Path) -> None:
        self._store = store
        self._prefix = prefix.strip("/")
        super().__init__(journal, job, extension)

    def _write(self, name: str, body: bytes, media_type: str) -> None:
        path = f"{self._prefix}/{name}" if self._prefix else name
        self._store.put(path, body, attributes={"Content-Type": media_type})


def tilejson(metadata: Metadata, extension: str) -> str:
    """TileJSON of a folder of tiles, with addresses relative to it."""
    import json

    known = ("name", "description", "attribution", "bounds", "center", "minzoom", "maxzoom")
    document = {"tilejson": "3.0.0", "scheme": "xyz", "tiles": [f"{{z}}/{{x}}/{{y}}.{extension}"]}
    return json.dumps(document | {name: metadata[name] for name in known}, indent=2)


def journal_name(target: str, job: str) -> str:
    """File name of the journal of a target that cannot hold its own."""
    return hashlib.blake2b(f"{target}\n{job}".encode(), digest_size=12).hexdigest() + ".seed"
