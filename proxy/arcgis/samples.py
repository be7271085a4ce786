"""getSamples: values at many places, along lines and over areas."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.arcgis.call import Call, Operation, Parameter
from proxy.arcgis.catalog_fields import attributes_of as item_attributes
from proxy.arcgis.choosing import read_selections
from proxy.arcgis.item_values import item_values, items_at
from proxy.arcgis.items import ITEM, attributes_of
from proxy.arcgis.params import read_interpolation
from proxy.arcgis.resources import asked_rule
from proxy.arcgis.respond import Document
from proxy.arcgis.sample_places import MOST_SAMPLES, Place, Places, sample_places
from proxy.arcgis.series import placed, series_attributes, slice_attributes
from proxy.arcgis.shapes import GeometryType, point_document, read_shape
from proxy.arcgis.values import NO_DATA, PixelSize, chosen, read_pixel_size, values_of
from proxy.crs import SpatialReference
from proxy.errors import InvalidParameter, ReadBudgetExceeded, TooLarge
from proxy.functions.tree import Node
from proxy.model import Interpolation
from proxy.render.context import ReadContext
from proxy.selection import Selection
from proxy.services import Service
from proxy.sources.base import Source as AnySource
from proxy.sources.remembered import AnyCube

#: Most values of one answer.
MOST_VALUES = 20_000


async def get_samples(call: Call) -> Document:
    """One sample for each place with data, or one for each slice or item; `locationId` numbers the places."""
    service = await call.opened()
    info = service.info
    selections = read_selections(call.fields, service)
    shape = read_shape(call.fields, info.crs)
    if shape is None:
        raise InvalidParameter("geometry")
    places = sample_places(shape, call.fields)
    rule = asked_rule(service, call.fields.text("renderingRule"))
    interpolation = read_interpolation(call.fields.text("interpolation"), Interpolation.NEAREST)
    size = read_pixel_size(call.fields, info.extent, info.crs)
    _check_cost(service, len(places), size)
    asked = _Asked(
        service,
        shape.crs,
        rule,
        size,
        interpolation,
        selections,
        call.fields.flag("returnFirstValueOnly", True),
        call.fields.text("outFields"),
    )
    found = await call.worked(_samples, asked, places)
    resolution = _plain(max(size or info.pixel_size))
    return {
        "samples": [
            {
                "location": point_document(*places[sample.number], shape.crs),
                "locationId": sample.number,
                "value": sample.value,
                "rasterId": sample.item,
                "resolution": resolution,
                **({} if sample.attributes is None else {"attributes": sample.attributes}),
            }
            for sample in found
        ]
    }


@dataclass(frozen=True, slots=True)
class _Asked:
    service: Service
    crs: SpatialReference
    rule: Node | None
    size: PixelSize | None
    interpolation: Interpolation
    selections: tuple[Selection, ...]
    first_only: bool
    out_fields: str


@dataclass(frozen=True, slots=True)
class _Sample:
    number: int
    value: str
    item: int
    attributes: Document | None


def _samples(asked: _Asked, places: Places) -> list[_Sample]:
    """Samples of all places that have data; also one for each slice or item, where that is asked for."""
    source = asked.service.source
    if isinstance(source, AnyCube) and not asked.first_only:
        return _of_the_slices(asked, source, places)
    found: list[_Sample] = []
    for number, place in enumerate(places):
        if asked.service.catalog is None or asked.first_only:
            found += _of_the_picture(asked, number, place)
        else:
            found += _of_the_items(asked, number, place)
        _check_count(len(found))
    return found


def _of_the_picture(asked: _Asked, number: int, place: Place) -> list[_Sample]:
    source, context = chosen(asked.service, asked.selections[0])
    values = _values(asked, source, context, place)
    if set(values) == {NO_DATA}:
        return []
    whole = asked.service.source
    if isinstance(whole, AnyCube):
        (row,) = whole.rows.chosen(context.selection)
        attributes = _named(asked, slice_attributes(whole, row, " ".join(values)))
        return [_Sample(number, " ".join(values), row.id, attributes)]
    item = next(iter(context.used), ITEM)
    return [_Sample(number, " ".join(values), item, _named(asked, _attributes(asked, item)))]


def _of_the_slices(asked: _Asked, source: AnyCube, places: Places) -> list[_Sample]:
    """One sample for each place and slice; slice after slice is read, as pixels are stored."""
    rows = [row for selection in asked.selections for row in source.rows.chosen(selection)]
    _check_count(len(rows) * len(places))
    by_place: list[list[_Sample]] = [[] for _ in places]
    for row in rows:
        one, context = chosen(asked.service, row.selection)
        for number, place in enumerate(places):
            values = _values(asked, one, context, place)
            if set(values) == {NO_DATA}:
                continue
            value = " ".join(values)
            # Clients of series read where along the dimensions a value lies, whatever fields they name.
            attributes = series_attributes(row, value)
            attributes |= _named(asked, slice_attributes(source, row, value)) or {}
            by_place[number].append(_Sample(number, value, row.id, attributes))
    return [sample for found in by_place for sample in found]


def _values(asked: _Asked, source: AnySource, context: ReadContext, place: Place) -> list[str]:
    return values_of(
        asked.service, source, context, place, asked.crs, asked.rule, asked.size, asked.interpolation
    )


def _of_the_items(asked: _Asked, number: int, place: Place) -> list[_Sample]:
    found, (selection, *_) = [], asked.selections
    # A series is of all items: not only of as many as one picture is drawn from.
    for item in items_at(asked.service, place, asked.crs, selection, asked.size, MOST_SAMPLES):
        values = item_values(asked.service, item, place, asked.crs, asked.rule, asked.size, selection)
        if set(values) == {NO_DATA}:
            continue
        own = placed(asked.service, item)
        named = _named(asked, _attributes(asked, item.id))
        attributes = named if not own else own | (named or {})
        found.append(_Sample(number, " ".join(values), item.id, attributes))
    return found


def _check_count(count: int) -> None:
    if count > MOST_VALUES:
        raise TooLarge(
            f"The request would give more than {MOST_VALUES} values; choose fewer slices or places."
        )


def _check_cost(service: Service, count: int, size: PixelSize | None) -> None:
    """Refuse more source pixels in all than one picture may read."""
    native = service.info.pixel_size
    each = 1.0 if size is None else max(1.0, size[0] / native[0]) * max(1.0, size[1] / native[1])
    if count * each > service.source_pixels:
        raise ReadBudgetExceeded("The samples are too many for pixels so large.")


def _attributes(asked: _Asked, item: int) -> Document:
    """Attributes of an item."""
    catalog = asked.service.catalog
    if catalog is None:
        return attributes_of(asked.service)
    known = catalog.get(item)
    return {} if known is None else item_attributes(known, catalog.fields) | placed(asked.service, known)


def _named(asked: _Asked, row: Document) -> Document | None:
    """Those attributes that are asked for; None where none are."""
    if not asked.out_fields:
        return None
    # Clients ask any service for fields that some services have.
    names = {part.strip().strip('"').lower() for part in asked.out_fields.split(",")}
    return {name: value for name, value in row.items() if "*" in names or name.lower() in names}


def _plain(value: float) -> float:
    return int(value) if value.is_integer() else value


OPERATION = Operation(
    "getSamples",
    get_samples,
    "Get samples",
    (
        Parameter("geometry", "x,y or a geometry as JSON"),
        Parameter("geometryType", "", tuple(kind.value for kind in GeometryType)),
        Parameter("sampleDistance", "along a line, in units of the geometry"),
        Parameter("sampleCount", f"along a line or over an area, at most {MOST_SAMPLES}"),
        Parameter("mosaicRule", "JSON"),
        Parameter("renderingRule", "raster function as JSON; its result is sampled"),
        Parameter("pixelSize", "x,y"),
        Parameter("interpolation"),
        Parameter("outFields"),
        Parameter("time"),
        Parameter("sliceId"),
        Parameter("returnFirstValueOnly", "false: one value for each slice or item", ("true", "false")),
    ),
    required=("geometry",),
)
