"""Addresses of a service behind every door, absolute or below a prefix."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from proxy.viewer.facts import Facts


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses of one rendering of one service.

    Attributes:
        base: what stands before the first slash: `https://host/prefix`, or only `/prefix` for links.
        context: first path segment of the ArcGIS door.
        rendering: its name; empty for the default, which no address has to name.
    """

    base: str
    context: str
    service: str
    rendering: str = ""

    @property
    def _tiles(self) -> str:
        return f"{self.base}/tiles/{quote(self.service)}"

    def _styled(self, address: str, **query: str | int) -> str:
        pairs = ({"style": self.rendering} if self.rendering else {}) | query
        return address + (f"?{urlencode(pairs, quote_via=quote)}" if pairs else "")

    @property
    def view(self) -> str:
        """The map."""
        return self._styled(f"{self.base}/view/{quote(self.service)}")

    def tile(self, z: int | str = "{z}", x: int | str = "{x}", y: int | str = "{y}", retina: str = "") -> str:
        """A tile, or the pattern of all tiles; `retina` follows the row, such as `@2x` or `{r}`."""
        return self._styled(f"{self._tiles}/{z}/{x}/{y}{retina}.png")

    @property
    def tilejson(self) -> str:
        """The TileJSON document."""
        return self._styled(f"{self._tiles}/tilejson.json")

    def thumbnail(self, size: int) -> str:
        """The whole service, `size` pixels along its longer side."""
        return self._styled(f"{self._tiles}/thumbnail.png", size=size)

    def point(self, lon: float, lat: float) -> str:
        """Values at a place."""
        return f"{self._tiles}/point/{lon:.6f},{lat:.6f}"

    @property
    def points(self) -> str:
        """What stands before the coordinates of a place."""
        return f"{self._tiles}/point/"

    @property
    def arcgis_services(self) -> str:
        """Root of the ArcGIS door."""
        return f"{self.base}/{quote(self.context)}/rest/services"

    @property
    def image_server(self) -> str:
        """The ArcGIS image service."""
        return f"{self.arcgis_services}/{quote(self.service)}/ImageServer"

    @property
    def wmts(self) -> str:
        """Capabilities of the WMTS of the service."""
        return f"{self.base}/wmts/{quote(self.service)}/1.0.0/WMTSCapabilities.xml"

    @property
    def wms(self) -> str:
        """Capabilities of the WMS of the service."""
        return f"{self.base}/wms/{quote(self.service)}?SERVICE=WMS&REQUEST=GetCapabilities"

    def export_image(self, bbox: str, size: str, image_format: str) -> str:
        """A picture from the ArcGIS door, box in the service's own reference system."""
        rule = {"renderingRule": json.dumps(self.rule, separators=(",", ":"))} if self.rendering else {}
        pairs = {"bbox": bbox, "size": size, "format": image_format} | rule | {"f": "image"}
        return f"{self.image_server}/exportImage?{urlencode(pairs, quote_via=quote, safe=',')}"

    @property
    def rule(self) -> dict[str, str]:
        """The rendering as Esri's clients name it."""
        return {"rasterFunction": self.rendering}


def addresses(base: str, context: str, facts: Facts, rendering: str = "") -> Addresses:
    """Addresses of a service; the default rendering is left out of them."""
    named = "" if rendering == facts.choices[0].name else rendering
    return Addresses(base, context, facts.name, named)
