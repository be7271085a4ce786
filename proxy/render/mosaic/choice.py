"""Which of the items in view are read, and which only if those above them leave pixels empty."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from proxy.catalog.base import Item
from proxy.render.mosaic.candidates import MOST, Candidates, TooManyItems
from proxy.render.mosaic.cover import Plan, widened
from proxy.selection import MosaicOperation

#: Pixels by which footprints of the same ground may differ.
ALIKE = 2
#: Spare items that are kept in sight for every one that may be read.
SPARES = 4


@dataclass(frozen=True, slots=True)
class Chosen:
    """An item that may be read; a `spare` one lies wholly below the footprints of those before it."""

    item: Item
    spare: bool


def chosen(
    found: Candidates, plan: Plan, operation: MosaicOperation, allowed: int
) -> tuple[list[Chosen], int]:
    """(items in order, how many spare ones may be read), so that at most `allowed` are read in all.

    Items that alone cover some ground go before those that lie over one another: no part of a picture stays
    empty because the stack in another part is deep.

    Raises:
        TooManyItems: more than `allowed` items cover ground of their own.
    """
    pages = iter(found)
    items = list(itertools.islice(pages, allowed + 1))
    if len(items) <= allowed or found.locked:
        return [Chosen(item, False) for item in items[:allowed]], 0
    early = operation in (MosaicOperation.FIRST, MosaicOperation.LAST)
    longest = SPARES * allowed if early else allowed
    result: list[Chosen] = []
    covered = plan.empty()
    needed = 0
    for looked_at, item in enumerate(itertools.chain(items, pages), 1):
        cover = plan.drawn(item.footprint)
        spare = not (cover & ~widened(covered, ALIKE)).any()
        needed += not spare
        if needed > allowed or (looked_at == MOST and not covered.all()):
            raise TooManyItems(allowed)
        if not spare or len(result) < longest + needed:
            result.append(Chosen(item, spare))
        covered |= cover
        if covered.all() and len(result) >= longest + needed:
            break
    if early:
        return result, allowed - needed
    # All that may be read are; the topmost of the spare ones.
    spares = [one for one in result if one.spare][: allowed - needed]
    kept = [Chosen(one.item, False) for one in result if not one.spare or one in spares]
    return kept, 0
