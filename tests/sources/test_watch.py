from __future__ import annotations

import pytest

from proxy.sources.watch import BAD_LOOKS, TROUBLE_SECONDS, Watch


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_looks_are_due_after_a_while_and_sooner_in_trouble() -> None:
    clock = Clock()
    watch = Watch(clock)
    assert watch.is_due(60)
    watch.begin()
    assert not watch.is_due(60)
    clock.now += 50
    assert not watch.is_due(60)
    clock.now += 10
    assert watch.is_due(60)
    watch.begin()
    watch.missed(bad=False)
    clock.now += TROUBLE_SECONDS
    assert watch.is_due(60)
    watch.begin()
    clock.now += 0.5
    assert watch.is_due(0.5)


def test_it_is_lost_from_the_first_failure_until_it_is_seen() -> None:
    clock = Clock()
    watch = Watch(clock)
    assert (watch.lost, watch.lost_for()) == (None, 0.0)
    watch.missed(bad=False)
    clock.now += 7
    watch.missed(bad=False)
    assert watch.lost_for() == 7
    assert watch.seen()
    assert not watch.seen()
    assert watch.lost_for() == 0.0


@pytest.mark.parametrize("between", [False, True])
def test_what_is_missing_is_believed_when_it_was_missed_often_enough(between: bool) -> None:
    watch = Watch(Clock())
    for _ in range(BAD_LOOKS - 1):
        assert not watch.missed(bad=True)
    if between:
        watch.seen()
    assert watch.missed(bad=True) is not between
    for _ in range(50):
        assert not Watch(Clock()).missed(bad=False)
