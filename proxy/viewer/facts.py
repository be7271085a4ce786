"""What the pages say of a service: words and numbers, without any markup."""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.crs import Bounds, SpatialReference
from proxy.errors import ProxyError
from proxy.model import DataKind
from proxy.services import Service
from proxy.sources.base import SourceInfo
from proxy.xyz.tilejson import zooms

KINDS = {
    DataKind.ELEVATION: "Elevation",
    DataKind.THEMATIC: "Thematic",
    DataKind.RGB: "Colour image",
    DataKind.GENERIC: "Raster",
}

#: Zooms offered where the useful ones cannot be told.
ANY_ZOOM = (0, 18)


@dataclass(frozen=True, slots=True)
class Choice:
    """A rendering as it is offered."""

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A service at one moment.

    Attributes:
        choices: the renderings, the default first; never empty.
        info: facts of the source; None where it could not be opened, or not yet.
        failure: public sentence why it could not be opened; empty where it could, or not yet.
        zooms: first and last useful Web Mercator zoom.
    """

    name: str
    title: str
    description: str
    attribution: str
    choices: tuple[Choice, ...]
    info: SourceInfo | None = None
    failure: str = ""
    zooms: tuple[int, int] = ANY_ZOOM

    @property
    def is_opening(self) -> bool:
        """True while nothing is known of the source."""
        return self.info is None and not self.failure

    @property
    def bounds(self) -> Bounds | None:
        """West, south, east, north in degrees; None where there is no web map."""
        return self.info.geographic_bounds if self.info else None

    @property
    def kind(self) -> str:
        """What the numbers mean, in a word or two; of what they do not tell, how it is stored."""
        if self.info is None:
            return ""
        if self.info.kind is DataKind.GENERIC and self.info.is_mosaic:
            return "Mosaic"
        if self.info.kind is DataKind.GENERIC and self.info.variables:
            return "Cube"
        return KINDS[self.info.kind]

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """Labels and values worth knowing of the source."""
        return () if self.info is None else described(self.info)

    def choice(self, name: str) -> Choice:
        """Rendering by its exact name, else the default."""
        return next((choice for choice in self.choices if choice.name == name), self.choices[0])


def outline(service: Service) -> Facts:
    """What the configuration alone says; never blocks."""
    choices = tuple(Choice(r.name, r.title or r.name, r.description) for r in service.renderings)
    return Facts(service.name, service.title, service.description, service.attribution, choices)


def facts_of(service: Service) -> Facts:
    """What the configuration and the source say. May block while the source opens."""
    try:
        info = service.info
    except ProxyError as error:
        return replace(outline(service), failure=error.message)
    return replace(outline(service), info=info, zooms=_zooms(info))


def _zooms(info: SourceInfo) -> tuple[int, int]:
    if info.geographic_bounds is None:
        return ANY_ZOOM
    try:
        return zooms(info)
    except ProxyError:
        return ANY_ZOOM


def described(info: SourceInfo) -> tuple[tuple[str, str], ...]:
    """Labels and values of a source, for reading."""
    rows = [
        ("Size", f"{info.width:,} × {info.height:,} pixels".replace(",", "\u202f")),
        ("Pixel", f"{_pixel_size(info.pixel_size[0], info.crs)}, {info.pixel_type.value}"),
        ("Bands", _bands(info.band_names)),
        ("Reference system", _reference(info.crs)),
        ("Nodata", _nodata(info)),
        ("Overviews", str(len(info.level_sizes)) if info.level_sizes else "none"),
        ("Format", f"{info.driver}, {info.compression.lower()}"),
    ]
    return tuple(rows)


def _pixel_size(size: float, crs: SpatialReference) -> str:
    if crs.is_geographic:
        return f"{size:.4g}°"
    metres = size * crs.metres_per_unit
    return f"{metres / 1000:.4g} km" if metres >= 1000 else f"{metres:.4g} m"


def _bands(names: tuple[str, ...], shown: int = 8) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return f"{len(names)}: " + ", ".join(names[:shown]) + more


def _reference(crs: SpatialReference) -> str:
    name = str(crs.pyproj.name)
    return f"{name} ({crs.definition})" if len(crs.definition) < 40 else name


def _nodata(info: SourceInfo) -> str:
    if info.nodata is not None:
        return f"{info.nodata:g}"
    return {"none": "none", "alpha": "alpha band", "mask": "mask"}.get(info.mask_kind, info.mask_kind)
