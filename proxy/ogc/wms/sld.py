"""Styled Layer Descriptor 1.0 and Symbology Encoding 1.1, as far as they speak of rasters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from proxy.ogc.wms.colors import RGB, color
from proxy.ogc.wms.errors import WmsError
from proxy.ogc.xml import Element, Malformed, local_name, read

#: Most layers, styles or rules of a document, and most entries of a colour map.
PARTS, ENTRIES = 64, 1024
KINDS = ("ramp", "intervals", "values")


@dataclass(frozen=True, slots=True)
class ColorEntry:
    """A colour from a value on, or for it. `opacity` 0..1."""

    quantity: float
    color: RGB
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class ColorMap:
    """Colours of one band: `kind` is `ramp`, `intervals` (each entry ends below its value) or `values`."""

    kind: str
    entries: tuple[ColorEntry, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """`method` is `normalize`, `histogram` or empty; `gamma` 1 changes nothing."""

    method: str = ""
    gamma: float = 1.0


@dataclass(frozen=True, slots=True)
class Symbolizer:
    """A RasterSymbolizer.

    Attributes:
        channels: names or numbers of bands, one or three; empty for what the source shows.
        contrasts: of these channels.
        contrast: of the result.
        relief: factor of exaggeration of a shaded relief, 55 for that of the earth; None for no relief.
    """

    opacity: float = 1.0
    channels: tuple[str, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    color_map: ColorMap | None = None
    contrast: Contrast = Contrast()
    relief: float | None = None


@dataclass(frozen=True, slots=True)
class StyleRule:
    """Symbolizers from one scale denominator to another, the first included."""

    smallest: float
    largest: float
    symbolizers: tuple[Symbolizer, ...]


@dataclass(frozen=True, slots=True)
class UserStyle:
    """A style of the document."""

    name: str
    is_default: bool
    rules: tuple[StyleRule, ...]

    def at(self, scale: float) -> tuple[Symbolizer, ...]:
        """What is drawn at a scale denominator, the lowest first."""
        active = (rule for rule in self.rules if rule.smallest <= scale < rule.largest)
        return tuple(symbolizer for rule in active for symbolizer in rule.symbolizers)


@dataclass(frozen=True, slots=True)
class StyledLayer:
    """A layer of the document, with styles of its own or the names of ours."""

    name: str
    styles: tuple[UserStyle, ...]
    named: tuple[str, ...]

    def style(self, name: str) -> UserStyle | None:
        """Own style by name; for an empty one the default, or the first."""
        if not name:
            return next((style for style in self.styles if style.is_default), next(iter(self.styles), None))
        return next((style for style in self.styles if style.name == name), None)


def parse(text: str) -> tuple[StyledLayer, ...]:
    """The layers of a document in order.

    Raises:
        WmsError: it is not XML, or says what is not understood here.
    """
    try:
        top = read(text)
    except Malformed as error:
        raise _wrong(str(error)) from None
    if local_name(top) != "StyledLayerDescriptor":
        raise _wrong("Its root is StyledLayerDescriptor.")
    layers = []
    for element in top:
        kind = local_name(element)
        if kind == "UserLayer":
            raise _wrong("Only layers of this service are drawn: NamedLayer.")
        if kind == "NamedLayer":
            layers.append(_layer(element))
    if not 0 < len(layers) <= PARTS:
        raise _wrong("It names no layer, or too many.")
    return tuple(layers)


def _wrong(message: str) -> WmsError:
    return WmsError(f"The style cannot be used. {message}", "StyleNotDefined", "sld_body")


def _children(element: Element, name: str) -> Iterator[Element]:
    return (each for each in element if local_name(each) == name)


def _child(element: Element, name: str) -> Element | None:
    return next(_children(element, name), None)


def _text(element: Element, name: str) -> str:
    found = _child(element, name)
    return "" if found is None else "".join(found.itertext()).strip()


def _number(text: str, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _wrong(f"{name} is a number.") from None
    if not math.isfinite(value) or not low <= value <= high:
        raise _wrong(f"{name} is out of range.")
    return value


def _layer(element: Element) -> StyledLayer:
    styles = []
    for index, style in enumerate(_children(element, "UserStyle")):
        rules = [
            _rule(rule)
            for kind in ("FeatureTypeStyle", "CoverageStyle")
            for group in _children(style, kind)
            for rule in _children(group, "Rule")
        ]
        if not rules or len(rules) > PARTS or index >= PARTS:
            raise _wrong("A style has a rule, and not too many.")
        is_default = _text(style, "IsDefault").lower() in ("1", "true")
        styles.append(UserStyle(_text(style, "Name"), is_default, tuple(rules)))
    named = tuple(_text(style, "Name") for style in _children(element, "NamedStyle"))
    return StyledLayer(_text(element, "Name"), tuple(styles), named)


def _rule(element: Element) -> StyleRule:
    found = []
    for each in element:
        kind = local_name(each)
        if kind == "RasterSymbolizer":
            found.append(_symbolizer(each))
        elif kind.endswith("Symbolizer"):
            raise _wrong(f"{kind} is not for rasters.")
    smallest, largest = _text(element, "MinScaleDenominator"), _text(element, "MaxScaleDenominator")
    return StyleRule(
        _number(smallest, "MinScaleDenominator", 0) if smallest else 0.0,
        _number(largest, "MaxScaleDenominator", 0) if largest else math.inf,
        tuple(found),
    )


def _symbolizer(element: Element) -> Symbolizer:
    if _child(element, "ImageOutline") is not None:
        raise _wrong("ImageOutline is not drawn.")
    opacity = _text(element, "Opacity")
    channels, contrasts = _channels(element)
    relief = _child(element, "ShadedRelief")
    factor = _text(relief, "ReliefFactor") if relief is not None else ""
    found = Symbolizer(
        opacity=_number(opacity, "Opacity", 0, 1) if opacity else 1.0,
        channels=channels,
        contrasts=contrasts,
        color_map=_color_map(element),
        contrast=_contrast(element),
        relief=None if relief is None else (_number(factor, "ReliefFactor", 0, 1e6) if factor else 55.0),
    )
    if found.color_map is not None and len(channels) == 3:
        raise _wrong("A ColorMap colours one channel.")
    enhanced = any(each != Contrast() for each in (*contrasts, found.contrast))
    if enhanced and (found.color_map is not None or relief is not None):
        raise _wrong("ContrastEnhancement goes with neither ColorMap nor ShadedRelief.")
    return found


def _channels(element: Element) -> tuple[tuple[str, ...], tuple[Contrast, ...]]:
    selection = _child(element, "ChannelSelection")
    if selection is None:
        return (), ()
    chosen = [_child(selection, f"{name}Channel") for name in ("Red", "Green", "Blue")]
    grey = _child(selection, "GrayChannel")
    if grey is not None:
        chosen = [grey]
    names, contrasts = [], []
    for channel in chosen:
        name = "" if channel is None else _text(channel, "SourceChannelName")
        if channel is None or not name:
            raise _wrong(
                "ChannelSelection has a GrayChannel, or a red, a green and a blue one, each with a name."
            )
        names.append(name)
        contrasts.append(_contrast(channel))
    return tuple(names), tuple(contrasts)


def _contrast(element: Element) -> Contrast:
    found = _child(element, "ContrastEnhancement")
    if found is None:
        return Contrast()
    gamma = _text(found, "GammaValue")
    methods = [local_name(each).lower() for each in found if local_name(each) in ("Normalize", "Histogram")]
    return Contrast(methods[0] if methods else "", _number(gamma, "GammaValue", 0.01, 100) if gamma else 1.0)


def _color_map(element: Element) -> ColorMap | None:
    found = _child(element, "ColorMap")
    if found is None:
        return None
    for name, reader in (("Categorize", _categorize), ("Interpolate", _interpolate)):
        function = _child(found, name)
        if function is not None:
            return _checked(reader(function))
    kind = str(found.get("type", "ramp")).lower()
    if kind not in KINDS:
        raise _wrong(f"The type of a ColorMap is one of {', '.join(KINDS)}.")
    entries = tuple(
        ColorEntry(
            _number(entry.get("quantity", ""), "quantity"),
            _color(entry.get("color", "")),
            _number(entry.get("opacity", "1"), "opacity", 0, 1),
        )
        for entry in _children(found, "ColorMapEntry")
    )
    return _checked(ColorMap(kind, entries))


def _categorize(function: Element) -> ColorMap:
    """`Value, Threshold, Value, ...`: the last value has no end."""
    values = [_color("".join(each.itertext())) for each in _children(function, "Value")]
    edges = [_number("".join(each.itertext()), "Threshold") for each in _children(function, "Threshold")]
    if len(values) != len(edges) + 1:
        raise _wrong("Categorize has one Value more than it has Thresholds.")
    ends = [*edges, math.inf]
    return ColorMap("intervals", tuple(map(ColorEntry, ends, values)))


def _interpolate(function: Element) -> ColorMap:
    points = _children(function, "InterpolationPoint")
    entries = (ColorEntry(_number(_text(p, "Data"), "Data"), _color(_text(p, "Value"))) for p in points)
    return ColorMap("ramp", tuple(entries))


def _color(text: str) -> RGB:
    found = color(text)
    if found is None:
        raise _wrong("A colour is #RRGGBB.")
    return found


def _checked(found: ColorMap) -> ColorMap:
    quantities = [entry.quantity for entry in found.entries]
    if not 0 < len(quantities) <= ENTRIES:
        raise _wrong(f"A ColorMap has 1 to {ENTRIES} entries.")
    if any(low >= high for low, high in pairwise(quantities)):
        raise _wrong("The quantities of a ColorMap rise.")
    return found
