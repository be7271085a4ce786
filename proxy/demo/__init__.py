"""Small real rasters served when nothing else is named; NOTICE beside them names their sources."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from proxy.config import Config, load


def demo_config() -> Config:
    """Configuration of the demo: the example file, with the rasters of this package.

    A wheel carries the example beside the rasters; in a checkout it lies at the top level.
    """
    folder = Path(str(files(__name__)))
    packed = folder / "config.yaml"
    config = load(packed if packed.exists() else folder.parent.parent / "config.yaml")
    services = tuple(
        service.model_copy(update={"source": str(folder / Path(service.source).name)})
        for service in config.services
    )
    return config.model_copy(update={"services": services})
