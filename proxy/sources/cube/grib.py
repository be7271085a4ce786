"""GRIB files: GDAL's bands, sorted into variables, times and levels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import rasterio

from proxy.config import ServiceConfig
from proxy.config.mosaic import CubeConfig
from proxy.errors import CannotOpen
from proxy.model import Array, Window
from proxy.sources.base import Dimension, Variable
from proxy.sources.cube.axes import Placement, Unplaceable, eastwards, southwards
from proxy.sources.cube.decode import Decoding
from proxy.sources.cube.layers import Key, Layer
from proxy.sources.cube.steps import steps_of
from proxy.sources.dimensions import TIME_UNIT
from proxy.sources.raster import RasterSource

_LEVEL = re.compile(r"(?P<from>-?[\d.]+)(?:-(?P<to>-?[\d.]+))?-(?P<code>[A-Za-z0-9]+)")
_UNIT = re.compile(r"^[^\[]*\[(?P<unit>[^\]]*)\]\s*(?P<code>\w+)?(?:=\"(?P<words>[^\"]*)\")?")
#: Kinds of levels that are counted downwards: below the ground, below the sea.
_DOWNWARDS = frozenset({"DBLL", "DBSL", "DBLY"})


@dataclass(frozen=True, slots=True)
class Message:
    """One band: a variable at one time and level."""

    band: int
    element: str
    words: str
    unit: str
    code: str
    level: float
    levels: tuple[float, float]
    level_unit: str
    level_words: str
    time: float


class GribArrays:
    """The bands of a file as arrays (…, rows, columns)."""

    parallel = False

    def __init__(self, raster: RasterSource) -> None:
        self._raster = raster
        self._bands: dict[str, dict[tuple[int, ...], int]] = {}

    def put(self, name: str, bands: Mapping[tuple[int, ...], int]) -> None:
        """Tell which bands make up a variable, zero-based, by the place along its dimensions."""
        self._bands[name] = dict(bands)

    def load(self, name: str, key: Key) -> Array:
        """A part of a variable; see `layers.Arrays.load`."""
        *others, rows, columns = key
        window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        place = tuple(part.start for part in others)
        data, _ = self._raster.read(0, (self._bands[name][place],), window)
        found: Array = data[0].reshape((1,) * len(others) + data.shape[1:])
        return found

    def close(self) -> None:
        """Close the file."""
        self._raster.close()


def grib_layers(raster: RasterSource, config: ServiceConfig, arrays: GribArrays) -> list[Layer]:
    """The variables of a GRIB file that GDAL has opened.

    Times are those for which a value holds. A file need not hold every level at every time.

    Raises:
        CannotOpen: a variable of the configuration is not there.
    """
    groups: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for message in _messages(raster.location.gdal_path):
        groups[message.element, message.code].append(message)
    several = {element for element, code in groups if sum(e == element for e, _ in groups) > 1}
    named = {
        f"{element}_{code}" if element in several else element: messages
        for (element, code), messages in groups.items()
    }
    cube = config.cube or CubeConfig()
    wanted = {name.lower(): name for name in named}
    if unknown := [name for name in cube.variables if name.lower() not in wanted]:
        raise CannotOpen(
            f"The configuration names a variable '{unknown[0][:60]}', which is not in the source.", str(named)
        )
    names = [wanted[name.lower()] for name in cube.variables] or list(named)
    return [_layer(name, named[name], raster, config, arrays) for name in names]


def _messages(path: str) -> list[Message]:
    with rasterio.open(path) as file:
        return [
            _message(band, file.tags(band + 1), file.descriptions[band] or "") for band in range(file.count)
        ]


def _message(band: int, tags: Mapping[str, str], description: str) -> Message:
    level = _LEVEL.match(tags.get("GRIB_SHORT_NAME", ""))
    words = _UNIT.match(description)
    low = float(level["from"]) if level else 0.0
    high = float(level["to"]) if level and level["to"] else low
    comment = tags.get("GRIB_COMMENT", "")
    return Message(
        band,
        tags.get("GRIB_ELEMENT", "") or f"Band_{band + 1}",
        comment.rsplit("[", 1)[0].strip(),
        tags.get("GRIB_UNIT", "").strip("[]"),
        level["code"] if level else "",
        low,
        (min(low, high), max(low, high)),
        words["unit"].strip("-") if words else "",
        (words["words"] or "") if words else "",
        float((tags.get("GRIB_VALID_TIME") or "0").split()[0]) * 1000.0,
    )


def _layer(
    name: str, messages: list[Message], raster: RasterSource, config: ServiceConfig, arrays: GribArrays
) -> Layer:
    dimensions, bands = _sorted(messages)
    arrays.put(name, bands)
    info = raster.info
    counts = tuple(len(dimension.values) for dimension in dimensions)
    first = messages[0]
    marker = info.nodata if info.nodata is not None else float("nan")
    missing = () if info.nodata is None else (info.nodata,)
    decoding = Decoding(raster.dtype, info.pixel_type, missing=missing, extra=config.nodata, nodata=marker)
    return Layer(
        Variable(name, first.words, first.unit, dimensions, info.pixel_type),
        _placement(raster),
        tuple(steps_of(dimension) for dimension in dimensions),
        (*counts, info.height, info.width),
        # A message is decoded as a whole.
        (*(1 for _ in counts), info.height, info.width),
        len(counts),
        len(counts) + 1,
        raster.dtype,
        decoding,
        compression="GRIB",
        absent=frozenset(place for place in np.ndindex(*counts) if place not in bands),
    )


def _sorted(messages: list[Message]) -> tuple[tuple[Dimension, ...], dict[tuple[int, ...], int]]:
    times = sorted({message.time for message in messages})
    levels = list(dict.fromkeys(message.level for message in messages))
    first = messages[0]
    repeated: dict[tuple[float, float], list[Message]] = defaultdict(list)
    for message in messages:
        repeated[message.time, message.level].append(message)
    members = max(map(len, repeated.values()))
    leveled = len(levels) > 1 or levels[0] != 0.0
    bands = {}
    for (time, level), found in repeated.items():
        for number, message in enumerate(found):
            place = [times.index(time)] + [levels.index(level)] * leveled + [number] * (members > 1)
            bands[tuple(place)] = message.band
    dimensions = [Dimension("time", "time", TIME_UNIT, tuple(times), "time of validity")]
    if leveled:
        dimensions.append(_vertical(first, levels, messages))
    if members > 1:
        numbers = tuple(float(number) for number in range(members))
        dimensions.append(Dimension("member", "", "", numbers, "messages for the same time and level"))
    return tuple(dimensions), bands


def _vertical(first: Message, levels: list[float], messages: Iterable[Message]) -> Dimension:
    ranges = {message.level: message.levels for message in messages}
    wide = any(low < high for low, high in ranges.values())
    return Dimension(
        "level",
        "vertical",
        first.level_unit,
        tuple(levels),
        first.level_words,
        tuple(ranges[level] for level in levels) if wide else (),
        first.code in _DOWNWARDS,
    )


def _placement(raster: RasterSource) -> Placement:
    info, transform = raster.info, raster.info.transform
    if transform.b or transform.d:
        raise CannotOpen("The source cannot be placed on a map: its grid is rotated.")
    xs = transform.c + transform.a * (np.arange(info.width) + 0.5)
    ys = transform.f + transform.e * (np.arange(info.height) + 0.5)
    try:
        return Placement(info.crs, eastwards(xs, "x", turns=info.crs.is_geographic), southwards(ys, "y"))
    except Unplaceable as error:
        raise CannotOpen(f"The source cannot be placed on a map: {error}.") from error
