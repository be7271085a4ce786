"""The two versions of WMS, and which one answers."""

from __future__ import annotations

import re
from enum import StrEnum

from proxy.ogc.kvp import Pairs

_FORM = re.compile(r"\d{1,4}(\.\d{1,4}){0,2}", re.ASCII)


class Version(StrEnum):
    """A version of the service."""

    V111 = "1.1.1"
    V130 = "1.3.0"


def asked(pairs: Pairs) -> str:
    """The version that a request names, in the old spelling too; empty for none."""
    return pairs.text("version") or pairs.text("wmtver")


def negotiated(text: str) -> Version:
    """The version that answers a request for one: the same, else the next lower one, else the lowest.

    Without a version, and for what is none, the highest answers.
    """
    if not _FORM.fullmatch(text):
        return Version.V130
    numbers = tuple(int(part) for part in text.split("."))
    return Version.V130 if numbers >= (1, 3) else Version.V111
