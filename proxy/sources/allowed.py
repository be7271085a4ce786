"""Addresses that callers name, held against the list of those that may be opened."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, unquote, urlsplit

from proxy.errors import InvalidParameter
from proxy.sources.location import canonical_scheme

LONGEST = 2000
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~%^]+")
#: Where IPv4 addresses are written as IPv6 (RFC 6052); what lies behind the prefix is looked at itself.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def allowed_address(text: str, prefixes: Iterable[str]) -> str:
    """An address in its plain form, where it begins with one of the prefixes.

    Raises:
        InvalidParameter: it is none, or lies outside; it is not said which prefixes there are.
    """
    if len(text) > LONGEST or not _PLAIN.fullmatch(text):
        raise InvalidParameter("url", "It is the address of a raster, in plain characters.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidParameter("url", "It is the address of a raster.") from None
    scheme = canonical_scheme(parts.scheme)
    if parts.fragment or "@" in parts.netloc or not parts.hostname:
        raise _outside()
    path = unquote(parts.path)
    # What a server might take as a way out of the folder, written in any way.
    if "\\" in path or "\0" in path or "%" in path or {".", ".."} & set(path.split("/")):
        raise _outside()
    if parts.query and scheme not in _PORTS:
        raise _outside()
    place = scheme, _host(scheme, parts, port), path
    if not any(_begins(place, prefix) for prefix in prefixes):
        raise _outside()
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{parts.netloc}{parts.path}{query}"


def _begins(place: tuple[str, tuple[str, int | None], str], prefix: str) -> bool:
    parts = urlsplit(prefix)
    scheme = canonical_scheme(parts.scheme)
    root = scheme, _host(scheme, parts, parts.port)
    return place[:2] == root and place[2].startswith(unquote(parts.path))


def _host(scheme: str, parts: SplitResult, port: int | None) -> tuple[str, int | None]:
    # Names of hosts have no case, and may end with a dot; those of buckets are taken as they are.
    if scheme in _PORTS:
        return (parts.hostname or "").rstrip("."), port or _PORTS[scheme]
    return parts.netloc, None


def _outside() -> InvalidParameter:
    return InvalidParameter("url", "This address may not be opened here.")


def is_public(address: Address) -> bool:
    """True for an address of the public internet; also what another address stands in for has to be."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
