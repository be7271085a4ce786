"""Plain values to trees: mappings and lists as they stand in a configuration, and as doors prepare them.

A node is written as

- `{"function": name, argument: value, ..., "output_type": type}`, or with the arguments in `"arguments"`;
- a list of such steps, each of which takes the one before it as its input;
- a name alone: of a template, else of a function, `none` for the source;
- a number: the same value everywhere; `{"item": 7}`: an item of the mosaic;
- nothing (None, an empty text or mapping), or `source`: the raster of the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.errors import InvalidRule
from proxy.functions import registry
from proxy.functions.refused import refusal
from proxy.functions.signature import Argument, Function, Kind, fold
from proxy.functions.tree import Call, Constant, Node, Source, depth, size, substitute
from proxy.functions.values import number_of, value_of
from proxy.model import PixelType

#: Most functions inside each other, and most functions and constants of a tree.
DEPTH, NODES = 16, 64

_RESERVED = frozenset({"function", "arguments", "outputtype"})


def parse(
    value: object,
    templates: Mapping[str, Node] | None = None,
    *,
    ignore_unknown: bool = False,
    path: str = "",
) -> Node:
    """Read a tree.

    Args:
        value: see the module.
        templates: trees by name; names are compared without case, and before those of functions. Arguments
            beside a name that is both mean the function; the input of a template replaces its source.
        ignore_unknown: True to overlook arguments that a function does not have.
        path: where `value` stands, for messages.

    Returns:
        A tree of at most `DEPTH` levels and `NODES` nodes, arguments complete and checked.

    Raises:
        InvalidRule: with the names of functions and arguments on the way to the fault.
    """
    return _Parser(templates or {}, ignore_unknown).node(value, path, Source(), 0)


class _Parser:
    """Knows the templates; `level` counts values inside each other."""

    def __init__(self, templates: Mapping[str, Node], ignore_unknown: bool) -> None:
        self.templates = {name.strip().lower(): node for name, node in templates.items()}
        self.ignore_unknown = ignore_unknown

    def node(self, value: object, path: str, given: Node, level: int) -> Node:
        """Tree of one value; `given` is the input where the value names none."""
        if level > DEPTH:
            raise InvalidRule(path, f"Functions are nested more than {DEPTH} deep.")
        if isinstance(value, Source | Constant | Call):
            return value
        if value is None or value == "" or value == {}:
            return given
        if isinstance(value, list | tuple):
            found = self.chain(value, path, given, level)
        elif isinstance(value, Mapping):
            found = self.mapping(value, path, given, level)
        else:
            found = self.word(value, path, given)
        if depth(found) > DEPTH or size(found) > NODES:
            raise InvalidRule(path, f"A tree has at most {DEPTH} levels and {NODES} functions.")
        return found

    def chain(self, steps: list[object] | tuple[object, ...], path: str, given: Node, level: int) -> Node:
        """Steps one after the other."""
        if len(steps) > NODES:
            raise InvalidRule(path, f"A chain has at most {NODES} steps.")
        for index, step in enumerate(steps):
            given = self.node(step, _join(path, str(index + 1)), given, level + 1)
        return given

    def word(self, value: object, path: str, given: Node) -> Node:
        """A number or a name."""
        number = number_of(value)
        if number is not None:
            return Constant(float(number))
        if not isinstance(value, str):
            raise InvalidRule(path, "A function is an object, a list or a name.")
        if value.strip().lower() == "source":
            return Source()
        return self.called(value, {}, path, given, 0)

    def mapping(self, value: Mapping[Any, Any], path: str, given: Node, level: int) -> Node:
        """A function with its arguments, or an item."""
        folded = {fold(str(key)): key for key in value}
        if set(folded) == {"item"}:
            item = number_of(value[folded["item"]])
            if not isinstance(item, int) or item < 0:
                raise InvalidRule(path, "An item is named by its number.")
            return Source(item)
        if "function" not in folded:
            raise InvalidRule(path, "There is no function in it.")
        name = value[folded["function"]]
        name = "none" if name is None else name
        arguments = value.get(folded.get("arguments", "arguments"))
        arguments = {} if arguments is None else arguments
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            raise InvalidRule(path, "A function has a name and a mapping of arguments.")
        inline = {str(key): value[key] for short, key in folded.items() if short not in _RESERVED}
        found = self.called(name, {**inline, **{str(k): v for k, v in arguments.items()}}, path, given, level)
        return _typed(found, value.get(folded.get("outputtype", "")), _join(path, name))

    def called(self, name: str, arguments: Mapping[str, Any], path: str, given: Node, level: int) -> Node:
        """A template or a function by name."""
        path = _join(path, name)
        key = name.strip().lower()
        function = registry.find(name)
        if key == "none":
            return self.input_of(arguments, path, given, level)
        if key in self.templates and not (function and self.has_own(function, arguments)):
            return substitute(self.templates[key], self.input_of(arguments, path, given, level))
        if function is None:
            raise InvalidRule(path, refusal(name) or "There is no such function.")
        return self.call(function, arguments, path, given, level)

    def has_own(self, function: Function, arguments: Mapping[str, Any]) -> bool:
        """True where arguments are given besides the input."""
        found = (function.by_name.get(fold(name)) for name in arguments)
        return any(argument is not None and argument is not function.input for argument in found)

    def input_of(self, arguments: Mapping[str, Any], path: str, given: Node, level: int) -> Node:
        """What a template is applied to."""
        for name, value in arguments.items():
            if fold(name) == "raster":
                return self.node(value, _join(path, name), given, level + 1)
            if not self.ignore_unknown:
                raise InvalidRule(_join(path, name), "A template takes no argument but a raster.")
        return given

    def call(
        self, function: Function, arguments: Mapping[str, Any], path: str, given: Node, level: int
    ) -> Call:
        """A function with its arguments in the order of its table."""
        written: dict[str, tuple[str, Any]] = {}
        for name, value in arguments.items():
            argument = function.by_name.get(fold(name))
            if argument is not None:
                written[argument.name] = (name, value)
            elif not self.ignore_unknown:
                raise InvalidRule(_join(path, name), f"{function.name} has no such argument.")
        found: list[tuple[str, Any]] = []
        for argument in function.arguments:
            name, value = written.get(argument.name, (argument.name, None))
            own = given if argument is function.input else Source()
            parsed = self.argument(argument, value, _join(path, name), own, level)
            if argument.is_raster or parsed != argument.default:
                found.append((argument.name, parsed))
        return Call(function.name, tuple(found))

    def argument(self, argument: Argument, value: Any, path: str, given: Node, level: int) -> Any:
        """Value of one argument; its default where nothing is given."""
        if argument.kind is Kind.RASTER:
            return self.node(value, path, given, level + 1)
        if argument.kind is Kind.RASTERS:
            return self.rasters(argument, value, path, given, level)
        if value is None or value == "":
            if argument.required:
                raise InvalidRule(path, "It must be given.")
            return argument.default
        try:
            return value_of(argument, value)
        except ValueError as error:
            raise InvalidRule(path, str(error)) from error

    def rasters(self, argument: Argument, value: Any, path: str, given: Node, level: int) -> tuple[Node, ...]:
        """Several inputs; a single one need not stand in a list."""
        several = list(value) if isinstance(value, list | tuple) and value else [value]
        if len(several) > argument.longest:
            raise InvalidRule(path, f"It takes at most {argument.longest} rasters.")
        return tuple(
            self.node(part, _join(path, str(i + 1)), given, level + 1) for i, part in enumerate(several)
        )


def _typed(node: Node, output_type: object, path: str) -> Node:
    if output_type is None or output_type == "":
        return node
    try:
        wanted = PixelType(str(output_type).lower())
    except ValueError:
        raise InvalidRule(path, f"'{str(output_type)[:40]}' is no pixel type.") from None
    if isinstance(node, Call) and node.output_type is None:
        return Call(node.function, node.arguments, wanted)
    return Call("identity", (("raster", node),), wanted)


def _join(path: str, name: str) -> str:
    return f"{path}.{name[:80]}" if path else name[:80]
