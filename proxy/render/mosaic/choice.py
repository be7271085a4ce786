"""Which of the items in view are read, and which only if those above them leave pixels empty."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from proxy.catalog.base import Item
from proxy.render.mosaic.candidates import MOST, PAGE, Candidates, TooManyItems
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
    empty because the stack in another part is deep. Once there are spare ones enough, the catalog is only
    asked for items that meet the ground which is left.

    Raises:
        TooManyItems: more than `allowed` items cover ground of their own.
    """
    pages = iter(found)
    items = list(itertools.islice(pages, allowed + 1))
    if len(items) <= allowed or found.locked:
        return [Chosen(item, False) for item in items[:allowed]], 0
    early = operation in (MosaicOperation.FIRST, MosaicOperation.LAST)
    choice = _Choice(plan, allowed, SPARES * allowed if early else allowed)
    for item in itertools.chain(items, pages):
        choice.take(item)
        if choice.enough:
            break
    if not choice.whole and len(choice.seen) >= min(MOST, choice.longest):
        _fill_up(choice, found, plan)
    if early:
        return choice.result, allowed - choice.needed
    # All that may be read are; the topmost of the spare ones.
    spares = [one for one in choice.result if one.spare][: allowed - choice.needed]
    kept = [Chosen(one.item, False) for one in choice.result if not one.spare or one in spares]
    return kept, 0


class _Choice:
    """Items that have been looked at so far, from the topmost down.

    Attributes:
        allowed: items that may be read. longest: spare ones that are kept at most.
        needed: items that cover ground of their own.
        covered: pixels of the plan under the items so far, and those next to them.
        whole: these are all.
    """

    def __init__(self, plan: Plan, allowed: int, longest: int) -> None:
        self._plan, self.allowed = plan, allowed
        self._drawn = plan.empty()
        self.longest = longest
        self.covered = plan.empty()
        self.needed = 0
        self.whole = False
        self.seen: set[int] = set()
        self.result: list[Chosen] = []

    @property
    def enough(self) -> bool:
        """True once further spare items are not kept."""
        return len(self.result) >= self.longest + self.needed

    def take(self, item: Item) -> bool:
        """Look at the next item; False for a spare one.

        Raises:
            TooManyItems: it is one too many.
        """
        self.seen.add(item.id)
        spare = self.whole or not self._covers(item)
        self.needed += not spare
        if self.needed > self.allowed:
            raise TooManyItems(self.allowed)
        if not spare or not self.enough:
            self.result.append(Chosen(item, spare))
        return not spare

    def _covers(self, item: Item) -> bool:
        cover = self._plan.drawn(item.footprint)
        if not (cover & ~self.covered).any():
            return False
        self._drawn |= cover
        self.covered = widened(self._drawn, ALIKE)
        self.whole = bool(self.covered.all())
        return True


def _fill_up(choice: _Choice, found: Candidates, plan: Plan) -> None:
    """Take the items that cover what is left of the picture, in their order.

    Raises:
        TooManyItems: they are too many, or it cannot be told where they would have to lie.
    """
    progress = True
    while progress and not choice.whole:
        ground = plan.ground(~choice.covered)
        if ground is None:
            raise TooManyItems(choice.allowed)
        progress = False
        for looked_at, item in enumerate(found.meeting(ground), 1):
            if item.id not in choice.seen:
                progress |= choice.take(item)
            # What is left is less by now: asked anew, the catalog leaves out what lies elsewhere.
            if looked_at >= PAGE and progress:
                break
