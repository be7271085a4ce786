"""What the colours of a picture mean: classes, a ramp of colours between two values, or three bands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.facts import Facts, facts_of
from proxy.functions.relief import DEFAULT_RANGE, relief_colors
from proxy.functions.tree import Call, Node, Source, children
from proxy.render.bands import display_bands
from proxy.services import Service
from proxy.sources.base import AttributeTable

#: A colormap of more entries, without names for them, is a ramp.
CLASSES = 64
#: The same of a palette in the file, which has 65536 entries where values have 16 bits.
OWN_CLASSES = 256
#: Columns of an attribute table that hold the names of classes, the most telling first.
_NAMES = ("classname", "class_name", "label", "name", "class", "description", "landcover", "land_cover")
#: Arguments of a shaded relief that choose its colours.
_RELIEF = ("colormap", "color_ramp", "color_ramp_name", "colormap_name")

RGB = tuple[int, int, int]


class LegendKind(StrEnum):
    """What a picture shows."""

    CLASSES = "classes"
    RAMP = "ramp"
    COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class Entry:
    """One colour. `value` is the pixel value of a class, None of a band."""

    label: str
    color: RGB
    value: int | None = None


@dataclass(frozen=True, slots=True)
class Legend:
    """The legend of a picture.

    Attributes:
        entries: of classes, or the three bands of a composite in the order red, green, blue.
        ramp: colours from the least to the greatest value, of a ramp.
        limits: these two values, None where they are not known.
    """

    kind: LegendKind
    entries: tuple[Entry, ...] = ()
    ramp: tuple[RGB, ...] = ()
    limits: tuple[float, float] | None = None


def legend_of(
    service: Service, rule: Node | None, bands: tuple[int, ...] | None = None, variable: str = ""
) -> Legend:
    """The legend of what a rule draws. Blocks.

    Args:
        service: whose picture is explained.
        rule: that is drawn, None for the raw bands.
        bands: chosen of the source, None for all; they matter where the stored bands are drawn.
        variable: of a source with several, see `facts_of`.

    Raises:
        InvalidParameter: there is no such variable.
        CannotOpen: the source cannot be used.
        InvalidRule: the rule does not fit it.
    """
    facts = facts_of(service, rule, variable)
    if rule is not None and rule != Source():
        bands = None
    if facts.colormap is not None and bands in (None, (0,)):
        colors = {value: (r, g, b) for value, r, g, b, alpha in facts.colormap.entries if alpha}
        named = _names(service.info.attribute_table)
        own = not isinstance(rule, Call) and len(colors) <= OWN_CLASSES
        if named or len(colors) <= CLASSES or own:
            return Legend(LegendKind.CLASSES, _classes(facts, colors, named))
        limits = _measured(service, rule, facts, variable)
        return Legend(
            LegendKind.RAMP, (), _within(colors, None if isinstance(rule, Call) else limits), limits
        )
    if isinstance(rule, Call) and rule.function == "shaded_relief":
        return _relief(service, rule, variable)
    shown = _shown(facts, bands)
    if len(shown) == 3:
        primary = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
        names = (facts.band_names[band] for band in shown)
        return Legend(
            LegendKind.COMPOSITE,
            tuple(Entry(name, color) for name, color in zip(names, primary, strict=True)),
        )
    first = shown[0] if shown else 0
    statistics = facts.statistics[first : first + 1]
    limits = (statistics[0].minimum, statistics[0].maximum) if statistics else None
    return Legend(LegendKind.RAMP, (), tuple((grey, grey, grey) for grey in range(256)), limits)


def _within(colors: dict[int, RGB], limits: tuple[float, float] | None) -> tuple[RGB, ...]:
    """Colours of the values that occur, all of them where that is not known."""
    if limits is None:
        return tuple(colors.values())
    found = tuple(color for value, color in colors.items() if limits[0] <= value <= limits[1])
    return found or tuple(colors.values())


def _relief(service: Service, rule: Call, variable: str) -> Legend:
    """Colours of elevation as they are before they are lit."""
    chosen = {name: value for name, value in rule.arguments if name in _RELIEF}
    colors = relief_colors(**chosen).astype(int).tolist()
    elevations = facts_of(service, children(rule)[0], variable).statistics
    limits = (elevations[0].minimum, elevations[0].maximum) if elevations else DEFAULT_RANGE
    return Legend(LegendKind.RAMP, (), tuple((r, g, b) for r, g, b in colors), limits)


def _shown(facts: Facts, bands: tuple[int, ...] | None) -> tuple[int, ...]:
    if bands is not None:
        return bands[:3] if len(bands) >= 3 else bands[:1]
    if facts.band_count in (1, 3):
        return tuple(range(facts.band_count))
    colors = () if facts.is_result else facts.info.color_interpretation
    return display_bands(facts.band_names, colors)


def _measured(service: Service, rule: Node | None, facts: Facts, variable: str) -> tuple[float, float] | None:
    """Limits of what a ramp of colours was stretched from, rather than of the indices of the colours."""
    while isinstance(rule, Call) and rule.function in ("colormap", "stretch") and children(rule):
        rule = children(rule)[0]
    found = facts_of(service, rule, variable).statistics if rule is not None else facts.statistics
    return (found[0].minimum, found[0].maximum) if len(found) == 1 else None


def _names(table: AttributeTable | None) -> dict[int, str]:
    """Names of classes by value, of an attribute table; none where it has no column for them."""
    if table is None:
        return {}
    columns = [name.lower() for name, _ in table.columns]
    texts = [index for index, (_, kind) in enumerate(table.columns) if kind == "text"]
    told = [columns.index(name) for name in _NAMES if name in columns and columns.index(name) in texts]
    if not texts or "value" not in columns:
        return {}
    place, value = (told or texts)[0], columns.index("value")
    return {int(row[value]): str(row[place]) for row in table.rows if str(row[place]).strip()}


def _classes(facts: Facts, colors: dict[int, RGB], named: dict[int, str]) -> tuple[Entry, ...]:
    present = _present(facts)
    wanted = [value for value in colors if (value in named if named else present is None or value in present)]
    return tuple(Entry(named.get(value, str(value)), colors[value], value) for value in wanted or colors)


def _present(facts: Facts) -> set[int] | None:
    """Values that occur, by the histogram of unit bins; None where that cannot be told."""
    histogram = facts.statistics[0].histogram if facts.statistics else None
    if histogram is None or histogram.minimum % 1 != 0.5:
        return None
    first = round(histogram.minimum + 0.5)
    return {first + index for index, count in enumerate(histogram.counts) if count}
