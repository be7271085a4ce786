"""Write docs/raster-functions.md from the registry: `python benchmarks/document_functions.py`."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from proxy.functions.palettes import PALETTE_NAMES
from proxy.functions.ramps import MAP_NAMES, RAMP_NAMES
from proxy.functions.refused import REASONS
from proxy.functions.registry import FUNCTIONS
from proxy.functions.signature import Argument, Function

TARGET = Path(__file__).parents[1] / "docs" / "raster-functions.md"

HEAD = """# Raster functions

Generated from the registry by `python benchmarks/document_functions.py`; do not edit.

A rule is a function, or a chain of them, in `config.yaml` or in the `renderingRule` of an ArcGIS client.
Names of functions and arguments are compared without case, underscores and blanks: `BandIDs` is `band_ids`.
Codes may be given by number or by name. Every function takes `output_type` beside its arguments. The
**margin** is how many pixels beyond the picture a function looks at, so that tiles meet without seams.
"""


def default_of(argument: Argument) -> str:
    """Default as it stands in the table."""
    if argument.required:
        return "required"
    if argument.is_raster:
        return "the input"
    if argument.choices is not None:
        return f"{int(argument.default)} {argument.default.name.lower()}"
    if argument.default in (None, (), ""):
        return ""
    return f"{argument.default}".lower() if isinstance(argument.default, bool) else f"{argument.default}"


def kind_of(argument: Argument) -> str:
    """Type as it stands in the table, with its limits and codes."""
    text = argument.kind.value
    if argument.choices is not None:
        names = ", ".join(f"{int(member)} {member.name.lower()}" for member in argument.choices)
        return names if len(argument.choices) <= 31 else f"a code, {names}"
    if argument.minimum is not None and argument.maximum is not None:
        return f"{text}, {argument.minimum:g} to {argument.maximum:g}"
    return text if argument.minimum is None else f"{text}, {argument.minimum:g} or more"


def section(function: Function) -> str:
    """One function."""
    text = inspect.cleandoc(function.run.__doc__ or "")
    body, _, result = text.partition("\nReturns:\n")
    body = re.split(r"\n(?:Args|Raises):\n", body)[0].strip()
    result = re.split(r"\n\n?Raises:\n", result)[0]
    margin = function.margin if isinstance(function.margin, int) else "by its arguments"
    lines = [f"## {function.name}", "", function.summary, ""]
    if function.aliases:
        lines += [f"Also called {', '.join(f'`{name}`' for name in function.aliases)}.", ""]
    lines += [body, "", "| argument | also | type | default |", "|---|---|---|---|"]
    for argument in function.arguments:
        also = " ".join(f"`{name}`" for name in argument.aliases)
        lines.append(f"| `{argument.name}` | {also} | {kind_of(argument)} | {default_of(argument)} |")
    if result.strip():
        lines += ["", f"**Result:** {' '.join(result.split())}"]
    if margin:
        lines += ["", f"**Margin:** {margin}"]
    return "\n".join(lines) + "\n"


def document() -> str:
    """The whole document."""
    index = "\n".join(f"- [{f.name}](#{f.name}): {f.summary}" for f in FUNCTIONS)
    refused = "\n".join(f"| {', '.join(f'`{n}`' for n in names)} | {why} |" for why, names in REASONS)
    colors = (
        f"Ramps (`color_ramp_name`): {', '.join(RAMP_NAMES)}.\n\n"
        f"Maps, usable as ramps and as `colormap_name`, turned round with `_r`: {', '.join(MAP_NAMES)}.\n\n"
        f"Maps of `colormap_name` alone: {', '.join(PALETTE_NAMES)}.\n"
    )
    parts = [HEAD, index + "\n", *(section(function) for function in FUNCTIONS)]
    parts += ["## Colours by name\n", colors, "## Not offered\n"]
    parts += [
        "These names are known and refused, with this reason.\n\n| functions | why |\n|---|---|\n"
        + refused
        + "\n"
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(document(), "utf-8")
