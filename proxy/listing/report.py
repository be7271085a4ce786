"""What `cogproxy check` says of mosaics, and how far they are while it waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from proxy.catalog import base
from proxy.catalog.base import Catalog, FieldType
from proxy.listing.builder import Teller

#: Places that could not be read that are named.
NAMED = 20


@contextmanager
def progress_bar(name: str, console: Console | None = None) -> Iterator[Teller]:
    """A bar on the terminal, on standard error; nothing where that is no terminal.

    Gives what is to be told of the progress.
    """
    console = console or Console(stderr=True)
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[unreadable]}"), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None, unreadable="")

        def tell(progress: base.Progress) -> None:
            bad = f"{progress.unreadable} unreadable" if progress.unreadable else ""
            bar.update(task, completed=progress.done, total=progress.total, unreadable=bad)

        yield tell


def summary_lines(catalog: Catalog) -> list[str]:
    """What a catalog holds: number of items, system, time, fields, and what could not be read and why."""
    count = len(catalog)
    first = f"{count} item{'' if count == 1 else 's'}"
    if count:
        first += f", {catalog.crs}"
    if catalog.time is not None:
        first += f", {_day(catalog.time[0])} to {_day(catalog.time[1])}"
    lines = [first]
    if count:
        lines.append("fields: " + ", ".join(_field(field) for field in catalog.fields))
    unreadable = catalog.progress.unreadable
    if unreadable:
        lines.append(f"{unreadable} could not be read:")
        lines += [f"  {place}: {why}" for place, why in catalog.unreadable(NAMED)]
        if unreadable > NAMED:
            lines.append(f"  and {unreadable - NAMED} more")
    return lines


def _field(field: base.Field) -> str:
    plain = field.type in (FieldType.ID, FieldType.GEOMETRY)
    return field.name if plain else f"{field.name} ({field.type})"


def _day(moment: int) -> str:
    try:
        return datetime.fromtimestamp(moment / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return f"{moment} ms"
