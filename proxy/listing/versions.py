"""What tells that an item of a listing has changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from proxy.listing.places import Refused
from proxy.sources.blocks.places import local_version
from proxy.sources.location import locate


def listed_version(entry: object, *places: str) -> str:
    """Version of an item by what the listing says of it, and by its files where they are local.

    Raises:
        Refused: a local file does not exist.
    """
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"), default=str)
    told = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    return "-".join([told, *(version for place in places if (version := _local(place)))])


def _local(place: str) -> str:
    location = locate(place)
    if location.url is not None:
        return ""
    try:
        return local_version(Path(location.gdal_path).stat())
    except OSError:
        raise Refused("The source does not exist.") from None
