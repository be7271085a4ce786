"""What it costs to count one request against the rate of a key: in one process, and shared by workers.

python benchmarks/limits.py
"""

from __future__ import annotations

import tempfile
import timeit
from pathlib import Path

from proxy.security.counts import Counts
from proxy.security.throttle import Bucket

ROUNDS, TIMES = 15, 20_000


def microseconds(folder: Path | None) -> float:
    """The least of some rounds, for one request."""
    bucket = Bucket(1e9, 1000, table=Counts(folder).rates, name="key")
    return min(timeit.repeat(bucket.take, number=TIMES, repeat=ROUNDS)) / TIMES * 1e6


def main() -> None:
    """Print both, and their ratio."""
    alone = microseconds(None)
    with tempfile.TemporaryDirectory() as folder:
        shared = microseconds(Path(folder))
    print(f"one process       {alone:5.2f} µs")
    print(f"shared by workers {shared:5.2f} µs  ({shared / alone:.1f} times)")


if __name__ == "__main__":
    main()
