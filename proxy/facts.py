"""What a service's documents say of its pixels: of the source, or of a raster function's result."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from proxy.errors import SourceFailed
from proxy.functions.tree import Node, Source, output_of
from proxy.model import BandStatistics, Colormap, PixelType
from proxy.render.pipeline import look, result_statistics
from proxy.selection import Selection
from proxy.services import Service
from proxy.sources.base import AttributeTable, SourceInfo
from proxy.sources.base import Source as AnySource

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


def facts_of(service: Service, rule: Node | None, variable: str = "") -> Facts:
    """Facts about a service, or about the result of a rule. Blocks.

    Args:
        service: that is described.
        rule: whose result is described; None for the stored pixels.
        variable: of a source that has several, the default one when empty. One without variables has nothing
            to choose from.

    Raises:
        InvalidParameter: there is no such variable.
        CannotOpen: the source cannot be used.
        InvalidRule: the rule does not fit it.
    """
    source = _source_of(service, variable)
    if rule is None or rule == Source():
        return _of_source(service, source)
    info = source.info
    every = tuple(range(info.band_count))
    pixel_type, count, _ = output_of(rule, info.pixel_type, info.band_count, info.band_names)
    glance = look(service, source, rule, every, GLANCE)
    names = glance.band_names or tuple(f"Band_{number}" for number in range(1, count + 1))
    return Facts(
        info=info,
        pixel_type=pixel_type,
        band_names=names,
        statistics=result_statistics(service, source, rule, every),
        colormap=glance.colormap,
        attribute_table=None,
        nodata=glance.nodata,
        is_result=True,
    )


def _source_of(service: Service, variable: str) -> AnySource:
    source = service.source
    if not variable or not source.info.variables:
        return source
    return source.at(source.normalised(Selection(variable=variable)))


def _of_source(service: Service, source: AnySource) -> Facts:
    info = source.info
    try:
        statistics = service.statistics_of(source)
    except SourceFailed as error:
        log.warning("service %s: no statistics: %s", service.name, error.message)
        statistics = ()
    return stored_facts(info, statistics)


def stored_facts(info: SourceInfo, statistics: tuple[BandStatistics, ...]) -> Facts:
    """Facts of pixels as they are stored."""
    return Facts(
        info=info,
        pixel_type=info.pixel_type,
        band_names=info.band_names,
        statistics=statistics,
        colormap=info.colormap,
        attribute_table=info.attribute_table,
        nodata=info.nodata,
    )
