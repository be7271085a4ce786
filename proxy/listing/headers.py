"""Facts of items whose listing does not say them, read from their headers side by side."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate

import numpy as np

from proxy.catalog.base import Asset, ItemFacts, ItemRecord
from proxy.config import Config, ServiceConfig
from proxy.errors import CannotOpen, ProxyError, SourceFailed
from proxy.listing.ahead import ahead, at_once
from proxy.listing.shapes import clipped_to_raster
from proxy.model import PixelType
from proxy.sources.base import SourceInfo
from proxy.sources.leading import check_leads_nowhere
from proxy.sources.opening import open_raster
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle
from proxy.threads import DaemonPool

log = logging.getLogger(__name__)

#: Headers that are read at a time, and those that wait for their turn in the catalog.
PARALLEL, WAITING = 16, 64
#: Seconds after which an item that does not answer is left out, and how many times it waits so for its turn.
PATIENCE, TURNS = 60.0, 10

_readers = DaemonPool(PARALLEL, "headers")


@dataclasses.dataclass(frozen=True, slots=True)
class Failed:
    """An item that cannot be used, and a public sentence why."""

    record: ItemRecord
    reason: str


class Headers:
    """Reads the headers of items.

    Args:
        service: its settings of side files, nodata and credentials hold for each item.
    """

    def __init__(self, service: ServiceConfig, config: Config) -> None:
        # Names of bands are those of the mosaic, and say nothing of a single asset.
        self._service = service.model_copy(update={"mosaic": None, "bands": ()})
        self._config = config

    def completed(
        self, records: Iterable[ItemRecord], known: Callable[[ItemRecord], bool] = lambda record: False
    ) -> Iterator[ItemRecord | Failed]:
        """The items in order, each with its facts, or why it has none.

        Args:
            known: True for an item that is as it was: it is given back without facts, and not opened.
        """

        def submitted(record: ItemRecord) -> Future[ItemRecord]:
            if record.facts is not None or known(record):
                return at_once(record)
            return _readers.submit(self._completed, record)

        for record, future in ahead(submitted, records, WAITING):
            try:
                yield _awaited(future)
            except ProxyError as error:
                if isinstance(error, SourceFailed) and error.detail:
                    log.info("cannot read the header of %s: %s", record.name, error.detail)
                yield Failed(record, error.message)
            except Exception:
                log.exception("cannot read the header of %s", record.name)
                yield Failed(record, "The source could not be opened.")

    def _completed(self, record: ItemRecord) -> ItemRecord:
        found = [self._info(asset) for asset in record.assets]
        facts = merged_facts(record.assets, found)
        footprint = record.footprint
        if footprint is not None and record.footprint_crs is not None:
            # Where it has nothing to do with the raster, the outline of the raster is used.
            footprint = clipped_to_raster(footprint, record.footprint_crs, facts)
        properties, dates = dict(record.properties), record.dates
        if found[0].acquired is not None and "AcquisitionDate" not in properties:
            properties["AcquisitionDate"] = found[0].acquired
            dates = dates | {"AcquisitionDate"}
        return dataclasses.replace(
            record, facts=facts, footprint=footprint, properties=properties, dates=dates,
            version=record.version or found[0].version,
        )  # fmt: skip

    def _info(self, asset: Asset) -> SourceInfo:
        service = self._service.model_copy(update={"source": asset.href})
        # Nothing of a header's dataset is kept: a pool of none closes what is given back.
        source = open_raster(service, self._config, Pool[Handle](0))
        try:
            check_leads_nowhere(source.info.driver, asset.href)
            return source.info
        finally:
            source.close()


def _awaited(future: Future[ItemRecord]) -> ItemRecord:
    """The result, for which an item has its time from when its turn has come."""
    for _ in range(TURNS):
        try:
            return future.result(PATIENCE)
        except TooLate:
            if future.running():
                break
    raise CannotOpen("The source did not answer in time.")


def merged_facts(assets: Sequence[Asset], found: Sequence[SourceInfo]) -> ItemFacts:
    """Facts of an item from those of its assets: the grid of the finest, the bands of all in order.

    Raises:
        CannotOpen: an asset has not the bands that are asked of it, or lies in another system.
    """
    finest = min(found, key=lambda info: abs(info.transform.determinant))
    names: list[str] = []
    types: list[PixelType] = []
    for asset, info in zip(assets, found, strict=True):
        if info.crs != finest.crs:
            raise CannotOpen("The assets of the item have different coordinate reference systems.")
        bands = range(info.band_count) if asset.bands is None else asset.bands
        if any(band >= info.band_count for band in bands):
            raise CannotOpen(f"The asset '{asset.name}' has {info.band_count} bands only.")
        alone = len(bands) == 1 and asset.name and info.band_names[bands[0]].startswith("Band_")
        names += [asset.name] if alone else [info.band_names[band] for band in bands]
        types.append(info.pixel_type)
    same = len(set(types)) == 1
    return ItemFacts(
        crs=finest.crs,
        transform=finest.transform,
        width=finest.width,
        height=finest.height,
        pixel_type=types[0] if same else PixelType.of(np.result_type(*(kind.dtype for kind in types))),
        band_names=tuple(names),
        nodata=finest.nodata,
        coarsest=finest.level_sizes[-1] if finest.level_sizes else None,
    )
