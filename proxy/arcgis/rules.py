"""Esri's rendering rules in all their forms, rewritten as `proxy.functions.parse` reads them.

The forms: `rasterFunction` with its arguments, in any case; a whole function template (`function` and
`arguments`, with variables, scalars, argument arrays, and objects that are written once and referred to); the
name of a rendering or a function; all of these as JSON or as Python would print them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from proxy.arcgis import ramps
from proxy.arcgis.pixel_types import pixel_type
from proxy.arcgis.relaxed import parse_json
from proxy.arcgis.spatial_reference import from_mapping
from proxy.crs import UnknownCRS
from proxy.errors import InvalidRule
from proxy.functions.parse import parse
from proxy.functions.signature import fold
from proxy.functions.tree import Node, Source

#: Most objects of a rule, and most objects inside each other.
OBJECTS, LEVELS = 5000, 80

_ITEM = re.compile(r"\$(\d{1,18})")
#: Functions of Esri's that are delivered as Python adapters, and known here by their class.
_ADAPTED = frozenset({"aspectslope", "windchill", "heatindex"})
_URL = re.compile(r"\s*[a-zA-Z][a-zA-Z0-9+.-]*://")
_STATISTICS = (
    ("min", "minimum"),
    ("max", "maximum"),
    ("mean", "avg"),
    ("standarddeviation", "stddev", "std"),
)


def rendering_rule(rule: str | Mapping[str, Any], templates: Mapping[str, Node] | None = None) -> Node:
    """Tree of a rendering rule.

    Args:
        rule: text of the parameter `renderingRule`, or what JSON made of it. Nothing, and an empty object,
            stand for the service's raster.
        templates: renderings of the service by name; they come before functions of the same name.

    Raises:
        InvalidRule: it cannot be read, names an unknown function, or has an argument that does not fit.
            Arguments that a function does not have are overlooked, as servers do.
    """
    value: Any = _read(rule.strip()) if isinstance(rule, str) else rule
    if value is None or value == "" or value == {}:
        return Source()
    return parse(_Rewriter(value).raster(value, "", 0), templates, ignore_unknown=True)


def _read(text: str) -> Any:
    if text == "null":
        return None
    if not text.startswith(("{", "[", '"', "'")):
        return text
    try:
        value = parse_json(text)
    except ValueError as error:
        raise InvalidRule("renderingRule", f"It is not JSON. {error}") from error
    if isinstance(value, list):
        raise InvalidRule("renderingRule", "It is a list, not an object.")
    return value


class _Rewriter:
    """Rewrites one rule; knows the objects that are referred to."""

    def __init__(self, rule: object) -> None:
        self.count = 0
        self.shared: dict[object, Mapping[str, Any]] = {}
        self._collect(rule, 0)

    def _collect(self, value: object, level: int) -> None:
        if level > LEVELS:
            raise InvalidRule("renderingRule", "It is nested too deep.")
        if isinstance(value, Mapping):
            if "_object_id" in value:
                self.shared[str(value["_object_id"])] = value
            for part in value.values():
                self._collect(part, level + 1)
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, list | Mapping):
                    self._collect(part, level + 1)

    def raster(self, value: Any, path: str, level: int) -> Any:
        """What stands for a raster, an argument, or a list of either."""
        if level > LEVELS:
            raise InvalidRule(path or "renderingRule", "It is nested too deep.")
        if isinstance(value, str):
            return self.word(value, path)
        if isinstance(value, list):
            return [self.raster(part, path, level + 1) for part in value]
        if not isinstance(value, Mapping):
            return value
        self.count += 1
        if self.count > OBJECTS:
            raise InvalidRule(path or "renderingRule", f"It has more than {OBJECTS} objects.")
        return self.mapping(value, path, level)

    def word(self, value: str, path: str) -> Any:
        """A text: the service's raster, an item, or itself."""
        if value.strip() == "$$":
            return None
        item = _ITEM.fullmatch(value.strip())
        if item:
            return {"item": int(item.group(1))}
        if _URL.match(value):
            raise InvalidRule(path or "renderingRule", "Rasters of other servers are not read.")
        return value

    def mapping(self, value: Mapping[str, Any], path: str, level: int) -> Any:
        """An object: a function, a variable, a colour ramp, or itself."""
        if "_object_ref_id" in value:
            value = self.shared.get(str(value["_object_ref_id"]), {})
        own = {fold(str(key)): part for key, part in value.items()}
        if "rasterfunctiondefinition" in own:
            return self.raster(own["rasterfunctiondefinition"], path, level + 1)
        if "rasterfunction" in own or "functionname" in own:
            return self.plain(own, path, level)
        if "arguments" in own and isinstance(own.get("function"), Mapping):
            return self.template(own, path, level)
        if "url" in own:
            raise InvalidRule(path or "renderingRule", "Rasters of other servers are not read.")
        kind = fold(str(own.get("type", "")))
        if kind in ("rasterfunctionvariable", "scalar"):
            return self.raster(own.get("value"), path, level + 1)
        if kind == "argumentarray":
            return self.raster(own.get("elements", []), path, level + 1)
        return _color_or_row(value, own, path)

    def plain(self, own: Mapping[str, Any], path: str, level: int) -> dict[str, Any]:
        """`rasterFunction` with its arguments."""
        name = own.get("rasterfunction", own.get("functionname"))
        arguments = own.get("rasterfunctionarguments", own.get("functionarguments"))
        if isinstance(name, Mapping):
            return self.raster(name, path, level + 1)  # type: ignore[no-any-return]
        return self.call("none" if name is None else name, arguments, own.get("outputpixeltype"), path, level)

    def template(self, own: Mapping[str, Any], path: str, level: int) -> dict[str, Any]:
        """A function template."""
        function = {fold(str(key)): part for key, part in own["function"].items()}
        name = re.sub(r"Function$", "", str(function.get("type") or function.get("name") or ""))
        arguments = own["arguments"]
        if isinstance(arguments, Mapping):
            arguments = {key: part for key, part in arguments.items() if not _is_label(key, part)}
        return self.call(name, arguments, function.get("pixeltype"), path, level)

    def call(self, name: Any, arguments: Any, code: Any, path: str, level: int) -> dict[str, Any]:
        """A function as the parser reads it."""
        path = f"{path}.{name}" if path else str(name)[:80]
        arguments = {} if arguments is None or arguments == "" else arguments
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise InvalidRule(path, "A function has a name and an object of arguments.")
        try:
            output_type = pixel_type(str(code or ""))
        except ValueError as error:
            raise InvalidRule(path, str(error)) from error
        found = {
            str(key): self.raster(part, f"{path}.{str(key)[:80]}", level + 1)
            for key, part in arguments.items()
        }
        name = _built_in(name, found)
        return {"function": name, "arguments": _chosen_colors(found), "output_type": output_type}


