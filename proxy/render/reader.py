"""The one reader: rio-tiler's interface over a source's windows and our own warp."""

from __future__ import annotations

from typing import Any

import attr
import morecantile
import numpy as np
from rasterio.crs import CRS
from rio_tiler.constants import WEB_MERCATOR_TMS, WGS84_CRS
from rio_tiler.errors import PointOutsideBounds, TileOutsideBounds
from rio_tiler.io.base import BaseReader
from rio_tiler.models import BandStatistics, ImageData, Info, PointData

from proxy.crs import SpatialReference, reference, transform_bounds
from proxy.model import AttributeTable, Extent, Grid, Interpolation, Mask, Raster
from proxy.render.context import ReadContext
from proxy.render.mosaic import EvaluateItem, read_item, read_mosaic, unmixed
from proxy.render.planes import read_planes
from proxy.render.point import native_pixel
from proxy.sources.base import AttributeTable as SourceTable
from proxy.sources.base import Readable, Source
from proxy.sources.item import ItemSource
from proxy.sources.mosaic import MosaicSource


def read_raster(
    source: Source,
    grid: Grid,
    bands: tuple[int, ...],
    interpolation: Interpolation,
    context: ReadContext | None = None,
    evaluate_item: EvaluateItem | None = None,
) -> Raster:
    """Read zero-based bands on a grid.

    Args:
        source: the slice of a cube (`Source.at`), a mosaic, one of its items, or a raster.
        context: its limits, its selection; what is left out is written there.
        evaluate_item: applies the item rule of a mosaic; needed where the selection has one.

    Returns:
        Data in the type of the source, with the colormap of a palette band. Such a band is never blended,
        whatever is asked: a class between two classes means nothing, so blends become the nearest class.

    Raises:
        ReadBudgetExceeded: more source pixels of a band would be read than the context allows.
        CannotRead: the file is damaged or out of reach.
    """
    context = context or ReadContext()
    context.check()
    if isinstance(source, MosaicSource):
        return read_mosaic(source, grid, bands, interpolation, context, evaluate_item)
    info = source.info
    colormap = info.colormap if bands == (0,) else None
    if colormap is not None:
        interpolation = unmixed(interpolation)
    mask: Mask | None
    if isinstance(source, ItemSource):
        layer = read_item(source, grid, bands, interpolation, context)
        data, mask = layer.data, np.asarray(layer.valid.any(axis=0))
    else:
        assert isinstance(source, Readable)
        data, mask = read_planes(
            source, grid, bands, interpolation, info.gap, budget=context.budget, check=context.check
        )
        mask = mask if mask is None or mask.ndim == 2 else np.asarray(mask.any(axis=0))
    return Raster(
        data,
        mask,
        grid,
        tuple(info.band_names[band] for band in bands),
        colormap,
        None,
        info.nodata if info.mask_kind == "nodata" else None,
        _meanings(info.attribute_table) if bands == (0,) else None,
    )


def _meanings(table: SourceTable | None) -> AttributeTable | None:
    return None if table is None else AttributeTable(tuple(name for name, _ in table.columns), table.rows)


