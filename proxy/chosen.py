"""What is served: a configuration from a file, from plain sources, or the demo."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from proxy.config import Config, ConfigError, load, parse
from proxy.demo import demo_config
from proxy.sources.cube.formats import SUFFIXES as CUBE_SUFFIXES
from proxy.sources.cube.formats import is_zarr_folder
from proxy.sources.location import RASTER_SUFFIXES, locate


def chosen_config(sources: tuple[str, ...], config_file: Path | None, mosaic: str | None = None) -> Config:
    """Configuration from a file, from plain sources, from both, or the demo.

    Args:
        mosaic: name of the one service that is made of all sources; each becomes a service when None.

    Raises:
        ConfigError: something is wrong with it, or a folder holds no raster.
    """
    config = load(config_file) if config_file else parse({})
    if mosaic is not None and not sources:
        raise ConfigError("--mosaic: there are no sources that it could be made of")
    if not sources:
        return config if config_file else demo_config()
    known = [service.name.lower() for service in config.services]
    if mosaic is not None and mosaic.lower() in known:
        raise ConfigError(f"--mosaic: the configuration has a service '{mosaic}' already")
    if mosaic is not None:
        named: list[dict[str, object]] = [{"name": mosaic, "mosaic": {"source": list(sources)}}]
    else:
        named = [{"name": name, "source": source} for name, source in services_of(sources, known)]
    plain = parse({"services": named}, {})
    return config.model_copy(update={"services": (*config.services, *plain.services)})


def selected_config(sources: tuple[str, ...], config_file: Path | None, mosaic: str | None) -> Config:
    """As `chosen_config`, with only those services of the file that `sources` names, where it names any.

    Raises:
        ConfigError: something is wrong with it, or a folder holds no raster.
    """
    known = {service.name.lower() for service in load(config_file).services} if config_file else set()
    wanted = {text.lower() for text in sources} & known
    plain = tuple(text for text in sources if text.lower() not in known)
    config = chosen_config(plain, config_file, mosaic)
    if not wanted:
        return config
    kept = [s for s in config.services if s.name.lower() in wanted or s.name.lower() not in known]
    return config.model_copy(update={"services": tuple(kept)})


def services_of(sources: tuple[str, ...], known: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Names and sources: one for each file or URL, a folder gives one for each raster in it.

    Names are file names without ending; those that are taken, by one before or by a `known` service, get a
    number.

    Raises:
        ConfigError: a file is missing, or a folder holds no raster.
    """
    paths: list[str] = []
    for source in sources:
        if "://" not in source and Path(source).is_dir() and not is_zarr_folder(Path(source)):
            inside = sorted(_sources_in(Path(source)))
            if not inside:
                raise ConfigError(f"{source}: there is no raster in this folder")
            paths += [str(path) for path in inside]
        elif "://" not in source and not source.startswith("/vsi") and not Path(source).exists():
            raise ConfigError(f"{source}: there is no such file or folder")
        else:
            paths.append(source)
    taken = {name.lower() for name in known}
    found = []
    for path in paths:
        plain = re.sub(r"[^A-Za-z0-9_.\-]", "_", locate(path).name).strip("._-")
        name = _free(plain or "raster", taken)
        taken.add(name.lower())
        found.append((name, path))
    return found


def _sources_in(folder: Path) -> Iterator[Path]:
    """Rasters, and files and folders with dimensions; what lies in such a folder is no source of its own."""
    for root, folders, files in os.walk(folder):
        hierarchies = [name for name in folders if is_zarr_folder(Path(root, name))]
        folders[:] = [name for name in folders if name not in hierarchies]
        yield from (Path(root, name) for name in hierarchies)
        known = RASTER_SUFFIXES | CUBE_SUFFIXES
        yield from (Path(root, name) for name in files if Path(name).suffix.lower() in known)


def _free(name: str, taken: set[str]) -> str:
    numbered = (f"{name}_{number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbered) if free.lower() not in taken)
