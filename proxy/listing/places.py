"""Places that a listing document names: less trusted than those of the configuration."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from proxy.sources.leading import leads_on
from proxy.sources.location import is_remote_scheme, locate

#: Longest place that is taken from a document.
LONGEST = 4096
# One letter and a colon is a drive; more of them is a format or service that GDAL would ask.
_CONNECTION = re.compile(r"[A-Za-z][A-Za-z0-9_+.\-]+:")


class Refused(Exception):
    """An item is left out; the message is a public sentence that says why."""


def resolved(href: object, base: str) -> str:
    """The place that a document at `base` means by `href`.

    Relative ones start at the folder of the document. A document on a server can name nothing on this
    machine's disk, and no document can name what GDAL would read a path, a program or a service from.

    Raises:
        Refused: it names something that a listing may not.
    """
    if not isinstance(href, str) or not href.strip():
        raise Refused("It names no file.")
    text = href.strip()
    if len(text) > LONGEST or not text.isprintable():
        raise Refused("Its place is not written as one.")
    place = _absolute(text, base)
    if leads_on(place):
        raise Refused("A listing may not name files that lead on to others.")
    return place


def _absolute(text: str, base: str) -> str:
    scheme, separator, rest = text.partition("://")
    if text.startswith("<") or text.lower().startswith("/vsi"):
        raise Refused("A listing may only name files, buckets and web addresses.")
    remote = locate(base).url
    if separator and scheme.lower() != "file":
        if not is_remote_scheme(scheme):
            raise Refused(f"A listing may not name places of the kind '{scheme[:20]}'.")
        return text
    if separator and remote is not None:
        raise Refused("A listing on a server may not name local files.")
    if separator:
        text = unquote(rest)
        if text.lower().startswith("/vsi"):
            raise Refused("A listing may only name files, buckets and web addresses.")
    if _CONNECTION.match(text):
        raise Refused("A listing may only name files, buckets and web addresses.")
    if remote is not None:
        return _joined(remote, text)
    return str(Path(locate(base).gdal_path).parent / text)


def _joined(url: str, text: str) -> str:
    # Relative addresses are only defined for schemes that the library knows.
    scheme, _, rest = url.partition("://")
    return scheme + "://" + urljoin(f"http://{rest}", text).partition("://")[2]


def shown(place: str) -> str:
    """A place as it may be told: without the query, which may hold a signature, and without a password."""
    if "://" not in place:
        return place
    parts = urlsplit(place)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" + (f"#{parts.fragment}" if parts.fragment else "")
