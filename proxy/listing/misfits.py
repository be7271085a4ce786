"""What the settings of a mosaic name and its items do not have, told before a caller meets it."""

from __future__ import annotations

from collections.abc import Iterator

from proxy.catalog.base import Catalog, Field, FieldType, Order, Query
from proxy.catalog.choosing import field_of
from proxy.config import Config, MosaicConfig, ServiceConfig
from proxy.config.mosaic import RuleConfig
from proxy.errors import ProxyError
from proxy.listing.seamlines import Seamlines
from proxy.selection import MosaicMethod
from proxy.sources.location import locate
from proxy.sources.opening import open_raster
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle

#: Names of a kind that are listed, and items that seamlines are looked for among.
NAMED, LOOKED_AMONG = 60, 20_000
_NUMBERS = (FieldType.INTEGER, FieldType.REAL)


def misfits(service: ServiceConfig, config: Config, catalog: Catalog) -> list[str]:
    """One sentence for each setting that the items do not fit, with what there is instead. May read files."""
    mosaic = service.mosaic
    assert mosaic is not None
    return [
        *_bands(service, catalog),
        *_times(mosaic, catalog),
        *_dimensions(mosaic, catalog),
        *_rules(mosaic, catalog),
        *_seamlines(service, config, catalog),
        *_overview(service, config, mosaic),
    ]


def _bands(service: ServiceConfig, catalog: Catalog) -> Iterator[str]:
    layouts = catalog.layouts()
    if service.bands and layouts and all(len(found.band_names) != len(service.bands) for found in layouts):
        names = layouts[0].band_names
        yield f"bands: {len(service.bands)} are named, the items have {len(names)}: {_listed(names)}"


def _times(mosaic: MosaicConfig, catalog: Catalog) -> Iterator[str]:
    dates = [field for field in catalog.fields if field.type is FieldType.DATE or field.type in _NUMBERS]
    for setting in ("time_field", "end_time_field"):
        name = getattr(mosaic, setting)
        # The default is there where the items are dated, and need not be.
        if name and setting in mosaic.model_fields_set:
            yield from _field(setting, name, catalog, dates, "neither a date nor a number")
    if mosaic.date_pattern and catalog.time is None:
        yield "date_pattern: no item has a date by it"


def _dimensions(mosaic: MosaicConfig, catalog: Catalog) -> Iterator[str]:
    fitting = [field for field in catalog.fields if field.type is FieldType.DATE or field.type in _NUMBERS]
    for name, attribute in mosaic.dimensions.items():
        yield from _field(f"dimensions.{name}", attribute, catalog, fitting, "neither a date nor a number")


def _rules(mosaic: MosaicConfig, catalog: Catalog) -> Iterator[str]:
    if mosaic.sort_field:
        yield from _sorting("sort_field", mosaic.sort_field, mosaic.sort_value, catalog)
    for name, rule in mosaic.rules.items():
        yield from _rule(f"rules.{name}", rule, catalog)


def _rule(place: str, rule: RuleConfig, catalog: Catalog) -> Iterator[str]:
    if rule.sort_field:
        yield from _sorting(f"{place}.sort_field", rule.sort_field, rule.sort_value, catalog)
    try:
        if rule.where and not catalog.count(Query(where=rule.where)):
            yield f"{place}.where: no item meets it"
    except ProxyError as error:
        yield f"{place}.where: {error.message} The fields are {_listed([f.name for f in catalog.fields])}"
    for setting, ids in (("ids", rule.ids or ()), ("locked", rule.locked)):
        if missing := [str(number) for number in ids if catalog.get(number) is None]:
            yield f"{place}.{setting}: there is no item {_listed(missing)}"


def _sorting(place: str, name: str, value: float | str | None, catalog: Catalog) -> Iterator[str]:
    fitting = [field for field in catalog.fields if field.type is not FieldType.GEOMETRY]
    wrong = list(_field(place, name, catalog, fitting, "a geometry"))
    yield from wrong
    if wrong:
        return
    try:
        catalog.find(Query(), Order(MosaicMethod.ATTRIBUTE, sort_field=name, sort_value=value), limit=0)
    except ProxyError as error:
        yield f"{place.removesuffix('sort_field')}sort_value: {error.message}"


def _field(place: str, name: str, catalog: Catalog, fitting: list[Field], otherwise: str) -> Iterator[str]:
    found = field_of(catalog.fields, name)
    there_are = f"there are {_listed([field.name for field in fitting])}" if fitting else "there are none"
    if found is None:
        yield f"{place}: no item has a field '{name}'; {there_are}"
    elif found not in fitting:
        yield f"{place}: the field '{found.name}' is {otherwise}; {there_are}"


def _seamlines(service: ServiceConfig, config: Config, catalog: Catalog) -> Iterator[str]:
    mosaic = service.mosaic
    if mosaic is None or mosaic.seamlines is None:
        return
    try:
        names = Seamlines(mosaic.seamlines, config.credentials.get(service.credentials or "")).names
    except ProxyError as error:
        yield f"seamlines: {error.message}"
        return
    left = names - {str(name).lower() for name in catalog.values("Name")}
    if left:
        left -= {item.key.lower() for item in catalog.find(Query(), limit=LOOKED_AMONG)}
    if left and len(catalog) <= LOOKED_AMONG:
        there_are = _listed([str(name) for name in catalog.values("Name")])
        yield f"seamlines: there is no item {_listed(sorted(left))}; there are {there_are}"


def _overview(service: ServiceConfig, config: Config, mosaic: MosaicConfig) -> Iterator[str]:
    if mosaic.overview is None:
        return
    alone = service.model_copy(update={"mosaic": None, "source": mosaic.overview, "bands": ()})
    handles: Pool[Handle] = Pool(1)
    try:
        open_raster(alone, config, handles).close()
    except ProxyError as error:
        yield f"overview: {locate(mosaic.overview).name}: {error.message}"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
