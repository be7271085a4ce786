"""From a request to the name of its picture in every cache, which is also its ETag."""

from __future__ import annotations

import hashlib

from proxy import __version__
from proxy.model import RenderRequest

#: Part of every key; raised when the same request would give other bytes than before.
GENERATION = "1"


def key_of(version: str, request: RenderRequest, *, settings: str = "", epoch: str = "") -> str:
    """Hexadecimal key of a request against one version of its source.

    Equal requests give equal keys in every process, since a request is made of frozen values whose `repr`
    shows all they hold.

    Args:
        settings: whatever of the service's configuration decides its pixels. Keys outlive the process.
        epoch: of the purges that concern the request.
    """
    text = f"{GENERATION} {__version__}\n{settings}\n{epoch}\n{version}\n{request!r}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def note_key(kind: str, name: str) -> str:
    """Key of something small that is kept beside the pictures."""
    return hashlib.blake2b(f"{kind}\0{name}".encode(), digest_size=16).hexdigest()
