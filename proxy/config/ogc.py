"""What the OGC services say of themselves, and what they offer."""

from __future__ import annotations

from typing import Annotated

import morecantile
from pydantic import AfterValidator, Field

from proxy.config.base import Model
from proxy.config.mosaic import Texts

#: Every tile matrix set that can hold a service.
ALL = "all"


def _known_sets(names: tuple[str, ...]) -> tuple[str, ...]:
    known = {name.lower(): name for name in (*morecantile.tms.list(), ALL)}
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise ValueError(f"'{unknown[0]}' is not a tile matrix set; use {', '.join(known.values())}")
    return tuple(known[name.lower()] for name in names)


MatrixSets = Annotated[Texts, AfterValidator(_known_sets)]


class OgcConfig(Model):
    """The OGC services.

    Attributes:
        title, description: of the server. keywords: likewise.
        provider, site: name and address of who runs it. contact, email: of a person there.
        fees, access_constraints: texts.
        tile_matrix_sets: offered for every service that lies in them; `all` for every one there is.
        crs: systems that WMS lists for every service beside its own. Any that PROJ knows may be asked for.
        layers: most layers of one map.
    """

    title: str = "cogproxy"
    description: str = "Rasters as maps and tiles."
    keywords: Texts = ()
    provider: str = "cogproxy"
    site: str = ""
    contact: str = ""
    email: str = ""
    fees: str = "none"
    access_constraints: str = "none"
    tile_matrix_sets: MatrixSets = (
        "WebMercatorQuad",
        "WorldCRS84Quad",
        "WGS1984Quad",
        "WorldMercatorWGS84Quad",
    )
    crs: Texts = ("EPSG:3857", "EPSG:4326", "CRS:84")
    layers: int = Field(16, ge=1, le=100)
