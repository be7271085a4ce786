"""Keyword-value pairs of OGC requests: names in any case, from the query string or a form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from starlette.requests import Request

from proxy.forms import form_pairs


class Pairs(Mapping[str, str]):
    """Parameters by name without regard to case; blanks around values are gone, empty values stay.

    Of repeated names the first with a value is taken.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.strip().lower()
            self._values[key] = self._values.get(key, "") or value.strip()

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str) -> str:
        """Value of a parameter, empty where absent."""
        return self._values.get(name.lower(), "")


async def pairs_of(request: Request) -> Pairs:
    """Parameters of a request: those of the query string first, then those of a form.

    Raises:
        TooLarge: the form is beyond all reason.
        BadRequest: the form is damaged.
    """
    pairs = list(request.query_params.multi_items())
    if request.method == "POST":
        pairs += await form_pairs(request)
    return Pairs(pairs)
