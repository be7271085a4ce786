"""Parameters of the tile door as commands take them: mistakes are told before any work begins."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.ad_hoc import PARAMETERS
from proxy.choices import CHOICES, names_of
from proxy.errors import InvalidParameter
from proxy.model import Grid, ImageFormat
from proxy.services import Service
from proxy.xyz import params

#: What decides pixels beside what chooses them.
_DRAWING = frozenset({*PARAMETERS, "bands", "interpolation", "resampling", "nodata", "quality"})


def check_choice(service: Service, query: Mapping[str, str], more: frozenset[str] = frozenset()) -> None:
    """See that a query chooses something that there is.

    Args:
        more: names that are known beside those of choices.

    Raises:
        InvalidParameter: a name is not known, or a value has no meaning.
    """
    dimensions = {
        name
        for variable in service.info.variables
        for dimension in variable.dimensions
        for name in names_of(dimension)
    }
    known = CHOICES | dimensions | more
    if unknown := [name for name in query if name.lower() not in known]:
        raise InvalidParameter("query", f"There is no '{unknown[0][:40]}'; use {', '.join(sorted(known))}.")
    service.source.normalised(params.chosen_items(service, query))


def check_tiles(service: Service, output: ImageFormat, style: str | None, query: Mapping[str, str]) -> None:
    """See that tiles of a service can be asked for so.

    Raises:
        ProxyError: a name is not known, or a value has no meaning.
    """
    check_choice(service, query, _DRAWING)
    info = service.info
    params.render_request(service, Grid(info.crs, info.extent, 1, 1), output, style, query)
