"""Recorded requests moved to the services of this project: other places, other names, the same form."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from rechoosing import Choices

from proxy.arcgis.relaxed import parse_json
from proxy.arcgis.spatial_reference import from_mapping, parse_reference
from proxy.crs import SpatialReference, reference, transform_bounds
from proxy.errors import OutsideExtent, ProxyError
from proxy.services import Service

Record = dict[str, Any]
Pairs = list[tuple[str, str]]
Bounds = tuple[float, float, float, float]

#: Services of many rasters: aerial pictures of one place, scenes of eight bands, parts of the elevation
#: and of the land cover of the demo, and a cube.
PICTURE_MOSAIC, BAND_MOSAIC, HEIGHT_MOSAIC, CLASS_MOSAIC = "naip", "l8ny", "heights", "classes"
CUBE = "ocean"
#: Kinds of service in the order of choice, and the service for each.
SERVICES = {
    "categorical": "landcover",
    "multispectral4+": "sentinel2",
    "dem": "dem/sierra",
    "rgb": "bluemarble",
    "multidim": CUBE,
    "mosaic": PICTURE_MOSAIC,
}
#: The mosaic for requests that choose among items.
MOSAICS = {
    "categorical": CLASS_MOSAIC,
    "multispectral4+": BAND_MOSAIC,
    "dem": HEIGHT_MOSAIC,
    "mosaic": PICTURE_MOSAIC,
}
#: Parameters that choose.
CHOOSING = ("mosaicrule", "time", "sliceid")
#: Where a rule asks for more bands than the scene has.
MANY_BANDS = "scene12"
#: Where tiles are asked for.
TILED = "tiled"
WIDTH, HEIGHT = 320, 240
MERCATOR = reference("EPSG:3857")
#: Names of renderings that fit what a service's own templates are named after.
TOPICS = (("slope", "slope"), ("hillshade", "hillshade"), ("relief", "relief"), ("ndvi", "ndvi"),
          ("pansharpened", "natural"), ("natural", "natural"))  # fmt: skip
_BANDS = re.compile(r'(?:BandIDs?|BandIndexes|BandID)"\s*:\s*("[^"]*"|\[[^\]]*\]|\d+)', re.IGNORECASE)
_SIX_BANDS = re.compile(r'"Method"\s*:\s*7')
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def service_name(record: Record) -> str:
    """The service that fits a record best: of many rasters where the record chooses, or names them."""
    kinds = record["retarget"]["service"]
    if record["operation"] == "tile":
        return TILED
    if "multidim" in kinds and not ({"mosaic"} & set(kinds) and _needs_items(record)):
        return CUBE
    if "mosaic" in kinds:
        if str(record["params"].get("pixelType")).upper() == "U8":
            # Scenes of 16 bits would be white all over.
            kinds = ["mosaic"]
        return next(name for kind, name in MOSAICS.items() if kind in kinds)
    if "multispectral4+" in kinds and not {"categorical"} & set(kinds):
        return MANY_BANDS if _needs_many_bands(record) else SERVICES["multispectral4+"]
    return next(name for kind, name in SERVICES.items() if kind in kinds)


def _needs_items(record: Record) -> bool:
    """Whether a record that may go to a cube asks for what only items have."""
    return "renderingRules" in record["params"]


def _needs_many_bands(record: Record) -> bool:
    text = str(record["params"].get("renderingRule") or "")
    listed = " ".join(
        re.findall(r'(?:BandIDs?|BandIndexes|BandID)"\s*:\s*("[^"]*"|\[[^\]]*\]|\d+)', text, re.I)
    )
    numbers = [int(number) for number in re.findall(r"\d+", listed)]
    return (
        len(numbers) > 4 or any(3 < number < 100 for number in numbers) or _SIX_BANDS.search(text) is not None
    )


def sent(record: Record) -> Pairs:
    """Parameters as the client sent them, repeated names included."""
    if record.get("raw_query"):
        return parse_qsl(record["raw_query"], keep_blank_values=True)
    return [(name, str(value)) for name, value in record["params"].items()]


class Mover:
    """One record on one service.

    Attributes:
        notes: what was changed beyond places.
    """

    def __init__(self, record: Record, service: Service) -> None:
        self.record, self.service, self.notes = record, service, list[str]()
        self.pairs = sent(record)
        self.own = service.info.crs
        self.choices = Choices(service)

    def text(self, name: str) -> str:
        """First value of a parameter, whatever its case."""
        return next((value.strip() for key, value in self.pairs if key.lower() == name.lower()), "")

    def moved(self) -> Pairs:
        """The parameters over this service."""
        if "{wkid}" in str(self.pairs):
            self.pairs = [(key, value.replace("{wkid}", "3857")) for key, value in self.pairs]
        self._replace_absent_systems()
        return [(key, self._value(key, value)) for key, value in self.pairs]

    def path(self) -> str:
        """The path with its placeholders filled."""
        filled = {"rasterId": str(self.choices.ids(1)[0]), "z": "0", "y": "0", "x": "0"}
        return _PLACEHOLDER.sub(lambda match: filled.get(match[1], match[0]), self.record["path"])

    def system(self, name: str) -> SpatialReference:
        """The system that a parameter names, else the service's own."""
        text = self.text(name)
        return parse_reference(text) if text else self.own

    def box(self, system: SpatialReference, inset: float = 0.2) -> Bounds:
        """The inner part of the service in a system."""
        left, bottom, right, top = transform_bounds(self.service.info.extent.as_tuple(), self.own, system)
        x, y = (right - left) * inset, (top - bottom) * inset
        return left + x, bottom + y, right - x, top - y

    def _replace_absent_systems(self) -> None:
        for name in ("bboxSR", "imageSR"):
            try:
                system = self.system(name)
                back = transform_bounds(self.box(system), system, self.own)
                if not self._meets(back):
                    raise OutsideExtent("The data lie outside the reach of the system.")
            except ProxyError:
                self.notes.append(f"{name}={self.text(name)} does not reach the data: 3857")
                self.pairs = [
                    (key, "3857" if key.lower() == name.lower() else value) for key, value in self.pairs
                ]

    def _meets(self, box: Bounds) -> bool:
        data = self.service.info.extent
        wide, high = (box[2] - box[0]) / data.width, (box[3] - box[1]) / data.height
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        inside = data.xmin < x < data.xmax and data.ymin < y < data.ymax
        return inside and 0.1 < wide < 10 and 0.1 < high < 10

    def _value(self, key: str, value: str) -> str:
        match key.lower():
            case "bbox":
                return self._bbox(value)
            case "size":
                return value.replace("{width}", str(WIDTH)).replace("{height}", str(HEIGHT))
            case "geometry" | "fromgeometry" | "togeometry" | "geometries":
                return self._geometry(value)
            case "renderingrule" | "renderingrules":
                return self._rule(value)
            case "mosaicrule":
                return self._mosaic(value)
            case "where" if value:
                return self.choices.where(value)
            case "time":
                return self.choices.time(value)
            case "pixelsize":
                return self._pixel_size(value)
            case "outfields" | "orderbyfields" if value and value != "*":
                return self._attributes(value)
            case "rasterids":
                return ",".join(map(str, self.choices.ids(len(value.split(",")))))
        return value

    def _bbox(self, value: str) -> str:
        if not value:
            return value
        left, bottom, right, top = self.box(self.system("bboxSR"))
        if "{" in value and "xmin" not in value:
            sides = {"west": left, "south": bottom, "east": right, "north": top}
            whole = ",".join(map(repr, (left, bottom, right, top)))
            return _PLACEHOLDER.sub(
                lambda match: repr(sides.get(match[1], 0.0)), value.replace("{bbox}", whole)
            )
        if value.lstrip().startswith("{"):
            envelope = parse_json(value)
            system = envelope.get("spatialReference")
            box = self.box(from_mapping(system)) if system else (left, bottom, right, top)
            return json.dumps({**envelope, **dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))})
        parts = value.split(",")
        if len(parts) != 4:
            return value
        xs, ys = (left, right), (bottom, top)
        first, second = float(parts[0]) <= float(parts[2]), float(parts[1]) <= float(parts[3])
        return f"{xs[not first]!r},{ys[not second]!r},{xs[first]!r},{ys[second]!r}"

    def _geometry(self, value: str) -> str:
        if not value:
            return value
        if not value.lstrip().startswith(("{", "[")):
            count = len(value.split(","))
            left, bottom, right, top = self.box(self.system("inSR"))
            middle = ((left + right) / 2, (bottom + top) / 2)
            return ",".join(map(repr, middle if count == 2 else (left, bottom, right, top)))
        return json.dumps(self.relocated(parse_json(value), self.system("inSR")))

    def relocated(self, value: Any, system: SpatialReference) -> Any:
        """A geometry with its places spread over the inner part of the service."""
        if isinstance(value, dict) and value.get("spatialReference"):
            system = from_mapping(value["spatialReference"])
        left, bottom, right, top = self.box(system)
        xs, ys = _places(value)
        if not xs or not ys:
            return value

        def across(number: float, known: list[float], low: float, high: float) -> float:
            wide = max(known) - min(known)
            return low + (high - low) * ((number - min(known)) / wide if wide else 0.5)

        return _mapped(value, lambda x: across(x, xs, left, right), lambda y: across(y, ys, bottom, top))

    def _pixel_size(self, value: str) -> str:
        # In the units of the service, since the geometry now covers a good part of it.
        sizes = [repr(size) for size in self.service.info.pixel_size]
        if value.lstrip().startswith("{"):
            return f'{{"x":{sizes[0]},"y":{sizes[1]}}}'
        return ",".join(sizes[: len(value.split(","))]) if value else value

    def _rule(self, value: str) -> str:
        try:
            rule = parse_json(value)
        except ValueError:
            return value
        changed = self._adapted(rule)
        return value if changed == rule else json.dumps(changed)

    def _adapted(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._adapted(item) for item in value]
        if not isinstance(value, dict):
            return self._item(value) if isinstance(value, str) else value
        found = {key: self._adapted(item) for key, item in value.items()}
        for key in ("ClippingGeometry", "clippingGeometry"):
            if isinstance(found.get(key), dict):
                found[key] = self.relocated(found[key], self.own)
        name = found.get("rasterFunction")
        if isinstance(name, str) and any(
            f": {name}" in hint for hint in self.record["retarget"].get("adapt", ())
        ):
            found["rasterFunction"] = self._renamed(name)
        return found

    def _renamed(self, name: str) -> str:
        if name == "TotallyMadeUpFunction":
            return name
        topic = next((own for word, own in TOPICS if word in name.lower()), "None")
        known = {rendering.name for rendering in self.service.config.renderings}
        self.notes.append(f"template {name}")
        return topic if topic in known else "None"

    def _mosaic(self, value: str) -> str:
        try:
            rule = parse_json(value)
        except ValueError:
            return value
        if not isinstance(rule, dict):
            return value
        return json.dumps(self.choices.rule(rule))

    def _attributes(self, value: str) -> str:
        if self.choices.catalog is None:
            return "OBJECTID,Name"
        return ",".join(dict.fromkeys(self.choices.attribute(name.strip()) for name in value.split(",")))

    def _item(self, value: str) -> str:
        """`$id`: the same id always stands for the same item."""
        if not re.fullmatch(r"\$\d+", value):
            return value
        known = sorted(set(re.findall(r"\$\d+", str(self.record["params"]))), key=lambda text: int(text[1:]))
        ids = self.choices.ids(len(known))
        return f"${ids[known.index(value) % len(ids)]}"


