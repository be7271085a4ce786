"""The command line: `cogproxy serve`, `cogproxy check` and `cogproxy purge`."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import uvicorn
import yaml

from proxy import __version__
from proxy.admin.command import purge_boards, purge_server
from proxy.app import create_app, read_renderings
from proxy.cli import bulk
from proxy.config import Config, ConfigError, ServiceConfig, load, parse
from proxy.demo import demo_config
from proxy.errors import CannotOpen, ProxyError
from proxy.listing.builder import Keeper
from proxy.listing.report import progress_bar, summary_lines
from proxy.services import Registry
from proxy.sources.base import SourceInfo
from proxy.sources.cube.formats import SUFFIXES as CUBE_SUFFIXES
from proxy.sources.cube.formats import is_zarr_folder
from proxy.sources.dimensions import extent_text
from proxy.sources.location import RASTER_SUFFIXES, locate
from proxy.sources.session import prepare_process

CONFIG_VARIABLE = "COGPROXY_CONFIG_FILE"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cogproxy")
def main() -> None:
    """Serve Cloud Optimized GeoTIFFs to ArcGIS, XYZ and OGC clients."""


@main.command()
@click.argument("sources", nargs=-1)
@click.option("--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--host", help="Address to listen on [default: 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on [default: 8080].")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes [default: 1].")
@click.option(
    "--mosaic", metavar="NAME", help="Make one mosaic of the sources rather than a service of each."
)
@click.option("--log-level", default="info", type=click.Choice(["debug", "info", "warning", "error"]))
def serve(
    sources: tuple[str, ...],
    config_file: Path | None,
    host: str | None,
    port: int | None,
    workers: int | None,
    mosaic: str | None,
    log_level: str,
) -> None:
    """Serve files, folders or URLs, one service each; with neither these nor --config, the demo."""
    _log(log_level)
    try:
        config = chosen_config(sources, config_file, mosaic)
        overrides = {"host": host, "port": port, "workers": workers}
        given = {name: value for name, value in overrides.items() if value is not None}
        config = config.model_copy(update={"server": config.server.model_copy(update=given)})
        prepare_process()
        create_app(config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    server = config.server
    shown = "localhost" if server.host in ("127.0.0.1", "0.0.0.0", "::") else server.host
    click.echo(f"cogproxy {__version__}: {len(config.services)} services at http://{shown}:{server.port}/")
    _run(config, log_level)


@main.command()
@click.argument("sources", nargs=-1)
@click.option("--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mosaic", metavar="NAME", help="Take the sources as one mosaic.")
@click.option("--refresh", is_flag=True, help="Read the headers of all items of mosaics again.")
def check(sources: tuple[str, ...], config_file: Path | None, mosaic: str | None, refresh: bool) -> None:
    """Open every source and say what it is, how it is read, and what would make it quicker.

    Sources are files, folders and URLs; with --config also names of its services, which are then the only
    ones of it that are looked at. The catalogs of mosaics are built, or brought up to date.

    Ends with status 1 where a source cannot be served.
    """
    _log("error")
    try:
        config = selected_config(sources, config_file, mosaic)
        prepare_process()
        services = list(Registry(config, read_renderings))
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    failed = 0
    for service in services:
        if service.config.mosaic is not None:
            failed += not _check_mosaic(service.config, config, refresh)
            continue
        failure = service.failure
        failed += failure is not None
        if failure is not None:
            click.echo(f"{service.name}: {click.style('FAILED', fg='red')} {failure}")
            continue
        click.echo(f"{service.name}: {click.style('ok', fg='green')} {summary_of(service.info)}")
        for line in variables_in(service.info):
            click.echo(f"    {line}")
        for advice in advice_on(service.info):
            click.echo(f"    {advice}")
    raise SystemExit(1 if failed else 0)


@main.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="All services.")
@click.option("--source", "sources", multiple=True, help="Services that are made of this file or object.")
@click.option("--bbox", help="Only this area: west,south,east,north in degrees.")
@click.option("--zooms", help="Only these zooms, such as 0-12.")
@click.option("--server", help="Ask this running server, rather than the shared tiers of the cache.")
def purge(
    services: tuple[str, ...],
    config_file: Path | None,
    everything: bool,
    sources: tuple[str, ...],
    bbox: str | None,
    zooms: str | None,
    server: str | None,
) -> None:
    """Let no picture made so far be served again. Workers that share a tier know within a second."""
    _log("warning")
    order = {"service": services, "source": sources, "all": everything, "bbox": bbox, "zooms": zooms}
    data = {name: value for name, value in order.items() if value}
    try:
        config = chosen_config((), config_file)
        if server is None:
            names = asyncio.run(purge_boards(config, Registry(config, read_renderings), data))
        else:
            token = config.server.admin_token
            if token is None:
                raise ConfigError("server.admin_token: needed to ask a server")
            names = list(purge_server(server, token.get_secret_value(), data))
    except (ConfigError, ProxyError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"purged {', '.join(name or 'all services' for name in names) or 'nothing'}")


def _check_mosaic(service: ServiceConfig, config: Config, every: bool) -> bool:
    """Bring the catalog of a mosaic up to date and say what it holds; False where nothing can be drawn."""
    reason, lines, usable = "", [""], False
    try:
        with progress_bar(service.name) as tell:
            keeper = Keeper(service, config, tell)
            try:
                keeper.refresh(every)
            except CannotOpen as error:
                reason = f"; {error.message}"
        lines, usable = summary_lines(keeper.catalog), len(keeper.catalog) > 0
    except CannotOpen as error:
        reason = error.message
    state = click.style("ok", fg="green") if usable else click.style("FAILED", fg="red")
    click.echo(f"{service.name}: {state} {lines[0]}{reason}")
    for line in lines[1:]:
        click.echo(f"    {line}")
    return usable


def summary_of(info: SourceInfo) -> str:
    """One line of facts."""
    mask = "no mask" if info.mask_kind == "none" else f"mask by {info.mask_kind}"
    return (
        f"{info.width} x {info.height}, {info.band_count} bands {info.pixel_type}, {info.crs}, {info.kind}, "
        f"{mask}, {len(info.level_sizes)} overviews, {info.compression.lower()}, read by {info.way}"
        + (f" ({info.why})" if info.why else "")
    )


def variables_in(info: SourceInfo) -> list[str]:
    """One line for each variable of a source with dimensions."""
    found = []
    for variable in info.variables:
        about = ", ".join(part for part in (variable.description, variable.unit) if part)
        dimensions = [f"{dimension.name}: {extent_text(dimension)}" for dimension in variable.dimensions]
        name = f"{variable.name} ({about})" if about else variable.name
        found.append("; ".join([f"{name} {variable.pixel_type}", *dimensions]))
    return found


def advice_on(info: SourceInfo) -> list[str]:
    """What would make a source quicker or more useful."""
    found = []
    if max(info.width, info.height) > 1024 and not info.level_sizes:
        found.append("no overviews: low zooms read every pixel; write it as a Cloud Optimized GeoTIFF")
    if info.width > 1024 and info.block[0] == info.width and info.block[1] < info.height:
        found.append("stored in strips: a tile reads whole rows; write it in tiles")
    if info.geographic_bounds is None:
        found.append("not on the earth: no tiles, no map; exports in its own coordinate system only")
    return found


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


def app_from_environment() -> object:
    """The application of a worker process, from the file that the supervisor wrote."""
    _log(os.environ.get("COGPROXY_LOG_LEVEL", "info"))
    prepare_process()
    data = yaml.safe_load(Path(os.environ[CONFIG_VARIABLE]).read_text("utf-8"))
    return create_app(parse(data, {}))


def _run(config: Config, log_level: str) -> None:
    server = config.server
    options = {
        "host": server.host,
        "port": server.port,
        "log_level": log_level,
        "access_log": server.access_log,
        "timeout_graceful_shutdown": 10,
        "server_header": False,
    }
    if server.workers == 1:
        uvicorn.run(create_app(config), **options)  # type: ignore[arg-type]
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=True) as file:
        # Only this user can read it: it holds the secrets of the configuration.
        yaml.safe_dump(revealed(config), file)
        file.flush()
        os.environ[CONFIG_VARIABLE] = file.name
        os.environ["COGPROXY_LOG_LEVEL"] = log_level
        uvicorn.run("proxy.cli:app_from_environment", factory=True, workers=server.workers, **options)  # type: ignore[arg-type]


def revealed(config: Config) -> dict[str, object]:
    """The configuration as plain values, secrets included, with a signing secret for all workers."""
    data = config.model_dump(mode="python")
    if config.server.secret is None:
        data["server"]["secret"] = secrets.token_hex(32)
    plain = _plain(data)
    assert isinstance(plain, dict)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    return str(value) if isinstance(value, str | Path) else value


def _log(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("rasterio").setLevel(logging.ERROR)


for _command in bulk.commands(bulk.Tools(chosen_config, revealed, read_renderings)):
    main.add_command(_command)
