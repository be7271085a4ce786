"""Pages of the API for people: what the JSON says, with maps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from proxy.config import Config
from proxy.crs import Bounds
from proxy.ogc.api import links as rel
from proxy.ogc.api.extents import extent, union
from proxy.ogc.api.subject import Subject
from proxy.ogc.api.tilesets import sets_of
from proxy.ogc.crs_names import read
from proxy.services import Service
from proxy.viewer.pages import Pages
from proxy.viewer.static_files import OWN, content_version
from proxy.web import base_url
from proxy.xyz.params import WEB_MERCATOR_QUAD
from proxy.xyz.tilejson import zooms

Trail = list[tuple[str, str]]

#: Collections on the map of a page about all of them.
LAYERS = 8

#: Words for the segments of addresses in the trail above a page.
_WORDS = {
    "collections": "Collections",
    "styles": "Styles",
    "map": "",
    "tiles": "Tilesets",
    "tileMatrixSets": "Tile matrix sets",
    "conformance": "Conformance",
    "api": "Documentation",
    "docs": "Documentation",
}


def degrees(value: float) -> str:
    """Degrees as people read them."""
    return f"{value:.4f}".rstrip("0").rstrip(".") + "°"


def crs(uri: str) -> str:
    """`EPSG:3857` for its address."""
    return read(uri).short


def preview(document: Mapping[str, Any]) -> str:
    """Size of the small map of a collection, of which the longer side is 320 pixels."""
    west, south, east, north = document["extent"]["spatial"]["bbox"][0]
    width = (east - west) % 360 or 360.0
    tall = north - south > width * max(0.1, math.cos(math.radians((south + north) / 2)))
    return "height=320" if tall else "width=320"


def preview_of(subject: Subject) -> str:
    """`preview` of the collection that a subject shows."""
    return preview({"extent": extent(subject.service.info)})


def example(parameter: Mapping[str, Any]) -> str:
    """What may be written for a parameter."""
    value = parameter.get("example", parameter["schema"].get("default", ""))
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


FILTERS: Mapping[str, Callable[..., str]] = {
    "degrees": degrees,
    "crs": crs,
    "preview": preview,
    "preview_of": preview_of,
    "example": example,
}


class ApiPages:
    """Renders the pages of the API."""

    def __init__(self) -> None:
        self._pages = Pages(content_version(OWN), Path(__file__).parent / "templates", filters=FILTERS)

    def page(self, request: Request, template: str, document: Mapping[str, Any], **values: Any) -> Response:
        """The page of a document.

        Args:
            values: for the template; `subject` or `services` are shown on a map.
        """
        prefix = urlsplit(base_url(request)).path.rstrip("/")
        root = f"{prefix}/ogc"
        subject: Subject | None = values.get("subject")
        config: Config = request.app.state.config
        services: Sequence[Service] = subject.services if subject else values.get("services", ())
        address = f"{prefix}{request.scope['path'].rstrip('/')}"
        response = self._pages.respond(
            template,
            prefix,
            root=root,
            trail=_trail(root, address),
            address=address,
            document=document,
            others=[_alternative(link) for link in _alternatives(document)],
            collection_id=rel.collection_id,
            map_data=map_data(root, config.ogc.tile_matrix_sets, services, subject),
            **{"subject": None, "services": services} | values,
        )
        response.headers["Vary"] = "Accept"
        return response


def _trail(root: str, address: str) -> Trail:
    """(words, address) of every resource above a page, and the page itself last."""
    found: Trail = [("OGC API", root)]
    path = root
    for part in [part for part in address.removeprefix(root).split("/") if part]:
        path = f"{path}/{part}"
        if words := _WORDS.get(part, part):
            found.append((words, path))
    return found


def _alternatives(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    links = document.get("links", ())
    return [link for link in links if link["rel"] == "alternate"]


def _alternative(link: Mapping[str, Any]) -> tuple[str, str]:
    parts = urlsplit(link["href"])
    return str(link["title"]).removeprefix("As "), f"{parts.path}?{parts.query}"


def map_data(
    root: str, sets: Sequence[str], services: Sequence[Service], subject: Subject | None
) -> dict[str, Any] | None:
    """What the script of the map needs, fit for JSON; None where nothing can be shown in Web Mercator.

    Without a subject the largest collections are shown, the small ones on top.

    Args:
        sets: tile matrix sets that the server offers.
    """
    placed = [
        (service, bounds)
        for service in services
        if WEB_MERCATOR_QUAD in sets_of([service], sets)
        and (bounds := service.info.geographic_bounds) is not None
    ]
    if not placed:
        return None
    address, chosen, drawn = root, "", placed
    if subject is not None:
        address, chosen = urlsplit(subject.address).path, subject.chosen
    elif len(placed) > 1:
        drawn = sorted(placed, key=lambda each: -_area(each[1]))[:LAYERS]
        chosen = ",".join(rel.collection_id(service.name) for service, _ in drawn)
    levels = [zooms(service.info) for service, _ in drawn]
    return {
        "tiles": f"{address}/map/tiles/{WEB_MERCATOR_QUAD}/{{z}}/{{y}}/{{x}}?f=png"
        + (f"&collections={quote(chosen, safe=':,/')}" if chosen else ""),
        "zooms": (min(low for low, _ in levels), max(high for _, high in levels)),
        "attribution": "; ".join(dict.fromkeys(s.attribution for s, _ in drawn if s.attribution)),
        "drawn": list(union([bounds for _, bounds in drawn])),
        "bounds": list(union([bounds for _, bounds in placed])),
        "areas": [
            {
                "title": service.title,
                "href": f"{root}/collections/{rel.segment(rel.collection_id(service.name))}",
                "bounds": _clipped(bounds),
            }
            for service, bounds in placed
            if subject is None
        ],
    }


def _area(bounds: Bounds) -> float:
    west, south, east, north = bounds
    return (east - west) * (north - south)


def _clipped(bounds: Bounds) -> list[float]:
    west, south, east, north = bounds
    return [west, max(south, -85.0), east, min(north, 85.0)]
