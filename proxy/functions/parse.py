"""From a mapping to a tree, with the place of every fault.

Accepted: `{"function": "hillshade", "azimuth": 300}`, the same with the arguments under `arguments`, and a
list, in which each step's input is the step before it and the first one's is the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.errors import InvalidRule
from proxy.functions.arguments import folded
from proxy.functions.catalog import FUNCTIONS
from proxy.functions.registry import Function
from proxy.functions.tree import Call, Constant, Node, Source, children
from proxy.model import PixelType

MAX_DEPTH = 16
MAX_NODES = 64
MAX_INPUTS = 20

Templates = Mapping[str, Node]


def parse(rule: Any, templates: Templates | None = None) -> Node:
    """Tree of a rule.

    Args:
        rule: a mapping, a list of mappings, a name, or None for the source itself.
        templates: trees by name, looked up before the functions.

    Raises:
        InvalidRule: with the path to the fault.
    """
    node = _node(rule, templates or {}, "rule", 0, Source())
    if _count(node) > MAX_NODES:
        raise InvalidRule("rule", f"it has more than {MAX_NODES} functions")
    return node


def _node(rule: Any, templates: Templates, path: str, depth: int, first: Node) -> Node:
    if depth > MAX_DEPTH:
        raise InvalidRule(path, f"it is nested deeper than {MAX_DEPTH}")
    if rule is None or (isinstance(rule, str) and rule.strip() in ("", "$$")):
        return first
    if isinstance(rule, bool):
        raise InvalidRule(path, "a raster, a rule or a number is expected")
    if isinstance(rule, int | float):
        return Constant(float(rule))
    if isinstance(rule, str):
        return _named(rule, templates, path, first)
    if isinstance(rule, list | tuple):
        node = first
        for index, step in enumerate(rule):
            node = _node(step, templates, f"{path}[{index}]", depth + 1, node)
        return node
    if isinstance(rule, Mapping):
        return _call(rule, templates, path, depth, first)
    raise InvalidRule(path, "a raster, a rule or a number is expected")


def _named(text: str, templates: Templates, path: str, first: Node) -> Node:
    for name, node in templates.items():
        if folded(name) == folded(text):
            return node
    try:
        return Constant(float(text))
    except ValueError:
        pass
    if folded(text) == "none":
        return first
    if FUNCTIONS.find(text) is not None:
        return _call({"function": text}, templates, path, 0, first)
    raise InvalidRule(path, f"there is no raster function or rendering '{text[:60]}'")


def _call(rule: Mapping[str, Any], templates: Templates, path: str, depth: int, first: Node) -> Node:
    name = rule.get("function")
    if not isinstance(name, str) or not name.strip():
        raise InvalidRule(path, "the name of a raster function is missing")
    given = rule.get("arguments")
    if given is None:
        given = {key: value for key, value in rule.items() if key not in ("function", "output_type")}
    if not isinstance(given, Mapping):
        raise InvalidRule(f"{path}.arguments", "a mapping is expected")
    here = f"{path}.{name.strip()[:60]}"
    template = next((node for key, node in templates.items() if folded(key) == folded(name)), None)
    if template is not None:
        return template
    if folded(name) == "none":
        return first
    row = FUNCTIONS.find(name)
    if row is None:
        raise InvalidRule(here, f"there is no raster function or rendering '{name.strip()[:60]}'")
    rasters, values = _arguments(row, given, templates, here, depth)
    inputs = tuple(
        rasters.get(own, () if own.endswith("s") else first if index == 0 else None)
        for index, own in enumerate(row.inputs)
    )
    if None in inputs:
        raise InvalidRule(f"{here}.{row.inputs[inputs.index(None)]}", "a second raster or number is needed")
    return Call(row.name, inputs, values, _output_type(rule.get("output_type"), here), here)


def _arguments(
    row: Function, given: Mapping[str, Any], templates: Templates, here: str, depth: int
) -> tuple[dict[str, Any], tuple[tuple[str, Any], ...]]:
    rasters: dict[str, Any] = {}
    values = {argument.name: argument.default for argument in row.arguments}
    for key, value in given.items():
        place = f"{here}.{str(key)[:60]}"
        argument = row.argument(str(key))
        if argument is not None:
            values[argument.name] = _read(argument.read, value, argument.default, place)
            continue
        own = row.input_name(str(key))
        if own is not None:
            rasters[own] = _input(own, value, templates, place, depth)
    return rasters, tuple(values.items())


def _input(own: str, value: Any, templates: Templates, place: str, depth: int) -> Any:
    if not own.endswith("s"):
        return _node(value, templates, place, depth + 1, Source())
    items = value if isinstance(value, list | tuple) else [value]
    if len(items) > MAX_INPUTS:
        raise InvalidRule(place, f"at most {MAX_INPUTS} rasters are allowed")
    return tuple(
        _node(item, templates, f"{place}[{index}]", depth + 1, Source()) for index, item in enumerate(items)
    )


def _read(reader: Any, value: Any, default: Any, place: str) -> Any:
    if value is None or value == "":
        return default
    try:
        return reader(value)
    except (ValueError, OverflowError, TypeError) as error:
        raise InvalidRule(place, str(error)) from error


def _output_type(value: Any, here: str) -> PixelType | None:
    if value is None or isinstance(value, PixelType):
        return value
    try:
        return PixelType(str(value).lower())
    except ValueError:
        raise InvalidRule(f"{here}.output_type", "it is no pixel type") from None


def _count(node: Node) -> int:
    return 1 + sum(_count(child) for child in children(node)) if isinstance(node, Call) else 0
