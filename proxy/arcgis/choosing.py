"""mosaicRule, time and sliceId to a selection of items and slices.

Names are read without regard to case, with or without Esri's prefixes, in the spellings of requests and in
those of the service's own metadata, which clients send back.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from proxy.arcgis.fields import Fields
from proxy.arcgis.relaxed import parse_json
from proxy.arcgis.rules import rendering_rule
from proxy.arcgis.spatial_reference import from_mapping
from proxy.choices import slice_of, time_span, variable_of
from proxy.config import ServiceConfig
from proxy.crs import SpatialReference, transformer
from proxy.errors import BadRequest, InvalidParameter
from proxy.functions.tree import Node
from proxy.selection import (
    EVERYTHING,
    DimensionChoice,
    MosaicMethod,
    MosaicOperation,
    MosaicRule,
    Selection,
    TimeSpan,
)
from proxy.sources.base import Dimension, SourceInfo, Variable
from proxy.sources.dimensions import outward, standard_names

#: By the names without their prefix.
METHODS = {
    "none": MosaicMethod.NONE,
    "center": MosaicMethod.CENTER,
    "nadir": MosaicMethod.NADIR,
    "viewpoint": MosaicMethod.VIEWPOINT,
    "attribute": MosaicMethod.ATTRIBUTE,
    "byattribute": MosaicMethod.ATTRIBUTE,
    "lockraster": MosaicMethod.LOCK,
    "northwest": MosaicMethod.NORTHWEST,
    "seamline": MosaicMethod.SEAMLINE,
}
#: Most ids of one rule, and most values of one dimension.
IDS, VALUES = 10_000, 1000

Chosen = tuple[str, tuple[DimensionChoice, ...]]

_ALIASES = {
    "defaultmosaicmethod": "mosaicmethod",
    "sortascending": "ascending",
    "mosaicoperator": "mosaicoperation",
    "objectids": "fids",
}
_DATE_FORMS = ("%Y/%m/%d, %I:%M %p", "%Y/%m/%d, %H:%M", "%m/%d/%Y, %I:%M %p", "%m/%d/%Y", "%m/%d/%Y %H:%M:%S")


class Subject(Protocol):
    """What has to be known of a service to read a choice."""

    @property
    def info(self) -> SourceInfo: ...  # noqa: D102
    @property
    def templates(self) -> dict[str, Node]: ...  # noqa: D102
    @property
    def config(self) -> ServiceConfig: ...  # noqa: D102


def read_selection(fields: Fields, service: Subject) -> Selection:
    """What `mosaicRule`, `time` and `sliceId` choose; a slice wins over dimensions in the rule.

    Raises:
        InvalidParameter: one of them cannot be understood.
        InvalidRule: the rule for each item is wrong.
    """
    return read_selections(fields, service)[0]


def read_selections(fields: Fields, service: Subject) -> tuple[Selection, ...]:
    """The same, one for each variable that the rule names; a picture is of the first.

    Raises:
        InvalidParameter, InvalidRule: as `read_selection` does.
    """
    info = service.info
    value = fields.json("mosaicRule")
    if value is not None and not isinstance(value, Mapping):
        raise InvalidParameter("mosaicRule")
    rule, chosen = _rule(value or {}, service)
    span = read_time(fields)
    slice_id = fields.number("sliceId")
    if slice_id is not None and not (slice_id.is_integer() and slice_id >= 0):
        raise InvalidParameter("sliceId")
    if slice_id is not None and info.variables:
        try:
            chosen = [slice_of(info, str(int(slice_id)))]
        except InvalidParameter as error:
            raise InvalidParameter("sliceId", error.why) from None
    if not (info.is_mosaic or info.variables):
        # A single raster has nothing to choose from.
        return (EVERYTHING,)
    return tuple(Selection(rule, span, variable, dimensions) for variable, dimensions in chosen)


def names_several(selections: Sequence[Selection]) -> bool:
    """True where dimensions are said to be at several places, or several variables are named."""
    values = [choice.values for selection in selections for choice in selection.dimensions]
    return len(selections) > 1 or any(len(each) > 1 or each[0][0] < each[0][1] for each in values)


def read_time(fields: Fields) -> TimeSpan | None:
    """`time`: an instant or start,end in milliseconds, `null` for an open end; ISO 8601 too.

    Raises:
        InvalidParameter: it is neither, or ends before it begins.
    """
    return time_span(fields.text("time").strip("[]"))


def _rule(value: Mapping[Any, Any], service: Subject) -> tuple[MosaicRule, list[Chosen]]:
    own: dict[str, Any] = {}
    for key, part in value.items():
        name = str(key).lower()
        own.setdefault(_ALIASES.get(name, name), part)
    given = own.get("multidimensionaldefinition")
    fields = _attributes(service)
    chosen = definitions(given, service.info, fields)
    method = _method(own.get("mosaicmethod"))
    locked = _ids(own.get("lockrasterids")) or ()
    if method is MosaicMethod.LOCK and not locked:
        raise InvalidParameter("mosaicRule", "LockRaster needs lockRasterIds.")
    item_rule = own.get("itemrenderingrule")
    sorted_by = _text(own.get("sortfield"))
    if method is MosaicMethod.ATTRIBUTE and not sorted_by and given:
        # Clients that ask for a profile leave the order to the dimension along which they ask.
        sorted_by = next((fields.get(c.name.lower(), c.name) for _, choices in chosen for c in choices), "")
        sorted_by = sorted_by or next(iter(fields.values()), "")
    rule = MosaicRule(
        method,
        _operation(own.get("mosaicoperation")),
        _flag(own.get("ascending"), True),
        _text(own.get("where")),
        _ids(own.get("fids")),
        locked if method is MosaicMethod.LOCK else (),
        sorted_by if method in (MosaicMethod.ATTRIBUTE, None) else "",
        _sort_value(own.get("sortvalue")) if method in (MosaicMethod.ATTRIBUTE, None) else None,
        _viewpoint(own.get("viewpoint"), service.info.crs) if method is MosaicMethod.VIEWPOINT else None,
        rendering_rule(item_rule, service.templates) if item_rule else None,
    )
    return rule, chosen


def _attributes(service: Subject) -> dict[str, str]:
    """Attributes of the items that hold the dimensions of a mosaic, by these in small letters."""
    mosaic = service.config.mosaic
    return {name.lower(): field for name, field in mosaic.dimensions.items()} if mosaic else {}


def _method(value: Any) -> MosaicMethod | None:
    if value is None or value == "":
        return None
    name = re.sub(r"[\s_]", "", str(value)).lower().removeprefix("esrimosaic")
    if name not in METHODS:
        raise InvalidParameter("mosaicRule", f"There is no mosaicMethod '{str(value)[:40]}'.")
    return METHODS[name]


def _operation(value: Any) -> MosaicOperation | None:
    if value is None or value == "":
        return None
    name = str(value).strip().lower().removeprefix("mt_")
    try:
        return MosaicOperation(name)
    except ValueError:
        raise InvalidParameter("mosaicRule", f"There is no mosaicOperation '{str(value)[:40]}'.") from None


def _flag(value: Any, default: bool) -> bool:
    return default if value is None or value == "" else str(value).strip().lower() in ("true", "1", "yes")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidParameter("mosaicRule")
    return value.strip()


def _ids(value: Any) -> tuple[int, ...] | None:
    if value is None or value == "":
        return None
    listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    try:
        found = tuple(int(str(each).strip()) for each in listed)
    except ValueError:
        raise InvalidParameter("mosaicRule", "An id is a whole number.") from None
    if len(found) > IDS:
        raise InvalidParameter("mosaicRule", f"A rule has at most {IDS} ids.")
    if any(abs(each) >= 1 << 62 for each in found):
        raise InvalidParameter("mosaicRule", "An id is too large.")
    return found


def _sort_value(value: Any) -> float | str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if abs(value) <= sys.float_info.max else None
    if not isinstance(value, str):
        raise InvalidParameter("mosaicRule", "sortValue is a number, a text or a date.")
    return _date(value.strip())


def _date(text: str) -> float | str:
    for form in _DATE_FORMS:
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        return round(moment.timestamp() * 1000)
    return text


def _viewpoint(value: Any, crs: SpatialReference) -> tuple[float, float]:
    try:
        x, y = float(value["x"]), float(value["y"])
        if value.get("spatialReference"):
            x, y = transformer(from_mapping(value["spatialReference"]), crs).transform(x, y)
    except (BadRequest, KeyError, TypeError, ValueError, OverflowError, AttributeError):
        raise InvalidParameter("mosaicRule", "viewpoint is a point.") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise InvalidParameter("mosaicRule", "viewpoint lies outside the spatial reference of the service.")
    return x, y


def definition(value: Any, info: SourceInfo) -> Chosen:
    """Variable and dimensions of a `multidimensionalDefinition`; of several variables the first.

    Raises:
        InvalidParameter: as `definitions` does.
    """
    return definitions(value, info)[0]


def definitions(value: Any, info: SourceInfo, attributes: Mapping[str, str] | None = None) -> list[Chosen]:
    """Every variable of a `multidimensionalDefinition` with its dimensions; parts without one are of all.

    Args:
        value: from JSON.
        info: of the source.
        attributes: of items that hold dimensions, by these in small letters; they stand for them as well.

    Raises:
        InvalidParameter: the service has no such variable or dimension, or a value has no meaning.
    """
    if value is None or value == "":
        return [("", ())]
    listed = [value] if isinstance(value, Mapping) else value
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        raise InvalidParameter("mosaicRule", "multidimensionalDefinition is a list of objects.")
    parts = [{str(key).lower(): part for key, part in each.items()} for each in listed]
    names = [str(p["variablename"]) for p in parts if p.get("variablename")]
    if not info.variables:
        if parts:
            raise InvalidParameter("mosaicRule", "The service has no dimensions.")
        return [("", ())]
    variables = [variable_of(info, name, "mosaicRule") for name in names or [""]]
    return [_defined(variable, parts, attributes or {}) for variable in dict.fromkeys(variables) if variable]


def _defined(variable: Variable, parts: list[dict[str, Any]], attributes: Mapping[str, str]) -> Chosen:
    found: dict[str, DimensionChoice] = {}
    for part in parts:
        named = str(part.get("variablename") or variable.name)
        if named.lower() == variable.name.lower() and part.get("dimensionname"):
            dimension = dimension_named(variable, str(part["dimensionname"]), attributes)
            found.setdefault(dimension.name, _choice(dimension, part))
    chosen = [choice for choice in found.values() if choice.values]
    return variable.name, tuple(sorted(chosen, key=lambda choice: choice.name))


def dimension_named(variable: Variable, name: str, attributes: Mapping[str, str] | None = None) -> Dimension:
    """Dimension by its own name, its standard one, or the attribute that holds it.

    Raises:
        InvalidParameter: the variable has no such dimension.
    """
    names = standard_names(variable)
    for standard, dimension in zip(names, variable.dimensions, strict=True):
        known = dimension.name.lower()
        held = (attributes or {}).get(known, known)
        if name.lower() in (known, standard.lower(), held.lower()):
            return dimension
    raise InvalidParameter("mosaicRule", f"There is no dimension '{name[:60]}'.")


def _choice(dimension: Dimension, part: Mapping[str, Any]) -> DimensionChoice:
    values = part.get("values")
    listed = [] if values is None else values if isinstance(values, list) else [values]
    if len(listed) > VALUES:
        raise InvalidParameter("mosaicRule", f"A dimension has at most {VALUES} values.")
    if not listed:
        return DimensionChoice(dimension.name, ())
    spans = []
    for value in listed:
        ends = value if isinstance(value, list) else [value]
        if not 1 <= len(ends) <= 2:
            raise InvalidParameter("mosaicRule", "A range has two ends.")
        low, high = _inward(dimension, ends[0])[0], _inward(dimension, ends[-1])[1]
        spans.append((min(low, high), max(low, high)))
    return DimensionChoice(dimension.name, tuple(spans))


def _inward(dimension: Dimension, value: Any) -> tuple[float, float]:
    try:
        # Four digits in quotes are a year rather than milliseconds.
        number = math.nan if dimension.kind == "time" and isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isnan(number):
        span = time_span(str(value), "mosaicRule") if dimension.kind == "time" else None
        if span is None or span.start is None or span.end is None:
            raise InvalidParameter("mosaicRule", f"'{str(value)[:40]}' is no value of a dimension.") from None
        return float(span.start), float(span.end)
    if not math.isfinite(number):
        raise InvalidParameter("mosaicRule", "A value of a dimension is finite.")
    turned = outward(dimension, number)
    return turned, turned


def read_definition(fields: Fields, name: str) -> Any:
    """The value of a parameter that holds a definition, None where it is absent.

    Raises:
        InvalidParameter: it is not JSON.
    """
    text = fields.text(name)
    try:
        return parse_json(text) if text else None
    except ValueError:
        raise InvalidParameter(name) from None
