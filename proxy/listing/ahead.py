"""Work done side by side, with results in the order of the questions and few of them waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    submit: Callable[[T], Future[R]], things: Iterable[T], waiting: int
) -> Iterator[tuple[T, Future[R]]]:
    """Each thing with the future of its result, in order; at most `waiting` of them are under way.

    Things are only asked for as far as there is room: memory stays flat however many there are.
    """
    under_way: deque[tuple[T, Future[R]]] = deque()
    for thing in things:
        under_way.append((thing, submit(thing)))
        if len(under_way) >= waiting:
            yield under_way.popleft()
    yield from under_way


def at_once(result: R) -> Future[R]:
    """The future of what is known already."""
    future: Future[R] = Future()
    future.set_result(result)
    return future
