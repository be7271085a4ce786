"""Write docs/raster-functions.md from the registry: `python benchmarks/document_functions.py`.

With `pictures` behind it, the pictures of `benchmarks/function_pictures.json` are drawn anew as well, from
the rasters of the demo.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

from proxy.functions.palettes import PALETTE_NAMES
from proxy.functions.ramps import MAP_NAMES, RAMP_NAMES
from proxy.functions.refused import REASONS
from proxy.functions.registry import FUNCTIONS
from proxy.functions.signature import Argument, Function

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "raster-functions.md"
IMAGES = ROOT / "docs" / "images"
#: By function: the demo's raster, Web Mercator metres to a pixel, and the rule.
PICTURES: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("function_pictures.json").read_text("utf-8")
)
SIZE = (300, 180)
#: Bytes of a picture; its quality falls until it has no more.
HEAVIEST = 15_000

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
    if function.name in PICTURES:
        rule = json.dumps(PICTURES[function.name]["rule"])
        lines += [f"![{function.name}](images/{function.name}.webp)", "", f"`{rule}`", ""]
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


def draw() -> None:
    """Draw every picture, at the middle of its raster."""
    from proxy.app import read_renderings
    from proxy.config import parse
    from proxy.crs import WEB_MERCATOR, transformer
    from proxy.functions.parse import parse as parse_rule
    from proxy.model import EncodeOptions, Extent, Grid, ImageFormat, Interpolation, RenderRequest
    from proxy.render.pipeline import render_picture
    from proxy.services import Registry

    names = sorted({picture["source"] for picture in PICTURES.values()})
    listed = [{"name": name, "source": str(ROOT / "proxy" / "demo" / f"{name}.tif")} for name in names]
    registry = Registry(parse({"services": listed}, {}), read_renderings)
    IMAGES.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        service = registry.get(picture["source"])
        info = service.info
        x, y = transformer(info.crs, WEB_MERCATOR).transform(*info.extent.center)
        across, down = (side * picture["metres"] / 2 for side in SIZE)
        grid = Grid(WEB_MERCATOR, Extent(x - across, y - down, x + across, y + down), *SIZE)
        for quality in (75, 60, 45, 30, 15):
            request = RenderRequest(
                service=service.name, grid=grid, format=ImageFormat.WEBP,
                interpolation=Interpolation.BILINEAR, rule=parse_rule(picture["rule"]),
                options=EncodeOptions(quality=quality),
            )  # fmt: skip
            body = render_picture(service, service.source, request).body
            if len(body) <= HEAVIEST:
                break
        (IMAGES / f"{name}.webp").write_bytes(body)


if __name__ == "__main__":
    if "pictures" in sys.argv[1:]:
        draw()
    TARGET.write_text(document(), "utf-8")
