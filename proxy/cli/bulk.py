"""`cogproxy seed` and `cogproxy export`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from proxy.arcgis.rules import rendering_rule
from proxy.bulk.commands import export_file, named, seed
from proxy.bulk.export import COMPRESSIONS, Cluster
from proxy.bulk.limits import unlimited
from proxy.bulk.overview import build_overview
from proxy.bulk.seed import CACHED_EXTENSIONS, Report, job_config
from proxy.bulk.work import complete
from proxy.config import Config, ConfigError
from proxy.errors import ProxyError
from proxy.services import Registry, Service
from proxy.sources.session import prepare_process


@dataclass(frozen=True)
class Tools:
    """What commands share: how a configuration is chosen, shown to workers, and given its renderings."""

    chosen: Callable[[tuple[str, ...], Path | None], Config]
    revealed: Callable[[Config], dict[str, object]]
    renderings: Any


_config_option = click.option(
    "--config", "config_file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Configuration; the demo's without it.",
)  # fmt: skip
_quiet = click.option("--quiet", is_flag=True, help="Without a progress bar.")
_query = click.option(
    "--query", "query", multiple=True, metavar="NAME=VALUE",
    help="Parameter of the tile door, such as time=2020-05 or bands=4,3,2; may be repeated.",
)  # fmt: skip
_choice = click.option(
    "--query", "query", multiple=True, metavar="NAME=VALUE",
    help="What the tile door chooses by, such as time=2020-05 or variable=temp; may be repeated.",
)  # fmt: skip
_style = click.option("--style", help="Rendering [default: the service's first].")
_dask = click.option("--dask", help="Scheduler of a cluster, or `local` for processes of this machine.")
_threads = click.option("--threads", type=click.IntRange(0, 256), default=0, help="0: one for each core.")


@click.command("seed")
@click.argument("service")
@_config_option
@click.option(
    "--to", "target", default="cache", help="cache, pmtiles:F, mbtiles:F, dir:D, s3://bucket/prefix."
)
@click.option("--zooms", default="", help="5, 0-12 or 0,3,5-7 [default: all useful ones].")
@click.option("--bbox", default="", help="west,south,east,north in degrees [default: the data].")
@_style
@click.option("--tms", default="WebMercatorQuad", help="Tile matrix set.")
@click.option("--format", "extension", default="png", type=click.Choice(CACHED_EXTENSIONS))
@click.option("--scale", default=1, type=click.IntRange(1, 4), help="2: tiles of 512 pixels.")
@_query
@_dask
@_threads
@click.option("--overview", is_flag=True, help="Build the overview of a mosaic instead of tiles.")
@_quiet
@click.pass_obj
def seed_command(
    tools: Tools,
    /,
    service: str,
    config_file: Path | None,
    target: str,
    zooms: str,
    bbox: str,
    style: str | None,
    tms: str,
    extension: str,
    scale: int,
    query: tuple[str, ...],
    dask: str | None,
    threads: int,
    overview: bool,
    quiet: bool,
) -> None:
    """Render the tiles of SERVICE and keep them; begun again, it goes on where it was left."""
    with _told():
        config = _prepared(tools, config_file)
        if overview:
            if zooms or bbox or style or query:
                raise click.UsageError(
                    "An overview is of the whole mosaic: it takes no zooms, box, style or query."
                )
            path = build_overview(
                config, named(config, service), None if target == "cache" else Path(target),
                renderings=tools.renderings, revealed=tools.revealed, dask=dask, threads=threads, quiet=quiet,
            )  # fmt: skip
            click.echo(f"{path}: name it as the mosaic's overview in the configuration")
            return
        report = seed(
            config, service, target=target, zooms=zooms, bbox=bbox, style=style, tms=tms,
            extension=extension, scale=scale, query=pairs_of(query), dask=dask, threads=threads,
            state=config.state_folder / "seeding", revealed=tools.revealed, renderings=tools.renderings,
            quiet=quiet,
        )  # fmt: skip
    _tell(report, target)


@click.command("export")
@click.argument("service")
@_config_option
@click.option("-o", "--output", "target", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--bbox", default="", help="xmin,ymin,xmax,ymax [default: the data].")
@click.option("--bbox-crs", default="", help="Of the box [default: that of the output].")
@click.option("--crs", default="", help="Of the output [default: the service's own].")
@click.option("--size", default="", help="Columns,rows.")
@click.option("--resolution", default="", help="Size of a pixel, in units of the output's CRS.")
@_style
@click.option("--rule", default="", help="Raster function as JSON, or @FILE.")
@click.option("--bands", default="", help="Names or numbers from 1.")
@click.option("--interpolation", default="", help="Such as nearest or bilinear [default: the service's].")
@_choice
@click.option("--display", is_flag=True, help="Colours as in pictures, rather than numbers.")
@click.option("--compression", default="deflate", type=click.Choice(COMPRESSIONS))
@click.option("--plain", is_flag=True, help="A tiled GeoTIFF without overviews, rather than a COG.")
@_dask
@_threads
@_quiet
@click.pass_obj
def export_command(
    tools: Tools,
    /,
    service: str,
    config_file: Path | None,
    target: Path,
    query: tuple[str, ...],
    plain: bool,
    dask: str | None,
    **given: Any,
) -> None:
    """Write SERVICE, or a part of it, into a GeoTIFF of any size: numbers, unless --style or --rule."""
    with _told():
        config = _prepared(tools, config_file)
        if not given["style"] and not given["rule"]:
            given["style"] = None if given["display"] else "None"
        name = named(config, service)
        config = _alone(config, name)
        cluster = Cluster(dask, job_config(config, tools.revealed, name), tools.renderings) if dask else None
        width, height, missing = export_file(
            _service(config, name, tools), target, query=pairs_of(query), optimized=not plain,
            read_rule=rendering_rule, cluster=cluster, **given,
        )  # fmt: skip
    click.echo(f"{target}: {width} x {height} pixels, {target.stat().st_size / 1e6:.1f} MB")
    if missing:
        click.echo(f"{missing} blocks lack items that could not be read", err=True)
        raise SystemExit(1)


class _told:  # noqa: N801
    """Errors of the project as those of the command line."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ProxyError):
            raise click.ClickException(error.message) from error
        if isinstance(error, ConfigError):
            raise click.ClickException(str(error)) from error
        if isinstance(error, OSError):
            place = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{place}{error.strerror or error}") from error


def _prepared(tools: Tools, config_file: Path | None) -> Config:
    prepare_process()
    return tools.chosen((), config_file)


def _alone(config: Config, name: str) -> Config:
    """A service as its owner exports it."""
    chosen = tuple(unlimited(each) for each in config.services if each.name == name)
    return config.model_copy(update={"services": chosen})


def _service(config: Config, name: str, tools: Tools) -> Service:
    complete(config)
    service = Registry(config, tools.renderings).get(name)
    service.source  # noqa: B018  opened before its facts are asked for
    return service


def pairs_of(texts: Iterable[str]) -> dict[str, str]:
    """Parameters from `name=value` texts.

    Raises:
        click.BadParameter: one of them has no name or no value.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"'{text}' is not NAME=VALUE", param_hint="--query")
        found[name] = value
    return found


def _tell(report: Report, target: str) -> None:
    click.echo(
        f"{target}: {report.tiles} tiles, {report.bytes / 1e6:.1f} MB; "
        f"{report.empty} empty, {report.skipped} skipped"
    )
    if report.failed:
        click.echo(f"{report.failed} squares failed: {report.reason}; run it again", err=True)
        raise SystemExit(1)
