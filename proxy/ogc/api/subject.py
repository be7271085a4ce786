"""What a map shows: one collection, or several of the dataset, in a style or in their own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from proxy.errors import InvalidParameter, NotFound
from proxy.ogc.api import links as rel
from proxy.ogc.api.collections import collection, first_collection
from proxy.render_service import Renderer
from proxy.services import Registry, Service

#: Collections that one map may show.
MOST = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """What a map, a tileset or a tile shows.

    Attributes:
        base: address of the API's root.
        address: of the resource that the map belongs to, without a trailing slash.
        services: drawn in this order, the first at the bottom; never empty.
        sets: tile matrix sets that the server offers.
        style: name of the rendering where the address names one, else None for the default of each service.
        chosen: the value of `collections` as it was sent, of a dataset.
    """

    base: str
    address: str
    title: str
    services: tuple[Service, ...]
    sets: tuple[str, ...]
    style: str | None = None
    is_dataset: bool = False
    chosen: str = ""

    @property
    def service(self) -> Service:
        """The one at the bottom, whose system and limits hold for all."""
        return self.services[0]

    @property
    def attribution(self) -> str:
        """Whom the data are owed to."""
        return "; ".join(dict.fromkeys(s.attribution for s in self.services if s.attribution))

    @property
    def style_title(self) -> str:
        """Title of the style."""
        rendering = self.service.rendering(self.style)
        return rendering.title or rendering.name


async def of_collection(
    base: str, registry: Registry, renderer: Renderer, identifier: str, style: str | None = None
) -> Subject:
    """A collection, in one of its styles.

    Raises:
        UnknownCollection: there is no such collection.
        UnknownRendering: it has no such style.
    """
    service = await collection(registry, renderer, identifier)
    sets = registry.config.ogc.tile_matrix_sets
    address = f"{base}/collections/{rel.segment(rel.collection_id(service.name))}"
    if style is None:
        return Subject(base, address, service.title, (service,), sets)
    rendering = service.rendering(style)
    title = f"{service.title}: {rendering.title or rendering.name}"
    address = f"{address}/styles/{rel.segment(rendering.name)}"
    return Subject(base, address, title, (service,), sets, rendering.name)


async def of_dataset(base: str, registry: Registry, renderer: Renderer, chosen: str) -> Subject:
    """The collections that are asked for, else the first of the configuration.

    Args:
        chosen: identifiers or addresses of collections with commas between them; empty for the default.

    Raises:
        InvalidParameter: one of them is no collection, or there are too many.
        NotFound: there are no collections at all.
    """
    title = "All collections"
    sets = registry.config.ogc.tile_matrix_sets
    if not chosen.strip():
        first = await first_collection(registry, renderer)
        return Subject(base, base, title, (first,), sets, is_dataset=True)
    names = [_identifier(part.strip()) for part in chosen.split(",")]
    if len(names) > MOST:
        raise InvalidParameter("collections", f"A map shows up to {MOST}.")
    found = []
    for name in names:
        try:
            found.append(await collection(registry, renderer, name))
        except NotFound as error:
            raise InvalidParameter("collections", error.message) from None
    return Subject(base, base, title, tuple(dict.fromkeys(found)), sets, is_dataset=True, chosen=chosen)


def _identifier(text: str) -> str:
    """Identifier of a collection from its address, or as it is."""
    if "://" not in text:
        return text
    head, _, last = urlsplit(text).path.rstrip("/").rpartition("/")
    if not head.endswith("/collections"):
        raise InvalidParameter("collections", "An address is that of a collection.")
    return last
