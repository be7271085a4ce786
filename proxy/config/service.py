"""One service: its source, its names, its renderings and limits."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from proxy.config.base import Model
from proxy.config.mosaic import CubeConfig, MosaicConfig, Texts
from proxy.config.ogc import MatrixSets
from proxy.config.security import AccessConfig
from proxy.model import DataKind, Interpolation

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*(/[A-Za-z0-9_][A-Za-z0-9_.\-]*)?")


class LimitsConfig(Model):
    """What one request may ask for.

    Attributes:
        source_pixels: pixels of one band that may be read from the source for one picture.
        renders: threads that render this service at a time; all of them when absent.
        rate: requests a second that are answered on average, `burst` that may come at once; no limit when
            absent. Counted over all workers of a server.
    """

    max_width: int = Field(4100, ge=512)
    max_height: int = Field(4100, ge=512)
    source_pixels: int = Field(400_000_000, ge=1_000_000)
    renders: int | None = Field(None, ge=1)
    rate: float | None = Field(None, gt=0)
    burst: int = Field(50, ge=1)


class CachingConfig(Model):
    """What browsers and proxies are told, and how long a source is trusted. All in seconds.

    Attributes:
        max_age: how long a picture need not be asked for again.
        stale_while_revalidate: how long after that it may be shown while it is asked for again.
        stale_if_error: how long the last known version of a remote source is served while its bucket is out
            of reach.
        revalidate: between looks at the version of a remote source; that of the whole server when absent.
    """

    max_age: int = Field(3600, ge=0)
    stale_while_revalidate: int = Field(60, ge=0)
    stale_if_error: int = Field(86400, ge=0)
    revalidate: float | None = Field(None, ge=0.1)


class RenderingConfig(Model):
    """A named raster function chain: the style of every door."""

    name: str = Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_ .\-]*$", max_length=80)
    title: str = ""
    description: str = ""
    rule: dict[str, Any] | list[Any] | None = None


class ArchiveConfig(Model):
    """Tiles of a service that were rendered before, in a PMTiles archive.

    Attributes:
        source: path or URL of the archive; its tiles are sent without a look at the data.
        style: rendering that it holds; the default one when empty.
        scale: 2 for tiles of 512 pixels.
    """

    source: str = Field(min_length=1)
    style: str = ""
    scale: int = Field(1, ge=1, le=4)


def _band_names(value: object) -> object:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else value


class CacheType(StrEnum):
    """What an image service's own tiles hold."""

    NONE = "none"
    MAP = "map"
    RASTER = "raster"
    ELEVATION = "elevation"


#: What of a service does not change its pixels.
WORDS = frozenset({
    "title", "description", "attribution", "cache", "limits", "credentials", "tiles", "download",
    "empty_tile", "renderings", "bundle", "archives", "access",
})  # fmt: skip


class ServiceConfig(Model):
    """One service: a raster, a mosaic or a cube with a name.

    Attributes:
        source: of a single raster or a cube; a mosaic has its own.
        bundle: where no renderings are configured, offer the standard ones for the kind of the data.
        tiles: kind of the tiles that its ArcGIS resource offers; clients then ask for those only.
        tile_matrix_sets: in place of the server's list.
        crs: the only systems that WMS draws it in, beside its own; any when empty.
        download: the source file may be fetched as it is.
        access: who reaches it; what `security.access` says when absent.
        archives: where tiles lie ready; what they lack is rendered.
    """

    name: str
    source: str = ""
    mosaic: MosaicConfig | None = None
    cube: CubeConfig | None = None
    title: str = ""
    description: str = ""
    attribution: str = ""
    bands: Annotated[tuple[str, ...], BeforeValidator(_band_names)] = ()
    nodata: float | None = None
    interpolation: Interpolation | None = None
    kind: DataKind | None = None
    renderings: tuple[RenderingConfig, ...] = ()
    bundle: bool = True
    cache: CachingConfig = CachingConfig()
    limits: LimitsConfig = LimitsConfig()
    credentials: str | None = None
    side_files: bool | None = None
    tiles: CacheType = CacheType.NONE
    tile_matrix_sets: MatrixSets = ()
    crs: Texts = ()
    download: bool = False
    access: AccessConfig | None = None
    archives: tuple[ArchiveConfig, ...] = ()
    empty_tile: Annotated[int, Field(description="status of a tile outside the data")] = 200

    @property
    def pixels(self) -> str:
        """Whatever of the configuration decides the pixels, as one short text."""
        chosen = self.model_dump_json(exclude=set(WORDS))
        return hashlib.blake2b(chosen.encode(), digest_size=8).hexdigest()

    @field_validator("name")
    @classmethod
    def _known_form(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("a name is letters, digits, '_', '-', '.', with at most one folder: dem/valley")
        return value

    @field_validator("empty_tile")
    @classmethod
    def _known_status(cls, value: int) -> int:
        if value not in (200, 204):
            raise ValueError("200 (a transparent tile) or 204 (no content)")
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.source) == (self.mosaic is not None):
            raise ValueError("a service has either a 'source' or a 'mosaic'")
        if self.cube is not None and self.mosaic is not None:
            raise ValueError("a 'mosaic' cannot be a 'cube'")
        return self

    @model_validator(mode="after")
    def _unique_renderings(self) -> Self:
        names = [rendering.name.lower() for rendering in self.renderings]
        if len(set(names)) < len(names):
            raise ValueError("two renderings have the same name")
        return self
