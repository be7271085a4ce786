"""A single raster: opened once for its facts, then read by window from pooled handles."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window as RasterioWindow

from proxy.config import ServiceConfig
from proxy.crs import SpatialReference
from proxy.errors import CannotOpen, CannotRead
from proxy.model import Array, Level, Mask, Window
from proxy.selection import EVERYTHING, Selection
from proxy.sources.base import SourceInfo
from proxy.sources.blocks.decode import Damaged
from proxy.sources.blocks.header import NotTaken
from proxy.sources.blocks.places import SourceChanged
from proxy.sources.blocks.reader import BlockReader
from proxy.sources.blocks.stored import Stored
from proxy.sources.describe import describe
from proxy.sources.location import Location
from proxy.sources.mask_levels import unmasked_levels
from proxy.sources.pool import Pool
from proxy.sources.session import Options, environment, only_these
from proxy.sources.validity import valid_by_value

log = logging.getLogger(__name__)

# Some calls of rasterio let GDAL's own errors through, which are no RasterioError.
_FAILURES = (RasterioError, CPLE_BaseError, OSError)


class Handle:
    """An open dataset with all that it stands on."""

    def __init__(self, dataset: DatasetReader, base: DatasetReader | None = None) -> None:
        self.dataset = dataset
        self._base = base

    def close(self) -> None:
        """Close the dataset and what lies below it."""
        self.dataset.close()
        if self._base is not None:
            self._base.close()


Handles = Pool[Handle]
_openings = count()


class RasterSource:
    """Pixels of one file or object.

    Reading is safe from several threads: each borrows a handle of its own.

    Args:
        driver: the only one of GDAL's that may open it; any when absent.
    """

    def __init__(
        self,
        location: Location,
        config: ServiceConfig,
        options: Options,
        pool: Handles,
        version: str,
        stored: Stored,
        driver: str | None = None,
    ) -> None:
        self._driver = driver
        self.location = location
        self.stale = False
        self._stored = stored
        self._blocks: BlockReader | None = None
        self._config = config
        self._options, self._gdal = options, dict(options)
        self._pool = pool
        self._version = version
        self._opening = next(_openings)
        self._warped = False
        #: Type that bands of several types are read in.
        self._common: str | None = None
        self._alpha: int | None = None
        self._unmasked: frozenset[int] = frozenset()
        self._overview_index: tuple[int, ...] = ()
        self.levels: tuple[Level, ...] = ()
        self.info = self._open()
        self.crs: SpatialReference = self.info.crs
        self.dtype = np.dtype(self.info.pixel_type.dtype)

    def normalised(self, selection: Selection) -> Selection:
        """A raster has nothing to choose from."""
        return EVERYTHING

    def at(self, selection: Selection) -> RasterSource:
        """Itself."""
        return self

    def read(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        """Read whole pixels of a level.

        Args:
            level: 0 for native pixels, above for overviews.
            bands: zero-based.
            window: inside the level.

        Returns:
            Data (bands, rows, columns) as stored, and the mask (rows, columns), True where valid, or None
            where the source has no mask at all.

        Raises:
            CannotRead: the file is damaged or out of reach.
            SourceChanged: it is no longer the one that was opened; `stale` is True from then on.
        """
        try:
            if self._blocks is not None:
                return self._read_blocks(self._blocks, level, bands, window)
            return self._read_window(level, bands, window)
        except SourceChanged:
            self.stale = True
            raise
        except (*_FAILURES, Damaged) as error:
            log.warning("cannot read %s: %s", self.location.text, error)
            raise CannotRead("The source could not be read.", str(error)) from error

    def _read_blocks(
        self, blocks: BlockReader, level: int, bands: tuple[int, ...], window: Window
    ) -> tuple[Array, Mask | None]:
        alpha = self._alpha
        extra = () if alpha is None or alpha in bands else (alpha,)
        data, valid = blocks.read(level, bands + extra, window)
        cover = None if alpha is None else data[(bands + extra).index(alpha)]
        data = data[: len(bands)]
        return data, self._valid(data, valid if cover is None else self._covered(data, cover))

    def _read_window(self, level: int, bands: tuple[int, ...], window: Window) -> tuple[Array, Mask | None]:
        indexes = [band + 1 for band in bands]
        area = self._area(level, window)
        shape = window.height, window.width
        try:
            with self._environment(), self._lent(level) as handle:
                dataset = handle.dataset
                data = self._values(dataset, indexes, area, shape)
                valid = None
                if self._alpha is not None:
                    # GDAL takes an alpha band for a mask in some places and types alone.
                    cover = dataset.read(self._alpha + 1, window=area, out_shape=shape)
                    valid = self._covered(data, cover)
                elif self.info.mask_kind == "mask":
                    valid = self._masked(dataset, indexes, level, area, shape)
        except _FAILURES:
            # The bytes of the next version, read by the plan of this one, are often no picture at all.
            self._stored.verify()
            raise
        self._stored.verify()
        return data, self._valid(data, valid)

    def _values(
        self, dataset: DatasetReader, indexes: list[int], area: RasterioWindow, shape: tuple[int, int]
    ) -> Array:
        if self._common is None:
            whole: Array = dataset.read(indexes, window=area, out_shape=(len(indexes), *shape))
            return whole
        # Bands of several types are refused together.
        bands = [dataset.read(index, window=area, out_shape=shape) for index in indexes]
        return np.stack([band.astype(self._common, copy=False) for band in bands])

    def _masked(
        self,
        dataset: DatasetReader,
        indexes: list[int],
        level: int,
        area: RasterioWindow,
        shape: tuple[int, int],
    ) -> Mask:
        """The mask of a level; the native one thinned where it was made after the overviews."""
        if MaskFlags.per_dataset not in dataset.mask_flag_enums[0]:
            planes = dataset.read_masks(indexes, window=area, out_shape=(len(indexes), *shape))
            return np.asarray((planes != 0).any(axis=0))
        if level not in self._unmasked:
            return np.asarray(dataset.read_masks(1, window=area, out_shape=shape) != 0)
        whole = self._thinned(level, Window(area.col_off, area.row_off, area.width, area.height))
        with self._lent(0) as native:
            return np.asarray(native.dataset.read_masks(1, window=whole, out_shape=shape) != 0)

    def _area(self, level: int, window: Window) -> RasterioWindow:
        if not (self._warped and level):
            return RasterioWindow(window.column, window.row, window.width, window.height)
        # A straightened grid has no level datasets: its overviews are reached by reading it thinned.
        return self._thinned(level, window)

    def _thinned(self, level: int, window: Window) -> RasterioWindow:
        """The native pixels under a window of a level."""
        native, chosen = self.levels[0], self.levels[level]
        x, y = native.width / chosen.width, native.height / chosen.height
        return RasterioWindow(window.column * x, window.row * y, window.width * x, window.height * y)

    def _valid(self, data: Array, valid: Mask | None) -> Mask | None:
        """The mask in the file, or that of the nodata value, without NaN; None where all are valid."""
        if self.info.mask_kind == "nodata" and self.info.nodata is not None:
            valid = valid_by_value(data, self.info.nodata)
        if data.dtype.kind in "fc":
            finite = np.logical_not(np.isnan(data).all(axis=0))
            valid = finite if valid is None else np.logical_and(valid, finite)
        return None if valid is None or valid.all() else valid

    def _covered(self, data: Array, cover: Array) -> Mask:
        """Where an alpha band is not 0, less the pixels of which it and all that is read are nodata."""
        valid: Mask = np.not_equal(cover, 0)
        if self.info.nodata is not None:
            valid &= valid_by_value(data, self.info.nodata) | valid_by_value(cover[None], self.info.nodata)
        return valid

    def _lent(self, level: int) -> AbstractContextManager[Handle]:
        def checked() -> Handle:
            handle = self._handle(level)
            try:
                # The path may lead to another file by now.
                self._stored.check()
            except SourceChanged:
                self.stale = True
                handle.close()
                raise
            return handle

        return self._pool.lend(self._key(level), checked)

    def close(self) -> None:
        """Close the idle handles of this version and forget its blocks."""
        if self._blocks is not None:
            self._blocks.close()
        mine = self._key(0)[:2]
        self._pool.drop(lambda key: isinstance(key, tuple) and key[:2] == mine)

    def _open(self) -> SourceInfo:
        try:
            with self._environment(), self._stored.described_at(self.location.gdal_path) as path:
                handle = self._handle(0, path)
                try:
                    self._look_for_no_others(handle.dataset.files if path == self.location.gdal_path else ())
                    with self._environment():
                        return self._described(handle, path)
                finally:
                    handle.close()
        except _FAILURES as error:
            raise CannotOpen("The source could not be opened.", str(error)) from error

    def _look_for_no_others(self, files: Sequence[str]) -> None:
        """From now on nothing is looked for beside the files of a remote dataset, unless that is asked."""
        if self.location.is_remote and not self._config.side_files:
            self._gdal |= only_these(self._gdal, files or (self.location.gdal_path,))
            self._options = tuple(sorted(self._gdal.items()))

    def _described(self, handle: Handle, path: str) -> SourceInfo:
        dataset = handle.dataset
        if len(set(dataset.dtypes)) > 1:
            self._common = np.result_type(*dataset.dtypes).name
        if dataset.gcps[0] and dataset.transform.is_identity:
            # Ground control points bend: GDAL's warper makes a straight grid of them, read like any other.
            self._warped = True
            straight = self._handle(0, path)
            try:
                why = "its place is given by ground control points"
                info = describe(straight.dataset, self._without_mask(dataset), self._version, "warped", why)
                self._alpha = _alpha(info)
                self.levels = self._halved(straight.dataset)
            finally:
                straight.close()
            names = info.band_names[: dataset.count]
            interpretation = info.color_interpretation[: dataset.count]
            info = dataclasses.replace(info, band_names=names, color_interpretation=interpretation)
        else:
            info = describe(dataset, self._config, self._version, "window", "")
            self._alpha = _alpha(info)
            self.levels = self._overviews(dataset, path)
            if info.mask_kind == "mask" and info.driver in ("GTiff", "COG"):
                self._unmasked = unmasked_levels(dataset.files, self.levels)
            info = self._with_blocks(info, dataset)
        if info.way != "blocks" and info.block[0] * info.block[1] > self._config.limits.source_pixels:
            # GDAL decodes a block as a whole, however little of it is wanted.
            raise CannotOpen("Its blocks are larger than what may be read for a picture.")
        sizes = tuple((level.width, level.height) for level in self.levels[1:])
        return dataclasses.replace(info, level_sizes=sizes)

    def _with_blocks(self, info: SourceInfo, dataset: DatasetReader) -> SourceInfo:
        token = self.location.gdal_path, self._version
        try:
            masked = info.mask_kind == "mask"
            self._blocks = self._stored.reader(dataset, self.levels, masked, token)
        except NotTaken as reason:
            return dataclasses.replace(info, why=str(reason))
        return dataclasses.replace(info, way="blocks")

    def _without_mask(self, dataset: DatasetReader) -> ServiceConfig:
        # A complex raster cannot carry an alpha band; the warper fills its surroundings with zeros.
        if str(dataset.dtypes[0]).startswith("complex") and self._config.nodata is None:
            return self._config.model_copy(update={"nodata": 0.0})
        return self._config

    def _overviews(self, dataset: DatasetReader, path: str) -> tuple[Level, ...]:
        found = []
        for index, _ in enumerate(dataset.overviews(1)):
            with rasterio.open(path, driver=self._driver, overview_level=index) as overview:
                found.append((Level(overview.width, overview.height, self._scaled(dataset, overview)), index))
        found.sort(key=lambda pair: -pair[0].width)
        self._overview_index = tuple(index for _, index in found)
        native = Level(dataset.width, dataset.height, dataset.transform)
        return native, *(level for level, _ in found)

    @staticmethod
    def _scaled(native: DatasetReader, overview: DatasetReader) -> Affine:
        return native.transform @ Affine.scale(native.width / overview.width, native.height / overview.height)

    @staticmethod
    def _halved(dataset: DatasetReader) -> tuple[Level, ...]:
        levels: list[Level] = []
        factor = 1
        while not levels or min(dataset.width, dataset.height) // factor >= 256:
            width, height = -(-dataset.width // factor), -(-dataset.height // factor)
            scale = Affine.scale(dataset.width / width, dataset.height / height)
            levels.append(Level(width, height, dataset.transform @ scale))
            factor *= 2
        return tuple(levels)

    def _key(self, level: int) -> tuple[str, str, int, bool, Options]:
        # A handle that comes back after its source was closed is not the next source's.
        return self.location.gdal_path, f"{self._version} {self._opening}", level, self._warped, self._options

    def _handle(self, level: int, path: str | None = None) -> Handle:
        path = path or self.location.gdal_path
        if not self._warped:
            extra = {"overview_level": self._overview_index[level - 1]} if level else {}
            return Handle(rasterio.open(path, driver=self._driver, sharing=False, **extra))
        base = rasterio.open(path, driver=self._driver, sharing=False)
        kwargs: dict[str, Any] = {"src_crs": base.gcps[1], "crs": base.gcps[1]}
        alone = base.nodata is None and ColorInterp.alpha not in base.colorinterp
        if alone and not str(base.dtypes[0]).startswith("complex"):
            kwargs["add_alpha"] = True
        return Handle(WarpedVRT(base, **kwargs), base)

    @contextmanager
    def _environment(self) -> Iterator[None]:
        if not self._options:
            yield
            return
        with environment(self._gdal):
            yield


def _alpha(info: SourceInfo) -> int | None:
    """Zero-based band that says what is valid, the first where several could; None where none does."""
    return info.color_interpretation.index("alpha") if info.mask_kind == "alpha" else None
