"""Secrets out of what is logged."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode

#: Parameters whose values are nobody's business, in small letters.
SECRET = frozenset({"token", "password", "username", "key", "api_key", "apikey", "access_token", "secret"})
#: Parameters whose values are addresses, which may hold signatures.
ADDRESSES = frozenset({"url"})
MASKED = "masked"
#: Longest text that a line of the log holds of one request.
LONGEST = 65536


def masked_pairs(pairs: Iterable[tuple[str, str]]) -> str:
    """Parameters as in a query, secrets replaced."""
    return urlencode([(name, _value(name, value)) for name, value in pairs])[:LONGEST]


def masked_target(path: str, query: bytes) -> str:
    """Path and query on one line, secrets replaced; a query without any is left as it came."""
    text = query.decode("latin-1")
    path = quote(path, safe="/:@!$&'()*+,;=~")
    if not text:
        return path
    pairs = parse_qsl(text, keep_blank_values=True)
    if any(name.lower() in SECRET | ADDRESSES for name, _ in pairs):
        text = masked_pairs(pairs)
    return f"{path}?{quote(text, safe='/:@!$&()*+,;=~%?')}"[:LONGEST]


def _value(name: str, value: str) -> str:
    if name.lower() in SECRET:
        return MASKED
    if name.lower() in ADDRESSES and "?" in value:
        return f"{value.partition('?')[0]}?{MASKED}"
    return value
