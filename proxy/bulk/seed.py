"""Seeding: every tile of an area rendered once and kept somewhere."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.bulk.area import Area, Square, extent_of
from proxy.bulk.cache_sink import cache_sink
from proxy.bulk.run import in_threads, on_cluster
from proxy.bulk.sinks import Bucket, Folder, MBTiles, PMTiles, Sink, journal_name
from proxy.bulk.work import Job, Tile, Worker, rendered, worker_of
from proxy.catalog.base import Query
from proxy.config import Config
from proxy.crs import transform_bounds
from proxy.errors import InvalidParameter, ProxyError, Unsupported
from proxy.model import Extent
from proxy.services import Service
from proxy.sources.remote import object_store
from proxy.xyz import tilejson
from proxy.xyz.params import WEB_MERCATOR_QUAD, matrix_set_crs

log = logging.getLogger(__name__)

#: Formats that every reader of archives knows.
EXTENSIONS = ("png", "jpg", "webp")
#: What a cache keeps beside them: JPEG where nothing is transparent, PNG elsewhere.
CACHED_EXTENSIONS = (*EXTENSIONS, "auto")


@dataclass
class Report:
    """What a seeding did.

    Attributes:
        tiles: rendered and kept. empty: rendered, with nothing to see. skipped: known to be empty
            beforehand, or done before.
        failed: squares that could not be rendered, with the reason of the first.
        missing: tiles that lack items of a mosaic.
    """

    tiles: int = 0
    empty: int = 0
    skipped: int = 0
    bytes: int = 0
    failed: int = 0
    missing: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """One seeding."""

    job: Job
    area: Area
    renderings: Any
    dask: str | None = None
    threads: int = 0

    def run(self, sink: Sink, advanced: Callable[[int], None] = lambda _: None) -> Report:
        """Render what the sink does not have yet.

        Args:
            advanced: told how many tiles more are done, those that are skipped included.
        """
        worker = worker_of(self.job, self.renderings)
        report = Report()
        todo = self._todo(worker, sink, report, advanced)
        if self.dask:
            results: Iterator[tuple[Square, list[Tile] | BaseException]] = on_cluster(
                rendered, (self.job, self.renderings), todo, self.dask
            )
        else:
            results = in_threads(functools.partial(rendered, self.job, self.renderings), todo, self.threads)
        for square, result in results:
            _taken(square, result, sink, report)
            advanced(len(square))
        return report

    def _todo(
        self, worker: Worker, sink: Sink, report: Report, advanced: Callable[[int], None]
    ) -> Iterator[Square]:
        wanted = functools.partial(_has_data, worker.service, self.area.tms)
        for square in self.area.squares():
            if sink.has(square) or not wanted(square):
                report.skipped += len(square)
                advanced(len(square))
            else:
                yield square


def _taken(square: Square, result: list[Tile] | BaseException, sink: Sink, report: Report) -> None:
    if isinstance(result, BaseException):
        report.failed += 1
        report.reason = report.reason or _reason(result)
        log.warning("square %s: %s", square.name, _reason(result))
        return
    missing = sum(1 for tile in result if tile.missing)
    report.missing += missing
    if missing:
        # Not marked as done: the next run tries again.
        report.failed += 1
        report.reason = report.reason or "items of the mosaic could not be read"
        return
    sink.put(square, result)
    for tile in result:
        report.tiles += bool(tile.body)
        report.empty += not tile.body
        report.bytes += len(tile.body)


def _reason(error: BaseException) -> str:
    return error.message if isinstance(error, ProxyError) else f"{type(error).__name__}: {error}"


def _has_data(service: Service, tms: str, square: Square) -> bool:
    """False where no item of a mosaic lies under a square."""
    catalog = service.catalog
    if catalog is None:
        return True
    extent = extent_of(tms, square)
    try:
        box = transform_bounds(extent.as_tuple(), matrix_set_crs(tms), catalog.crs)
    except ProxyError:
        return True
    return catalog.count(Query(extent=Extent(*box))) > 0


def identity(job: Job, service: Service, area: Area) -> str:
    """Name of a job: another version of the source, another style or another area is another job."""
    # Which renderings there are may depend on the source, so that it is opened first.
    version = service.info.version
    rule = service.rendering(job.style).rule
    parts = (version, rule, job.tms, job.extension, job.scale, job.query, area.zooms, area.bounds)
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def sink_for(target: str, job: Job, name: str, config: Config, state: Path, renderings: Any) -> Sink:
    """The sink that `--to` names: `cache`, `pmtiles:F`, `mbtiles:F`, `dir:D`, or the URL of a bucket.

    Raises:
        InvalidParameter: it has none of these forms.
        Unsupported: the format cannot hold such tiles, or no tier of the cache is shared.
    """
    if target == "cache":
        return cache_sink(worker_of(job, renderings), config)
    kind, _, rest = target.partition(":")
    if kind in ("pmtiles", "mbtiles") and Path(rest).name:
        if job.tms != WEB_MERCATOR_QUAD:
            raise Unsupported(f"{kind} holds tiles of {WEB_MERCATOR_QUAD} only.")
        path = Path(rest)
        path.parent.mkdir(parents=True, exist_ok=True)
        return PMTiles(path, name) if kind == "pmtiles" else MBTiles(path, name)
    if kind == "dir" and rest:
        return Folder(Path(rest), name, job.extension)
    if kind in ("s3", "gs", "az") and rest.startswith("//"):
        service = next(each for each in config.services if each.name == job.service)
        store, prefix = object_store(target, config.credentials.get(service.credentials or ""))
        return Bucket(store, prefix, name, job.extension, state / journal_name(target, name))
    raise InvalidParameter("to", "Use cache, pmtiles:FILE, mbtiles:FILE, dir:FOLDER or s3://bucket/prefix.")


def metadata(job: Job, service: Service, area: Area) -> dict[str, Any]:
    """What an archive says of itself."""
    west, south, east, north = tilejson.rounded_bounds(area.bounds)
    lon, lat = tilejson.center(area.bounds)
    zooms = area.zooms
    fitting = tilejson.fitting_zoom(area.bounds)
    return {
        "name": service.title,
        "description": service.description,
        "attribution": service.attribution,
        "format": job.extension,
        "bounds": (west, south, east, north),
        "center": (lon, lat, max(zooms[0], min(zooms[-1], fitting))),
        "minzoom": zooms[0],
        "maxzoom": zooms[-1],
    }


def job_config(config: Config, revealed: Callable[[Config], dict[str, object]], service: str) -> str:
    """The part of a configuration that a worker needs, as JSON with its secrets."""
    services = tuple(each for each in config.services if each.name == service)
    return json.dumps(revealed(config.model_copy(update={"services": services})), sort_keys=True)
