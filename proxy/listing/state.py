"""Where catalogs lie between one start and the next."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from proxy.config import Config, ServiceConfig
from proxy.errors import CannotOpen

#: Changes whenever a catalog that an earlier version has built is not to be used any more.
FORMAT = 2
#: What decides which items a catalog holds and what it knows of them.
_DECISIVE = ("source", "kind", "crs", "assets", "alternates", "search", "date_pattern", "seamlines")


def catalog_path(service: ServiceConfig, config: Config) -> Path:
    """File of a mosaic's catalog: its name, and a hash of what decides its items.

    Another configuration never finds the items of an earlier one. The folder is made where it is missing.

    Raises:
        CannotOpen: the state folder cannot be made.
    """
    assert service.mosaic is not None
    told = service.mosaic.model_dump(mode="json", include=set(_DECISIVE))
    told["source"] = [_absolute(text) for text in service.mosaic.source]
    told["service"] = service.model_dump(mode="json", include={"nodata", "side_files", "credentials"})
    text = json.dumps([FORMAT, told], sort_keys=True)
    name = re.sub(r"[^A-Za-z0-9_\-]", "_", service.name)
    digest = hashlib.blake2b(f"{service.name}\n{text}".encode(), digest_size=8).hexdigest()
    folder = config.state_folder / "catalogs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotOpen("The state folder cannot be written to.", str(error)) from error
    return folder / f"{name}-{digest}.sqlite"


def _absolute(text: str) -> str:
    return text if "://" in text or text.startswith("/vsi") else str(Path(text).absolute())
