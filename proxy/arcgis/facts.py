"""What a service's documents say of its pixels: of the source, or of a raster function's result."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from proxy.errors import SourceFailed
from proxy.functions.summary import summary
from proxy.functions.tree import Node, Source, output_of
from proxy.model import BandStatistics, Colormap, Interpolation, PixelType, Raster
from proxy.render.pipeline import overall_grid, processed
from proxy.services import Service
from proxy.sources.base import AttributeTable, SourceInfo

log = logging.getLogger(__name__)

#: Longer side of the look at a result for its band names and colours.
GLANCE = 16


@dataclass(frozen=True, slots=True)
class Facts:
    """Pixels as documents describe them.

    Attributes:
        statistics: one per band, or empty where they are not known.
        attribute_table: of the source, None for a result.
        is_result: a raster function has been applied.
    """

    info: SourceInfo
    pixel_type: PixelType
    band_names: tuple[str, ...]
    statistics: tuple[BandStatistics, ...]
    colormap: Colormap | None
    attribute_table: AttributeTable | None
    nodata: float | None
    is_result: bool = False

    @property
    def band_count(self) -> int:
        """Number of bands."""
        return len(self.band_names)

    @property
    def has_histograms(self) -> bool:
        """True where every band has one."""
        return bool(self.statistics) and all(band.histogram is not None for band in self.statistics)


def facts_of(service: Service, rule: Node | None) -> Facts:
    """Facts about a service, or about the result of a rule. Blocks.

    Raises:
        CannotOpen: the source cannot be used.
        InvalidRule: the rule does not fit it.
    """
    if rule is None or rule == Source():
        return _of_source(service)
    info = service.info
    pixel_type, count, _ = output_of(rule, info.pixel_type, info.band_count)
    glance = _look(service, rule, GLANCE)
    names = glance.band_names or tuple(f"Band_{number}" for number in range(1, count + 1))
    return Facts(
        info=info,
        pixel_type=pixel_type,
        band_names=names,
        statistics=_result_statistics(service, rule),
        colormap=glance.colormap,
        attribute_table=None,
        nodata=glance.nodata,
        is_result=True,
    )


def _of_source(service: Service) -> Facts:
    info = service.info
    try:
        statistics = service.statistics
    except SourceFailed as error:
        log.warning("service %s: no statistics: %s", service.name, error.message)
        statistics = ()
    return Facts(
        info=info,
        pixel_type=info.pixel_type,
        band_names=info.band_names,
        statistics=statistics,
        colormap=info.colormap,
        attribute_table=info.attribute_table,
        nodata=info.nodata,
    )


def _look(service: Service, rule: Node, size: int | None = None) -> Raster:
    source = service.source
    grid = overall_grid(source) if size is None else overall_grid(source, size)
    every = tuple(range(source.info.band_count))
    return processed(service, source, grid, rule, every, Interpolation.NEAREST)


def _result_statistics(service: Service, rule: Node) -> tuple[BandStatistics, ...]:
    every = tuple(range(service.info.band_count))

    def compute() -> tuple[BandStatistics, ...]:
        raster = _look(service, rule)
        return tuple(summary(band, raster.mask, raster.pixel_type) for band in raster.data)

    # The same look under the same key gives the default stretch, so clients are told what is drawn.
    return service.remembered((rule, every), compute)