def _places(value: Any, name: str = "") -> tuple[list[float], list[float]]:
    """All x and all y of a geometry."""
    xs, ys = list[float](), list[float]()
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("x", "xmin", "xmax") and isinstance(item, int | float):
                xs.append(item)
            elif key in ("y", "ymin", "ymax") and isinstance(item, int | float):
                ys.append(item)
            elif key != "spatialReference":
                more = _places(item, key)
                xs, ys = xs + more[0], ys + more[1]
    elif isinstance(value, list):
        if _is_position(value):
            return [value[0]], [value[1]]
        for item in value:
            more = _places(item, name)
            xs, ys = xs + more[0], ys + more[1]
    return xs, ys


def _is_position(value: list[Any]) -> bool:
    return len(value) >= 2 and all(isinstance(part, int | float) for part in value[:2])


def _mapped(value: Any, to_x: Any, to_y: Any) -> Any:
    if isinstance(value, dict):
        return {key: _member(key, item, to_x, to_y) for key, item in value.items()}
    if isinstance(value, list):
        if _is_position(value):
            return [to_x(value[0]), to_y(value[1]), *value[2:]]
        return [_mapped(item, to_x, to_y) for item in value]
    return value


def _member(key: str, item: Any, to_x: Any, to_y: Any) -> Any:
    if key == "spatialReference":
        return item
    if key in ("x", "xmin", "xmax") and isinstance(item, int | float):
        return to_x(item)
    if key in ("y", "ymin", "ymax") and isinstance(item, int | float):
        return to_y(item)
    return _mapped(item, to_x, to_y)
