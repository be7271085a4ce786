"""What recorded requests choose, in the items, attributes, times and dimensions of another service."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from proxy.catalog.base import FieldType, Item, Order, Query
from proxy.catalog.store import SqliteCatalog
from proxy.selection import MosaicMethod
from proxy.services import Service
from proxy.sources.dimensions import outward, standard_names

#: Attributes of recorded services by those that stand in for them; others are the name.
ATTRIBUTES = {
    "acquisitiondate": "AcquisitionDate", "datetime": "AcquisitionDate", "imagedate": "AcquisitionDate",
    "stdtime": "AcquisitionDate", "idp_validendtime": "AcquisitionDate", "msilstarttime": "AcquisitionDate",
    "msilendtime": "AcquisitionDate", "year": "AcquisitionDate", "beginyear": "AcquisitionDate",
    "month": "ZOrder", "best": "ZOrder", "category": "Category", "cloudcover": "CloudCover", "tag": "Tag",
    "objectid": "OBJECTID", "name": "Name", "groupname": "GroupName", "pop2000": "Shape_Area",
    "state": "Tag", "film_number": "Name", "verticaldatum": "ProductName",
}  # fmt: skip
_STAMP = r"(?:timestamp|date)?\s*'[^']*'"
_LITERAL = rf"(?:{_STAMP}|-?[\d.]+)"
_COMPARED = re.compile(
    rf'"?(?P<name>[A-Za-z_]\w*)"?\s*(?P<sign>BETWEEN|LIKE|IN|[<>]=?|=|<>)\s*'
    rf"(?P<value>{_LITERAL}\s+AND\s+{_LITERAL}|\([^)]*\)|{_LITERAL})",
    re.IGNORECASE,
)


class Choices:
    """The items of a mosaic, or the variables of a cube, that stand in for recorded ones.

    Attributes:
        items: those that lie over the middle of the service, by id; none for a cube.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.catalog: SqliteCatalog | None = service.catalog
        self.items: list[Item] = []
        if self.catalog is not None:
            found = self.catalog.find(Query(), Order(MosaicMethod.CENTER), limit=20)
            self.items = sorted(found[:6], key=lambda item: item.id)

    def ids(self, count: int) -> list[int]:
        """As many ids as there were."""
        return [item.id for item in self.items[:count]] or [1]

    def attribute(self, name: str) -> str:
        """The attribute that stands in for another."""
        assert self.catalog is not None
        known = {field.name.lower(): field.name for field in self.catalog.fields}
        wanted = ATTRIBUTES.get(name.lower(), name)
        return known.get(name.lower(), known.get(wanted.lower(), "Name"))

    def where(self, text: str) -> str:
        """A condition of the same form that items fulfil."""
        if self.catalog is None:
            return "OBJECTID > 0"
        return _COMPARED.sub(self._compared, text)

    def _compared(self, match: re.Match[str]) -> str:
        assert self.catalog is not None
        if match["name"].upper() in ("AND", "OR", "NOT"):
            return match[0]
        name, sign = self.attribute(match["name"]), match["sign"].upper()
        field = next(field for field in self.catalog.fields if field.name == name)
        values = [value for item in self.items for value in [self._value(item, name)] if value is not None]
        if not values:
            return f"{name} IS NULL"
        first = values[0]
        if sign == "IN":
            return f"{name} IN ({', '.join(self._literal(value, field.type) for value in values[:1])})"
        if sign == "BETWEEN":
            ends = (self._literal(value, field.type) for value in (min(values), max(values)))
            return f"{name} BETWEEN {' AND '.join(ends)}"
        if sign == "LIKE":
            return f"{name} LIKE '{str(first)[:2]}%'"
        limit = {"<": max(values), "<=": max(values), ">": min(values), ">=": min(values)}.get(sign, first)
        sign = {"<": "<=", ">": ">="}.get(sign, sign)
        return f"{name} {sign} {self._literal(limit, field.type)}"

    def _value(self, item: Item, name: str) -> Any:
        return item.id if name == "OBJECTID" else self._row(item).get(name)

    def _row(self, item: Item) -> dict[str, Any]:
        assert self.catalog is not None
        names = [field.name for field in self.catalog.fields if field.type is not FieldType.GEOMETRY]
        return self.catalog.rows(Query(ids=(item.id,)), names, Order(), 1, 0)[0]

    def _literal(self, value: Any, kind: FieldType) -> str:
        if kind is FieldType.DATE:
            moment = datetime.fromtimestamp(value / 1000, UTC)
            return f"timestamp '{moment:%Y-%m-%d %H:%M:%S}'"
        return f"'{value}'" if isinstance(value, str) else str(value)

    def time(self, text: str) -> str:
        """A time of the same form within that of the service: an instant, a span, an open end, a year."""
        known = self.service.info.time
        if not text or known is None:
            return text
        moment = self._moment()
        if re.fullmatch(r"\d{4}", text):
            return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y}"
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return f"{datetime.fromtimestamp(moment / 1000, UTC):%Y-%m-%d}"
        parts = re.split(r"(,\s*)", text)
        if len(parts) == 1:
            return str(moment)
        ends = [str(value) if part != "null" else part for part, value in zip(parts[::2], known, strict=True)]
        return parts[1].join(ends)

    def _moment(self) -> int:
        if self.items:
            return int(self._row(self.items[0])["AcquisitionDate"])
        assert self.service.info.time is not None
        return self.service.info.time[0]

    def slice(self, text: str) -> str:
        """A slice that there is."""
        return text

    def definition(self, value: Any) -> Any:
        """The same members for the variables and dimensions of the service."""
        variables = self.service.info.variables
        if not variables:
            return None
        names = list(dict.fromkeys(part.get("variableName") for part in value))
        found = []
        for part in value:
            variable = variables[names.index(part.get("variableName")) % len(variables)]
            moved = {**part, "variableName": variable.name}
            if part.get("dimensionName"):
                kind = "vertical" if part["dimensionName"] == "StdZ" else "time"
                known = zip(variable.dimensions, standard_names(variable), strict=True)
                axis, moved["dimensionName"] = next(pair for pair in known if pair[0].kind == kind)
                ends = [outward(axis, axis.values[0]), outward(axis, axis.values[-1])]
                moved["values"] = [ends if isinstance(one, list) else ends[0] for one in part["values"]]
            found.append(moved)
        return found

    def rule(self, rule: dict[str, Any]) -> dict[str, Any]:
        """A mosaic rule with what the service has; members and their order stay."""
        moved = dict(rule)
        for key, value in rule.items():
            match key.lower():
                case "lockrasterids" | "fids" if value:
                    texts = isinstance(value[0], str)
                    ids = self.ids(len(value))
                    moved[key] = [str(one) for one in ids] if texts else ids
                case "where" if value:
                    moved[key] = self.where(value)
                case "sortfield" if value and self.catalog is not None:
                    moved[key] = self.attribute(value)
                case "multidimensionaldefinition" if value:
                    moved[key] = self.definition(value)
        if self.catalog is None:
            # A cube has no items to choose from.
            moved.pop("where", None)
        return {key: value for key, value in moved.items() if value is not None or rule[key] is None}
