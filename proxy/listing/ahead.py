"""Work done side by side, with results in the order of the questions and few of them waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

from proxy.threads import DaemonPool

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    pool: DaemonPool, function: Callable[[T], R], things: Iterable[T], waiting: int
) -> Iterator[tuple[T, Future[R]]]:
    """Each thing with the future of its result, in order; at most `waiting` of them are under way.

    Things are only asked for as far as there is room: memory stays flat however many there are.
    """
    under_way: deque[tuple[T, Future[R]]] = deque()
    for thing in things:
        under_way.append((thing, pool.submit(function, thing)))
        if len(under_way) >= waiting:
            yield under_way.popleft()
    yield from under_way
