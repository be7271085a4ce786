from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.errors import TooManyRequests
from proxy.security.counts import KEY, ROW, Counts, Table, digest
from proxy.security.throttle import Attempts, Bucket
from tests.security.test_throttle import Clock


def test_numbers_are_shared_by_those_who_share_a_file(tmp_path: Path) -> None:
    one, two = Table(64, tmp_path / "t"), Table(64, tmp_path / "t")
    one.put(digest("a"), 1.5, 2.5)
    assert two.get(digest("a")) == (1.5, 2.5)
    assert two.get(digest("b")) is None
    two.drop(digest("a"))
    assert one.get(digest("a")) is None


def test_a_full_row_gives_up_the_least_second_number() -> None:
    table = Table(ROW)
    for number in range(ROW):
        table.put(digest(number), number, 100 - number)
    table.put(digest("new"), 7, 1000)
    assert table.get(digest(ROW - 1)) is None
    assert [table.get(digest(number)) for number in (0, ROW - 2, "new")] == [(0, 100), (6, 94), (7, 1000)]


def test_nobody_knows_which_names_share_a_row() -> None:
    names, found = [digest(number) for number in range(256)], []
    for _ in range(2):
        table = Table(8 * ROW)
        for number, name in enumerate(names):
            table.put(name, 0, number)
        found.append([table.get(name) is not None for name in names])
    assert found[0] != found[1]


def test_what_makes_no_sense_is_not_there(tmp_path: Path) -> None:
    table = Table(ROW, tmp_path / "t")
    table.put(digest("a"), math.nan, 1.0)
    assert table.get(digest("a")) is None
    (tmp_path / "t").write_bytes(os.urandom(KEY + ROW * 32))
    bucket = Bucket(1.0, 2, Clock(), table, "a")
    bucket.take(), bucket.take()
    # A moment far ahead, as another clock would leave it, is taken for a bucket that is empty now.
    table.put(digest(("a", 1.0, 2)), 1e300, 1e300)
    with pytest.raises(TooManyRequests) as caught:
        bucket.take()
    assert caught.value.retry_after == 1


def test_processes_share_a_bucket_and_wrong_passwords(tmp_path: Path) -> None:
    clock = Clock()
    counts = [Counts(tmp_path), Counts(tmp_path)]
    buckets = [Bucket(1.0, 3, clock, found.rates, "key") for found in counts]
    buckets[0].take(), buckets[1].take(), buckets[0].take()
    for bucket in buckets:
        with pytest.raises(TooManyRequests):
            bucket.take()
    Bucket(1.0, 3, clock, counts[0].rates, "another").take()
    one, two = (Attempts(clock, found.attempts) for found in counts)
    one.begin({"ann": 2}), two.begin({"ann": 2})
    for attempts in (one, two):
        with pytest.raises(TooManyRequests):
            attempts.begin({"ann": 2})
    clock.now += 1000
    one.begin({"ann": 2})


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    table = Table(ROW, tmp_path / "t")
    text = f"""
import os
from pathlib import Path
from proxy.security.counts import Table
with Table({ROW}, Path({str(tmp_path / "t")!r})).held():
    os._exit(7)
"""
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 7
    with table.held():
        table.put(digest("a"), 1, 1)
