from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from proxy.errors import ImageTooLarge
from proxy.legends import Entry, Legend, LegendKind
from proxy.ogc.legend import legend_png, natural_size

RED, BLUE = (255, 0, 0), (0, 0, 255)


def drawn(legend: Legend, *size: int, **more: object) -> np.ndarray:  # type: ignore[type-arg]
    with Image.open(BytesIO(legend_png(legend, *size, **more))) as image:  # type: ignore[arg-type]
        assert image.size == size
        return np.asarray(image.convert("RGBA"))


def classes(count: int) -> Legend:
    colors = [(10 + index % 200, index // 200, 7) for index in range(count)]
    return Legend(LegendKind.CLASSES, tuple(Entry(f"class {i}", c, i) for i, c in enumerate(colors)))


@pytest.mark.parametrize(
    ("count", "size"), [(3, (220, 160)), (30, (220, 160)), (16, (60, 40)), (0, (50, 50))]
)
def test_every_class_that_fits_has_its_colour(count: int, size: tuple[int, int]) -> None:
    legend = classes(count)
    found = drawn(legend, *size)
    shown = sum((found[..., :3] == entry.color).all(axis=2).any() for entry in legend.entries)
    assert shown == count or size == (60, 40)
    assert size != (60, 40) or 2 <= shown < count


def test_natural_size_grows_with_the_classes() -> None:
    assert (
        natural_size(classes(5))[1] < natural_size(classes(20))[1] <= natural_size(classes(5000))[1] == 2000
    )


def test_a_ramp_runs_from_the_greatest_value_down() -> None:
    found = drawn(Legend(LegendKind.RAMP, (), (RED, BLUE), (0.0, 10.0)), 100, 100)
    assert found[8, 10, :3].tolist() == [0, 0, 255]
    assert found[-9, 10, :3].tolist() == [255, 0, 0]
    letters = found[:, 36:, :3].min(axis=2) < 128
    assert letters[:20].any()
    assert letters[40:60].any()
    assert letters[-20:].any()


def test_backgrounds() -> None:
    legend = Legend(LegendKind.COMPOSITE, (Entry("a", RED), Entry("b", (0, 255, 0)), Entry("c", BLUE)))
    assert drawn(legend, 90, 70, background=None)[-1, -1, 3] == 0
    assert drawn(legend, 90, 70, background=(1, 2, 3))[-1, -1].tolist() == [1, 2, 3, 255]


def test_a_legend_has_limits() -> None:
    with pytest.raises(ImageTooLarge):
        legend_png(classes(2), 3000, 10)
