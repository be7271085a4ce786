"""What one process knows of its own running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from proxy.security import Counts


@dataclass(slots=True)
class Running:
    """Of the process, whichever configuration it goes by.

    Attributes:
        state: registry, renderer and the rest of the configuration in force.
        counts: of requests and wrong passwords.
        draining: it was told to stop, and still answers.
        upkeep: the background work of the process.
        config: `ok`, or `refused` where the file on disk is wrong and the one before it stays in force.
    """

    state: Callable[[], Any]
    counts: Counts
    draining: bool = False
    config: str = "ok"
    upkeep: Any = None
