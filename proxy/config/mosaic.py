"""Services of many rasters, and of rasters with dimensions."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from proxy.config.base import Model
from proxy.selection import MosaicMethod, MosaicOperation


class CatalogKind(StrEnum):
    """Where the items of a mosaic are listed."""

    AUTO = "auto"
    FILES = "files"
    STAC = "stac"
    STAC_API = "stac_api"
    GEOPARQUET = "geoparquet"
    MOSAICJSON = "mosaicjson"
    TILE_INDEX = "tile_index"


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]


class RuleConfig(Model):
    """A mosaic rule that requests choose by its name. What it leaves out is that of the service.

    Attributes:
        ids: the only items that count. locked: those of the method `lock`, topmost first.
        viewpoint: x and y in the system of the service.
    """

    method: MosaicMethod | None = None
    operation: MosaicOperation | None = None
    ascending: bool = True
    where: str = ""
    ids: tuple[int, ...] | None = None
    locked: tuple[int, ...] = ()
    sort_field: str = ""
    sort_value: float | str | None = None
    viewpoint: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.method is MosaicMethod.LOCK and not self.locked:
            raise ValueError("the method 'lock' needs ids in 'locked'")
        return self


class MosaicConfig(Model):
    """The items of a service, and how they lie over one another.

    Attributes:
        source: files, folders, globs or bucket prefixes; or one document or API that lists them.
        kind: what `source` is; found out when `auto`.
        crs: of the service; when absent that of the items where they share one, else Web Mercator.
        assets: names of the assets of a STAC item that give the bands, in order; the first fitting one when
            empty.
        alternates: names of alternate addresses of STAC assets (`s3`) that are read in place of their own.
        search: of a STAC API: collections, bbox, datetime, query, filter.
        date_pattern: regular expression over an item's name or path with a group `date` (or `start` and
            `end`) that gives AcquisitionDate.
        method, operation, sort_field, sort_value, ascending: used where a request names none.
        max_items: most items that contribute to one picture.
        strict: an item that cannot be read is an error, rather than left out and told of.
        overview: COG of the whole mosaic for pixels coarser than those of the items.
        min_pixel_size: coarser pictures (in units of the CRS per pixel) are drawn from the overview or as
            footprints; None: found out from the overviews of the items.
        refresh: seconds between looks at the listing; 0 for never.
        rules: mosaic rules by name, for `?mosaic=`.
        time_field, end_time_field: attributes that hold when an item begins and ends.
        dimensions: attributes that are dimensions of the mosaic, by dimension name.
    """

    source: Texts = Field(min_length=1)
    kind: CatalogKind = CatalogKind.AUTO
    crs: str | None = None
    assets: Texts = ()
    alternates: Texts = ()
    search: dict[str, Any] = {}
    date_pattern: str | None = None
    seamlines: str | None = None
    method: MosaicMethod = MosaicMethod.NORTHWEST
    operation: MosaicOperation = MosaicOperation.FIRST
    sort_field: str = ""
    sort_value: float | str | None = None
    ascending: bool = True
    max_items: int = Field(20, ge=1, le=1000)
    strict: bool = False
    overview: str | None = None
    min_pixel_size: float | None = Field(None, gt=0, allow_inf_nan=False)
    refresh: float = Field(0.0, ge=0)
    rules: dict[str, RuleConfig] = {}
    time_field: str = "AcquisitionDate"
    end_time_field: str = "EndDate"
    dimensions: dict[str, str] = {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.method is MosaicMethod.LOCK:
            raise ValueError("the method 'lock' is for requests, which name the items")
        if self.method is MosaicMethod.ATTRIBUTE and not self.sort_field:
            raise ValueError("the method 'attribute' needs a 'sort_field'")
        return self


class CubeConfig(Model):
    """A source with variables and dimensions: netCDF, Zarr, GRIB, HDF5.

    Attributes:
        variables: those that are offered, all when empty; the first is the default.
        group: of a file or hierarchy with several.
        crs: of the coordinates, in place of what the file says.
        time, vertical: names of these dimensions where they cannot be told.
    """

    variables: Texts = ()
    group: str = ""
    crs: str | None = None
    time: str | None = None
    vertical: str | None = None