def _built_in(name: str, arguments: Mapping[str, Any]) -> str:
    """The function of our own that a Python adapter names by its class; any other stays what it is."""
    if fold(name) not in ("pythonadapter", "pythonrasterfunction"):
        return name
    class_name = next((value for key, value in arguments.items() if fold(key) == "classname"), None)
    return class_name if isinstance(class_name, str) and fold(class_name) in _ADAPTED else name


def _is_label(key: object, value: object) -> bool:
    """True for the entry that names the kind of arguments, or an object, rather than an argument."""
    return str(key) == "_object_id" or (str(key) == "type" and isinstance(value, str))


def _chosen_colors(arguments: dict[str, Any]) -> dict[str, Any]:
    """Without the ramp where `ColorSchemeType` says that the colormap counts."""
    scheme = [value for key, value in arguments.items() if fold(key) == "colorschemetype"]
    if scheme not in ([0], ["0"]):
        return arguments
    return {key: value for key, value in arguments.items() if fold(key) not in ("colorramp", "colorrampname")}


def _geometry(own: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Polygon or envelope as `proxy.functions.polygon` reads it."""
    if "curverings" in own:
        raise InvalidRule(path, "Curves are not supported; give straight rings.")
    if "rings" in own:
        found: dict[str, Any] = {"rings": own["rings"]}
    else:
        found = {"bbox": [own[key] for key in ("xmin", "ymin", "xmax", "ymax")]}
    if own.get("spatialreference"):
        try:
            found["crs"] = from_mapping(own["spatialreference"]).definition
        except UnknownCRS as error:
            raise InvalidRule(path, error.message) from error
    return found


def _color_or_row(value: Mapping[str, Any], own: Mapping[str, Any], path: str) -> Any:
    try:
        if ramps.is_color(value):
            return ramps.native(value)
    except ValueError as error:
        raise InvalidRule(path, str(error)) from error
    if {"rings", "curverings"} & set(own) or {"xmin", "ymin", "xmax", "ymax"} <= set(own):
        return _geometry(own, path)
    if {"min", "max"} <= set(own) and "counts" not in own:
        return [next((own[key] for key in keys if key in own), None) for keys in _STATISTICS]
    return value
