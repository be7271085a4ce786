"""Keyword-value pairs of OGC requests: names in any case, from the query string or a form."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from proxy.forms import Named, request_pairs


class Pairs(Named):
    """Parameters by name without regard to case; blanks around values are gone, empty values stay.

    Of repeated names the first with a value is taken.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        values: dict[str, str] = {}
        for name, value in pairs:
            key = name.strip().lower()
            values[key] = values.get(key, "") or value.strip()
        super().__init__(values)


def semicolon_pairs(request: Request) -> Pairs:
    """Parameters of a query whose pairs may be separated by semicolons as well."""
    found: list[tuple[str, str]] = []
    for name, value in request.query_params.multi_items():
        first, *further = value.split(";")
        found.append((name, first))
        for part in further:
            key, equals, text = part.partition("=")
            if equals:
                found.append((key, text))
            else:
                found[-1] = (found[-1][0], f"{found[-1][1]};{part}")
    return Pairs(found)


async def pairs_of(request: Request) -> Pairs:
    """Parameters of a request: those of the query string first, then those of a form.

    Raises:
        TooLarge: the form is beyond all reason.
        BadRequest: the form is damaged.
    """
    return Pairs(await request_pairs(request))
