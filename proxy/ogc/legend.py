"""The legend of a rendering as a picture."""

from __future__ import annotations

import io
import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from proxy.errors import ImageTooLarge
from proxy.legends import RGB, Entry, Legend, LegendKind

#: Size of the legends that capabilities name, and the largest that may be asked for.
WIDTH, HEIGHT = 220, 160
LARGEST = 2000
#: Pixels of a row at most and at least, and around everything.
ROW, SMALLEST, EDGE = 20, 8, 4
#: Least width of a column of classes, and the size of the colour bar of a ramp.
COLUMN, BAR = 90, 24
INK, FRAME = (32, 32, 32, 255), (120, 120, 120, 255)


def legend_png(
    legend: Legend,
    width: int = WIDTH,
    height: int = HEIGHT,
    background: tuple[int, int, int] | None = (255, 255, 255),
) -> bytes:
    """A legend as RGBA PNG of exactly this size.

    Classes are drawn smaller, and in several columns, where there are many; where even the smallest do not
    fit, the last of them is an ellipsis.

    Args:
        legend: of the rendering.
        width: pixels. height: pixels.
        background: colour below the texts, None for none.

    Raises:
        ImageTooLarge: more than `LARGEST` pixels a side.
    """
    if width > LARGEST or height > LARGEST:
        raise ImageTooLarge(width, height, LARGEST, LARGEST)
    base = (255, 255, 255, 0) if background is None else (*background, 255)
    image = Image.new("RGBA", (width, height), base)
    draw = ImageDraw.Draw(image)
    if legend.kind is LegendKind.RAMP:
        _ramp(image, draw, legend)
    else:
        _rows(draw, width, height, _labelled(legend))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def natural_size(legend: Legend) -> tuple[int, int]:
    """Width and height in pixels at which nothing is drawn small."""
    if legend.kind is LegendKind.RAMP:
        return WIDTH, HEIGHT
    return WIDTH, max(2 * ROW, min(LARGEST, len(legend.entries) * ROW + 2 * EDGE))


def _labelled(legend: Legend) -> list[Entry]:
    if legend.kind is not LegendKind.COMPOSITE:
        return list(legend.entries)
    titles = ("Red", "Green", "Blue")
    return [
        Entry(f"{title}: {entry.label}", entry.color)
        for title, entry in zip(titles, legend.entries, strict=True)
    ]


def _rows(draw: ImageDraw.ImageDraw, width: int, height: int, entries: list[Entry]) -> None:
    inner = max(1, height - 2 * EDGE)
    most = max(1, (width - EDGE) // COLUMN)
    columns = next((n for n in range(1, most + 1) if math.ceil(len(entries) / n) * SMALLEST <= inner), most)
    rows = max(1, math.ceil(len(entries) / columns))
    row = max(SMALLEST, min(ROW, inner // rows))
    fitting = max(1, inner // row)
    if rows > fitting:
        rows = fitting
        entries = [*entries[: rows * columns - 1], Entry("…", (255, 255, 255))]
    across = (width - EDGE) // columns
    font = _font(max(6, round(row * 0.62)))
    for index, entry in enumerate(entries):
        left = EDGE + index // rows * across
        top = EDGE + index % rows * row
        side = row - 2
        if entry.label != "…":
            draw.rectangle((left, top, left + side, top + side), (*entry.color, 255), FRAME)
        place = left + side + 5, top + side / 2
        draw.text(place, _fitted(font, entry.label, across - side - 8), INK, font, anchor="lm")


def _ramp(image: Image.Image, draw: ImageDraw.ImageDraw, legend: Legend) -> None:
    """A bar from the greatest value at the top to the least, with both and the middle beside it."""
    tall = max(1, image.height - 2 * EDGE)
    colors: list[RGB] = list(legend.ramp) or [(0, 0, 0)]
    place = np.linspace(len(colors) - 1, 0, tall).round().astype(int)
    strip = np.array(colors, np.uint8)[place][:, None]
    wide = max(1, min(BAR, image.width - 2 * EDGE))
    bar = Image.fromarray(np.ascontiguousarray(np.repeat(strip, wide, axis=1)))
    image.paste(bar, (EDGE, EDGE))
    draw.rectangle((EDGE, EDGE, EDGE + wide - 1, EDGE + tall - 1), None, FRAME)
    font = _font(12)
    high, middle, low = _limits(legend)
    left, room = EDGE + wide + 6, image.width - wide - 2 * EDGE - 6
    for text, top, anchor in (
        (high, EDGE, "lt"),
        (middle, image.height / 2, "lm"),
        (low, image.height - EDGE, "lb"),
    ):
        draw.text((left, top), _fitted(font, text, room), INK, font, anchor=anchor)


def _limits(legend: Legend) -> tuple[str, str, str]:
    if legend.limits is None:
        return "High", "", "Low"
    low, high = legend.limits
    return f"{high:g}", f"{(low + high) / 2:g}", f"{low:g}"


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    # The font inside Pillow: the same picture on every machine.
    return ImageFont.load_default(size)


def _fitted(font: ImageFont.ImageFont | ImageFont.FreeTypeFont, text: str, room: float) -> str:
    """As much of a text as there is room for."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "…") > room:
        text = text[:-1]
    return text + "…" if text else ""