@attr.s
class Reader(BaseReader):  # type: ignore[misc]
    """A rio-tiler reader of one source.

    `read_raster` is what the pipeline calls; the rest is rio-tiler's interface on top of it, for programs
    that know it. Band indexes count from 1 there, and extents default to the CRS of the method's own kind,
    as in every rio-tiler reader.
    """

    input: Readable = attr.ib()
    tms: morecantile.TileMatrixSet = attr.ib(default=WEB_MERCATOR_TMS)

    def __attrs_post_init__(self) -> None:
        info = self.input.info
        self.bounds = info.extent.as_tuple()
        self.crs = _rasterio(info.crs)
        self.transform = info.transform
        self.width, self.height = info.width, info.height

    @property
    def minzoom(self) -> int:
        """Zoom at which the source is about one tile."""
        return int(self._minzoom)

    @property
    def maxzoom(self) -> int:
        """Zoom nearest to the native resolution."""
        return int(self._maxzoom)

    def read_raster(
        self,
        grid: Grid,
        bands: tuple[int, ...],
        interpolation: Interpolation,
        context: ReadContext | None = None,
    ) -> Raster:
        """Read zero-based bands on a grid; see `read_raster`."""
        return read_raster(self.input, grid, bands, interpolation, context)

    def info(self) -> Info:
        """Facts about the source."""
        info = self.input.info
        labels = [f"b{index}" for index in range(1, info.band_count + 1)]
        kinds = {"nodata": "Nodata", "alpha": "Alpha", "mask": "Mask"}
        return Info(
            bounds=self.bounds,
            crs=info.crs.wkt,
            band_metadata=[(label, {}) for label in labels],
            band_descriptions=list(zip(labels, info.band_names, strict=True)),
            dtype=info.pixel_type.dtype.name,
            colorinterp=list(info.color_interpretation),
            nodata_type=kinds.get(info.mask_kind, "None"),
            width=info.width,
            height=info.height,
            driver=info.driver,
            count=info.band_count,
        )

    def part(
        self,
        bbox: tuple[float, float, float, float],
        dst_crs: CRS | None = None,
        bounds_crs: CRS = WGS84_CRS,
        indexes: int | tuple[int, ...] | None = None,
        max_size: int | None = None,
        height: int | None = None,
        width: int | None = None,
        resampling_method: str = "nearest",
        **_: Any,
    ) -> ImageData:
        """Read a rectangle; without a size, at about the native resolution."""
        source_crs = _reference(bounds_crs)
        target = source_crs if dst_crs is None else _reference(dst_crs)
        extent = Extent(*transform_bounds(bbox, source_crs, target))
        if height is None or width is None:
            width, height = self._native_size(extent, target, max_size)
        grid = Grid(target, extent, width, height)
        bands = self._bands(indexes)
        raster = self.read_raster(grid, bands, Interpolation(resampling_method))
        return self._image(raster, bands)

    def tile(self, tile_x: int, tile_y: int, tile_z: int, tilesize: int = 256, **kwargs: Any) -> ImageData:
        """Read a tile of the reader's matrix set."""
        if not self.tile_exists(tile_x, tile_y, tile_z):
            raise TileOutsideBounds(f"Tile {tile_z}/{tile_x}/{tile_y} is outside the bounds")
        bounds = tuple(self.tms.xy_bounds(morecantile.Tile(tile_x, tile_y, tile_z)))
        crs = self.tms.rasterio_crs
        return self.part(bounds, crs, crs, height=tilesize, width=tilesize, **kwargs)

    def preview(self, max_size: int = 1024, **kwargs: Any) -> ImageData:
        """Read the whole source, thinned."""
        return self.part(self.bounds, self.crs, self.crs, max_size=max_size, **kwargs)

    def feature(self, shape: dict[str, Any], **kwargs: Any) -> ImageData:
        """Read the envelope of a GeoJSON geometry; pixels outside its outline are masked."""
        from rasterio.features import bounds as shape_bounds
        from rasterio.features import geometry_mask

        geometry = shape.get("geometry", shape)
        image = self.part(shape_bounds(geometry), WGS84_CRS, **kwargs)
        outside = geometry_mask([geometry], (image.height, image.width), image.transform)
        image.array.mask = np.ma.getmaskarray(image.array) | outside
        return image

    def point(
        self, lon: float, lat: float, coord_crs: CRS = WGS84_CRS, indexes: Any = None, **_: Any
    ) -> PointData:
        """Read the native pixel at a place."""
        from proxy.model import Window

        pixel = native_pixel(self.input, (lon, lat), _reference(coord_crs))
        if pixel is None:
            raise PointOutsideBounds("Point is outside the bounds")
        bands = self._bands(indexes)
        data, mask = self.input.read(0, bands, Window(*pixel, 1, 1))
        hidden = np.zeros(1, bool) if mask is None else ~mask[0]
        array = np.ma.MaskedArray(data[:, 0, 0], np.repeat(hidden, len(bands)))
        return PointData(array, band_names=[f"b{band + 1}" for band in bands], coordinates=(lon, lat))

    def statistics(
        self, max_size: int = 1024, indexes: Any = None, **kwargs: Any
    ) -> dict[str, BandStatistics]:
        """Statistics of a preview, by band."""
        found: dict[str, BandStatistics] = self.preview(max_size, indexes=indexes).statistics(**kwargs)
        return found

    def _bands(self, indexes: int | tuple[int, ...] | None) -> tuple[int, ...]:
        if indexes is None:
            return tuple(range(self.input.info.band_count))
        wanted = (indexes,) if isinstance(indexes, int) else tuple(indexes)
        return tuple(index - 1 for index in wanted)

    def _native_size(self, extent: Extent, crs: SpatialReference, max_size: int | None) -> tuple[int, int]:
        info = self.input.info
        native = transform_bounds(extent.as_tuple(), crs, info.crs)
        width = max(1, round((native[2] - native[0]) / info.pixel_size[0]))
        height = max(1, round((native[3] - native[1]) / info.pixel_size[1]))
        shrink = min(1.0, max_size / max(width, height)) if max_size else 1.0
        return max(1, round(width * shrink)), max(1, round(height * shrink))

    def _image(self, raster: Raster, bands: tuple[int, ...]) -> ImageData:
        hidden = np.broadcast_to(~raster.valid(), raster.data.shape).copy()
        return ImageData(
            np.ma.MaskedArray(raster.data, hidden),
            crs=_rasterio(raster.grid.crs),
            bounds=raster.grid.extent.as_tuple(),
            band_names=[f"b{band + 1}" for band in bands],
            band_descriptions=list(raster.band_names),
            nodata=raster.nodata,
        )


def _rasterio(crs: SpatialReference) -> CRS:
    return CRS.from_user_input(crs.definition)


def _reference(crs: CRS) -> SpatialReference:
    authority = crs.to_authority()
    return reference(":".join(authority) if authority else crs.to_wkt())
