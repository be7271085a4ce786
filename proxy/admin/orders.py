"""What is to be purged, from JSON: an order of the administrator's, or the word of a bucket.

An order has `service`, `source` or `all`, with `bbox` and `zooms`. A bucket's word is a notification of S3
about objects, as S3 and MinIO send it, through EventBridge or in the envelope of SNS.
"""

from __future__ import annotations

import fnmatch
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from proxy.cache.purge import Purge, Purges
from proxy.errors import BadRequest, InvalidParameter
from proxy.services import Registry, Service
from proxy.sources.location import locate

#: Last zoom that a purge may name.
LAST_ZOOM = 40


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be purged.

    Attributes:
        services: by name. sources: places of objects; the services that are made of them are meant.
        everything: all services.
        bounds: west, south, east, north in degrees, None for everywhere.
        zooms: first and last, None for all.
    """

    services: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    everything: bool = False
    bounds: tuple[float, float, float, float] | None = None
    zooms: tuple[float, float] | None = None


def json_of(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        BadRequest: it is none.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error


def order_of(data: Any) -> Order:
    """What a body asks for.

    Raises:
        BadRequest: it cannot be understood.
    """
    if not isinstance(data, dict):
        raise BadRequest("The body is not a JSON object.")
    if data.get("Type") == "Notification" and isinstance(data.get("Message"), str):
        data = json_of(data["Message"])
        if not isinstance(data, dict):
            raise BadRequest("The message is not a JSON object.")
    if data.get("Event") == "s3:TestEvent":
        return Order()
    if "Records" in data or "detail" in data:
        return Order(sources=tuple(dict.fromkeys(_objects(data))))
    if unknown := set(data) - {"service", "bbox", "zooms", "source", "all"}:
        raise InvalidParameter(min(unknown), "It is not known.")
    everything = data.get("all", False)
    if not isinstance(everything, bool):
        raise InvalidParameter("all", "It is true or false.")
    services, sources = _texts(data, "service"), _texts(data, "source")
    if not (services or sources or everything):
        raise BadRequest("A 'service', a 'source' or 'all' is needed.")
    return Order(services, sources, everything, _bounds(data.get("bbox")), _zooms(data.get("zooms")))


def _objects(data: dict[str, Any]) -> Iterator[str]:
    try:
        if "Records" in data:
            for record in data["Records"]:
                # Keys are quoted here as in a form, and as they are in EventBridge.
                yield f"s3://{_text(record['s3']['bucket']['name'])}/{unquote_plus(_text(record['s3']['object']['key']))}"
        else:
            detail = data["detail"]
            yield f"s3://{_text(detail['bucket']['name'])}/{_text(detail['object']['key'])}"
    except (KeyError, TypeError) as error:
        raise BadRequest("The notification does not name objects of a bucket.") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _texts(data: dict[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name, ())
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(item, str) and item for item in values):
        raise InvalidParameter(name, "It is a text or a list of texts.")
    return tuple(values)


def _numbers(name: str, value: object, separator: str, count: int) -> tuple[float, ...]:
    parts = value.split(separator) if isinstance(value, str) else value
    try:
        found = tuple(float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        found = ()
    if len(found) != count or not all(map(math.isfinite, found)):
        raise InvalidParameter(name, f"It is {count} numbers.")
    return found


def _bounds(value: object) -> tuple[float, float, float, float] | None:
    if value is None:
        return None
    west, south, east, north = _numbers("bbox", value, ",", 4)
    if south > north or abs(south) > 90 or abs(north) > 90 or max(abs(west), abs(east)) > 360:
        raise InvalidParameter("bbox", "It is west, south, east and north in degrees.")
    # West of east across the antimeridian.
    return west, south, east if east >= west else east + 360, north


def _zooms(value: object) -> tuple[float, float] | None:
    if value is None:
        return None
    if isinstance(value, str) and "-" not in value:
        value = f"{value}-{value}"
    elif isinstance(value, int | float):
        value = [value, value]
    low, high = _numbers("zooms", value, "-", 2)
    if not 0 <= low <= high <= LAST_ZOOM:
        raise InvalidParameter("zooms", f"They are 0 to {LAST_ZOOM}, such as 0-12.")
    return low, high


def purges_of(order: Order, registry: Registry, known: Purges) -> list[Purge]:
    """The purges of an order, one for each service, or one for all.

    Raises:
        UnknownService: a service that is named does not exist.
    """
    if order.everything:
        return [known.made("", order.bounds, order.zooms)]
    named = [registry.get(name) for name in order.services]
    named += [service for service in registry if any(holds(service, source) for source in order.sources)]
    names = dict.fromkeys(service.name for service in named)
    return [known.made(name, order.bounds, order.zooms) for name in names]


def holds(service: Service, source: str) -> bool:
    """True where a service is made of an object, or of objects among which it may be."""
    mosaic = service.config.mosaic
    if mosaic is None:
        return _place(service.config.source) == _place(source)
    return any(_covers(_place(listed), _place(source)) for listed in mosaic.source)


def _covers(listed: str, place: str) -> bool:
    # What a listing names need not be told from the listing: a prefix, a folder, a pattern, the file itself.
    return place == listed or place.startswith(listed.rstrip("/") + "/") or fnmatch.fnmatchcase(place, listed)


def _place(text: str) -> str:
    location = locate(text)
    if location.url is not None:
        return location.url
    return (
        location.gdal_path
        if location.gdal_path.startswith("/vsi")
        else str(Path(location.gdal_path).resolve())
    )
