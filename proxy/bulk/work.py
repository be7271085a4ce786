"""The work of one worker: it opens what it needs once and renders square after square."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from proxy.bulk.area import Square
from proxy.config import Config, parse
from proxy.errors import ProxyError
from proxy.listing.builder import open_catalog
from proxy.model import Extent, Grid, ImageFormat, RenderRequest
from proxy.render.context import ReadContext
from proxy.render.pipeline import render_picture
from proxy.services import Registry, Service
from proxy.sources.base import Source
from proxy.sources.session import prepare_process
from proxy.xyz.params import FORMATS, TileAddress, render_request, tile_grid


@dataclass(frozen=True)
class Job:
    """What is rendered, in plain values, so that it can be sent to other machines.

    Attributes:
        config: the configuration as JSON, secrets included.
        renderings: module and function that read the renderings of a configuration.
        query: parameters of the tile door, such as `time`, `bands` or `expression`.
    """

    config: str
    service: str
    style: str | None
    tms: str
    extension: str
    scale: int = 1
    query: tuple[tuple[str, str], ...] = ()

    @property
    def format(self) -> ImageFormat:
        """Of the tiles."""
        return FORMATS[self.extension]


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile that was rendered.

    Attributes:
        body: empty where nothing is to be seen. missing: items of a mosaic that could not be read.
        version: of the source that it was made from.
    """

    z: int
    x: int
    y: int
    body: bytes
    missing: int = 0
    version: str = ""


class Worker:
    """One service, open. Safe in several threads."""

    def __init__(self, job: Job, registry: Registry) -> None:
        self.job = job
        self.service: Service = registry.get(job.service)
        self._blank: bytes | None = None
        self._lock = threading.Lock()

    def render(self, square: Square) -> list[Tile]:
        """The tiles of a square.

        Raises:
            ProxyError: a tile cannot be rendered.
        """
        source = self.service.source
        return [self._tile(source, *place) for place in square.tiles()]

    def request(self, z: int, x: int, y: int) -> RenderRequest:
        """The request of a tile, as the tile door makes it."""
        address = TileAddress(self.job.tms, z, x, y, self.job.scale, self.job.format)
        return self._request(tile_grid(address))

    def blank(self, z: int, x: int, y: int) -> bytes:
        """The picture of a tile without anything to see; empty where there is no such tile."""
        return self._empty(self.service.source, self.request(z, x, y).grid)

    def _request(self, grid: Grid) -> RenderRequest:
        return render_request(self.service, grid, self.job.format, self.job.style, dict(self.job.query))

    def _tile(self, source: Source, z: int, x: int, y: int) -> Tile:
        request = self.request(z, x, y)
        picture = render_picture(self.service, source, request, ReadContext(self.service.source_pixels))
        body = b"" if picture.body == self._empty(source, request.grid) else picture.body
        return Tile(z, x, y, body, picture.missing, source.info.version)

    def _empty(self, source: Source, like: Grid) -> bytes:
        """A tile beside the data."""
        with self._lock:
            if self._blank is None:
                self._blank = self._rendered_beside(source, like)
            return self._blank

    def _rendered_beside(self, source: Source, like: Grid) -> bytes:
        extent = source.info.extent
        side = max(extent.width, extent.height, 1e-6) * 1e-3
        far = Extent(extent.xmax + side, extent.ymax + side, extent.xmax + 2 * side, extent.ymax + 2 * side)
        grid = Grid(source.crs, far, like.width, like.height)
        try:
            return render_picture(self.service, source, self._request(grid)).body
        except ProxyError:
            # No such place: then no tile lies beside the data either.
            return b""


_workers: dict[Job, Worker] = {}
_lock = threading.Lock()


def worker_of(job: Job, renderings: Any) -> Worker:
    """The worker of a job in this process, made once."""
    with _lock:
        if job not in _workers:
            prepare_process()
            _workers.clear()
            config = parsed(job.config)
            complete(config)
            _workers[job] = Worker(job, Registry(config, renderings))
        return _workers[job]


def complete(config: Config) -> None:
    """Wait until the catalogs of all mosaics are whole. What is made of half of a mosaic would be kept."""
    for service in config.services:
        if service.mosaic is not None:
            open_catalog(service, config, background=False).close()


def parsed(config: str) -> Config:
    """The configuration of a job."""
    data: Mapping[str, Any] = json.loads(config)
    return parse(data, {})


def rendered(job: Job, renderings: Any, square: Square) -> list[Tile]:
    """The tiles of a square, by the worker of this process."""
    with np.errstate(all="ignore"):
        return worker_of(job, renderings).render(square)
