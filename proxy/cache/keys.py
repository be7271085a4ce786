"""From a request to the name of its picture in every cache, which is also its ETag."""

from __future__ import annotations

import hashlib

from proxy.model import RenderRequest

#: Part of every key; raised when the same request would give other bytes than before.
GENERATION = "1"


def key_of(version: str, request: RenderRequest) -> str:
    """Hexadecimal key of a request against one version of its source.

    Equal requests give equal keys in every process, since a request is made of frozen values whose `repr`
    shows all they hold.
    """
    text = f"{GENERATION}\n{version}\n{request!r}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
