"""Pieces of work handed to threads of this process or to a Dask cluster, never too many at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, TypeVar

from proxy.errors import Unsupported

P = TypeVar("P")
R = TypeVar("R")

#: Pieces handed out for each worker: one that it works on, others that wait.
AHEAD = 3


def in_threads(
    work: Callable[[P], R], pieces: Iterable[P], threads: int = 0
) -> Iterator[tuple[P, R | BaseException]]:
    """Results in the order in which they are ready; an error is a result, and does not end the others.

    Args:
        threads: 0 for the number of cores.
    """
    count = threads or len(os.sched_getaffinity(0))
    left = iter(pieces)
    with ThreadPoolExecutor(count, thread_name_prefix="bulk") as pool:
        running: dict[Future[R], P] = {pool.submit(work, each): each for each in islice(left, count * AHEAD)}
        try:
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    piece = running.pop(future)
                    yield piece, future.exception() or future.result()
                    for following in islice(left, 1):
                        running[pool.submit(work, following)] = following
        finally:
            for future in running:
                future.cancel()


def on_cluster(
    work: Callable[..., R], arguments: tuple[Any, ...], pieces: Iterable[P], address: str
) -> Iterator[tuple[P, R | BaseException]]:
    """The same on a Dask cluster: `work(*arguments, piece)` runs there.

    Args:
        address: of the scheduler, such as `tcp://host:8786`; `local` starts processes on this machine.

    Raises:
        Unsupported: Dask is not installed, or the cluster cannot be reached.
    """
    try:
        import distributed
    except ImportError:
        raise Unsupported("Dask is not installed: pip install 'cogproxy[dask]'.") from None
    # The library has no types.
    dask: Any = distributed
    where = {"processes": True, "dashboard_address": None} if address == "local" else {"address": address}
    try:
        client = dask.Client(**where, timeout=20)
    except (OSError, ValueError) as error:
        raise Unsupported(f"The Dask cluster cannot be reached: {error}") from None
    with client:
        count = max(1, sum(client.ncores().values()))
        left = iter(pieces)
        first = list(islice(left, count * AHEAD))
        known = {client.submit(work, *arguments, each, pure=False): each for each in first}
        running = dask.as_completed(list(known))
        for future in running:
            piece = known.pop(future)
            yield piece, future.exception() or future.result()
            for following in islice(left, 1):
                submitted = client.submit(work, *arguments, following, pure=False)
                known[submitted] = following
                running.add(submitted)
