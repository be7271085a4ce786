"""Query strings of this API: each parameter once, but for `subset`."""

from __future__ import annotations

from starlette.requests import Request

from proxy.errors import InvalidParameter

#: Parameters that may come several times.
REPEATED = frozenset({"subset"})


def single(request: Request) -> dict[str, str]:
    """Parameters by name, as they are written.

    Raises:
        InvalidParameter: one comes twice with different values.
    """
    found: dict[str, str] = {}
    for name, text in request.query_params.multi_items():
        if name in REPEATED:
            continue
        if found.setdefault(name, text) != text:
            raise InvalidParameter(name[:40], "It comes twice.")
    return found
