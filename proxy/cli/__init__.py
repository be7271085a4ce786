"""The command line: `cogproxy serve`, `check`, `purge`, and helpers for the configuration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from proxy import __version__
from proxy.admin.command import purge_boards, purge_server
from proxy.app import create_app, read_renderings
from proxy.chosen import chosen_config, selected_config
from proxy.cli import bulk
from proxy.config import Config, ConfigError, ServiceConfig
from proxy.errors import CannotOpen, ProxyError
from proxy.front import logs
from proxy.listing.builder import Keeper
from proxy.listing.misfits import misfits
from proxy.listing.report import progress_bar, summary_lines
from proxy.running import Origin, revealed, run
from proxy.security.passwords import hash_password, new_key
from proxy.services import Registry
from proxy.sources.base import SourceInfo
from proxy.sources.dimensions import extent_text
from proxy.sources.session import prepare_process


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cogproxy")
@click.pass_context
def main(context: click.Context) -> None:
    """Serve Cloud Optimized GeoTIFFs to ArcGIS, XYZ and OGC clients."""
    context.obj = bulk.Tools(chosen_config, revealed, read_renderings)


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
    overrides = {"host": host, "port": port, "workers": workers}
    given = {name: value for name, value in overrides.items() if value is not None}
    origin = Origin(sources, None if config_file is None else config_file.resolve(), given, mosaic)
    logs.set_up(log_level)
    try:
        config = origin.read()
        logs.set_up(log_level, config.server.log_format)
        prepare_process()
        create_app(config)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error
    server = config.server
    shown = "localhost" if server.host in ("127.0.0.1", "0.0.0.0", "::") else server.host
    click.echo(f"cogproxy {__version__}: {len(config.services)} services at http://{shown}:{server.port}/")
    run(config, origin, log_level)


@main.command()
@click.argument("sources", nargs=-1)
@click.option("--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mosaic", metavar="NAME", help="Take the sources as one mosaic.")
@click.option("--refresh", is_flag=True, help="Read the headers of all items of mosaics again.")
def check(sources: tuple[str, ...], config_file: Path | None, mosaic: str | None, refresh: bool) -> None:
    """Open every source and say what it is, how it is read, and what would make it quicker.

    Sources are files, folders and URLs; with --config also names of its services, which are then the only
    ones of it that are looked at. The catalogs of mosaics are built, or brought up to date.

    Ends with status 1 where a source cannot be served, or where the settings of a mosaic name fields, an
    overview or seamlines that its items do not have.
    """
    logs.set_up("error")
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
    logs.set_up("warning")
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
    """Bring the catalog of a mosaic up to date and say what it holds.

    False where nothing can be drawn, or the settings name what the items do not have.
    """
    reason, lines, usable, wrong = "", [""], False, list[str]()
    try:
        with progress_bar(service.name) as tell:
            keeper = Keeper(service, config, tell)
            try:
                keeper.refresh(every)
            except CannotOpen as error:
                reason = f"; {error.message}"
        lines, usable = summary_lines(keeper.catalog), len(keeper.catalog) > 0
        wrong = misfits(service, config, keeper.catalog) if usable else []
        if not usable and not keeper.catalog.progress.unreadable:
            reason = reason or "; the listing is empty"
    except CannotOpen as error:
        reason = error.message
    good = usable and not wrong
    state = click.style("ok", fg="green") if good else click.style("FAILED", fg="red")
    click.echo(f"{service.name}: {state} {lines[0]}{reason}")
    for line in (*wrong, *lines[1:]):
        click.echo(f"    {line}")
    return good


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


@main.command("hash-password")
@click.password_option(help="Asked for when absent.")
def hash_password_command(password: str) -> None:
    """Print the hash of a password, for `security.users` of the configuration."""
    click.echo(hash_password(password))


@main.command("new-key")
def new_key_command() -> None:
    """Make an API key: print it for whoever will use it, and its hash for `security.keys`."""
    key, hashed = new_key()
    click.echo(f"key:  {key}\nhash: {hashed}")


main.add_command(bulk.seed_command)
main.add_command(bulk.export_command)
