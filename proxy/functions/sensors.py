"""What the bands of a raster see: parts of the spectrum, by band name and by the labels of known sensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from proxy.errors import InvalidRule
from proxy.functions.values import number_of


class Role(StrEnum):
    """Part of the spectrum that a band sees."""

    BLUE = "blue"
    GREEN = "green"
    RED = "red"
    NIR = "nir"
    SWIR1 = "swir1"
    SWIR2 = "swir2"


@dataclass(frozen=True, slots=True)
class Sensor:
    """Labels of a sensor's bands.

    Attributes:
        marks: labels one of which stands in every raster of this sensor that the table is trusted for,
            since sensors share labels and mean different bands by them.
        bands: (label, role, centre in nanometres).
    """

    marks: frozenset[str]
    bands: tuple[tuple[str, Role | None, float], ...]


_B = Role.BLUE
#: Band tables as their agencies publish them: ESA's Sentinel-2 user handbook; USGS's Landsat handbooks.
SENTINEL_2 = Sensor(
    frozenset({"b08", "b8a", "b12"}),
    (
        ("b01", None, 442.7), ("b02", _B, 492.4), ("b03", Role.GREEN, 559.8), ("b04", Role.RED, 664.6),
        ("b05", None, 704.1), ("b06", None, 740.5), ("b07", None, 782.8), ("b08", Role.NIR, 832.8),
        ("b8a", Role.NIR, 864.7), ("b09", None, 945.1), ("b10", None, 1373.5), ("b11", Role.SWIR1, 1613.7),
        ("b12", Role.SWIR2, 2202.4),
    ),
)  # fmt: skip
LANDSAT_8 = Sensor(
    frozenset({"b8", "b9", "b10", "b11"}),
    (
        ("b1", None, 443.0), ("b2", _B, 482.0), ("b3", Role.GREEN, 561.5), ("b4", Role.RED, 654.5),
        ("b5", Role.NIR, 865.0), ("b6", Role.SWIR1, 1608.5), ("b7", Role.SWIR2, 2200.5),
        ("b8", None, 589.5), ("b9", None, 1373.5), ("b10", None, 10895.0), ("b11", None, 12005.0),
    ),
)  # fmt: skip
LANDSAT_7 = Sensor(
    frozenset({"b6_vcid_1", "b6_vcid_2"}),
    (
        ("b1", _B, 485.0), ("b2", Role.GREEN, 560.0), ("b3", Role.RED, 660.0), ("b4", Role.NIR, 835.0),
        ("b5", Role.SWIR1, 1650.0), ("b6_vcid_1", None, 11450.0), ("b6_vcid_2", None, 11450.0),
        ("b7", Role.SWIR2, 2220.0), ("b8", None, 710.0),
    ),
)  # fmt: skip
#: The first whose mark is found is taken: Landsat 7 has a `b8` as well.
SENSORS = (SENTINEL_2, LANDSAT_7, LANDSAT_8)

#: Middle, in nanometres, of the range that the common names of bands stand for in catalogues of imagery.
NOMINAL: Mapping[Role, float] = {
    Role.BLUE: 482.5,
    Role.GREEN: 555.0,
    Role.RED: 660.0,
    Role.NIR: 875.0,
    Role.SWIR1: 1650.0,
    Role.SWIR2: 2200.0,
}

#: Names of bands in words, folded; those of catalogues (`nir08`, `swir16`) among them.
_WORDS: Mapping[str, Role] = {
    word: role
    for role, words in {
        Role.BLUE: "blue b",
        Role.GREEN: "green g",
        Role.RED: "red r",
        Role.NIR: "nir nir1 nir08 nearinfrared nearinfrared1 n",
        Role.SWIR1: "swir swir1 swir16 shortwaveinfrared shortwaveinfrared1",
        Role.SWIR2: "swir2 swir22 shortwaveinfrared2",
    }.items()
    for word in words.split()
}


def band_roles(names: Sequence[str], interpretation: Sequence[str] = ()) -> Mapping[Role, int]:
    """Zero-based band of each role that is known; of several bands the first.

    In order of trust: names in words, labels of a known sensor, the file's colour interpretation.

    Args:
        names: one per band.
        interpretation: of each band, such as `red` or `nir`.
    """
    labels = [name.strip().lower() for name in names]
    known = {label: role for label, role, _ in _bands(labels)}
    by_word = [_WORDS.get(_folded(label)) for label in labels]
    by_label = [known.get(label) for label in labels]
    by_color = [_WORDS.get(_folded(color)) for color in interpretation]
    found: dict[Role, int] = {}
    for roles in (by_word, by_label, by_color):
        for index, role in enumerate(roles):
            if role is not None:
                found.setdefault(role, index)
    return MappingProxyType(found)


def wavelengths(names: Sequence[str]) -> tuple[float | None, ...]:
    """Centres of the bands in nanometres: of a known sensor, else nominal ones of words, else None."""
    labels = [name.strip().lower() for name in names]
    known = {label: centre for label, _, centre in _bands(labels)}
    roles = [_WORDS.get(_folded(label)) for label in labels]
    return tuple(
        known.get(label, None if role is None else NOMINAL[role])
        for label, role in zip(labels, roles, strict=True)
    )


def by_wavelength(wanted: str, names: Sequence[str], reach: float) -> int:
    """Zero-based band whose centre is nearest to a wavelength.

    Args:
        wanted: nanometres, as text. names: one per band. reach: greatest distance of the centre, 0 for any.

    Raises:
        InvalidRule: no band is near enough, or nothing is known of any.
    """
    centres = {band: centre for band, centre in enumerate(wavelengths(names)) if centre is not None}
    number = number_of(wanted)
    if number is None:
        raise InvalidRule("band_wavelengths", "They are numbers, in nanometres.")
    if not centres:
        raise InvalidRule("band_wavelengths", "The wavelengths of the bands are not known.")
    found = min(centres, key=lambda band: abs(centres[band] - number))
    if reach and abs(centres[found] - number) > reach:
        raise InvalidRule("band_wavelengths", f"There is no band within {reach:g} nm of {number:g}.")
    return found


def _bands(labels: Sequence[str]) -> tuple[tuple[str, Role | None, float], ...]:
    return next((sensor.bands for sensor in SENSORS if sensor.marks & set(labels)), ())


def _folded(label: str) -> str:
    return "".join(letter for letter in label.lower() if letter.isalnum())
