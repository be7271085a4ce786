"""Overviews without a mask of their own, made before there was one. GDAL takes all their pixels for valid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from proxy.model import Level
from proxy.sources.blocks.header import NotTaken, Tag, read_directories
from proxy.sources.blocks.places import LocalPlace, local_version

_MASKS = 4


def unmasked_levels(files: Sequence[str], levels: Sequence[Level]) -> frozenset[int]:
    """Indexes of the overviews that no mask belongs to.

    Args:
        files: of a TIFF with a mask, itself and those beside it; where they are not on disk none is named.
        levels: the native one first.
    """
    beside = [name for name in files if name.lower().endswith(".msk")]
    looked = beside or [name for name in files if name == files[0] or name.lower().endswith(".ovr")]
    sizes: set[tuple[int, int]] = set()
    try:
        for name in looked:
            sizes |= _mask_sizes(name, whole=bool(beside))
    except (NotTaken, OSError):
        return frozenset()
    return frozenset(i for i, level in enumerate(levels) if i and (level.width, level.height) not in sizes)


def _mask_sizes(name: str, whole: bool) -> set[tuple[int, int]]:
    """(columns, rows) of the masks in a TIFF; `whole` where it holds nothing else."""
    found = read_directories(LocalPlace(name, local_version(Path(name).stat())))
    masks = [each for each in found if whole or each.one(Tag.SUBFILE, 0) & _MASKS]
    return {(mask.one(Tag.WIDTH, 0), mask.one(Tag.HEIGHT, 0)) for mask in masks}
