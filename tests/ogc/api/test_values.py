from __future__ import annotations

import pytest

from proxy.errors import InvalidParameter
from proxy.ogc.api import values


@pytest.mark.parametrize(
    ("text", "expected"), [("1", 1.0), ("-2.5", -2.5), ("1e3", 1000.0), (" .5 ", 0.5), ("+7.", 7.0)]
)
def test_numbers_are_plain_numbers(text: str, expected: float) -> None:
    assert values.number(text, "n") == expected


@pytest.mark.parametrize("text", ["", "nan", "inf", "-Infinity", "1e999", "0x10", "1_0", "1,2", "٣", "1 2"])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        values.number(text, "n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0xFF8000", (255, 128, 0)),
        ("0XfF8000", (255, 128, 0)),
        ("FF8000", (255, 128, 0)),
        ("#ff8000", (255, 128, 0)),
        ("RebeccaPurple", (102, 51, 153)),
        ("grey", (128, 128, 128)),
        ("", None),
    ],
)
def test_colours_are_hexadecimal_or_names_of_the_web(text: str, expected: values.RGB | None) -> None:
    assert values.color(text, "bgcolor") == expected


@pytest.mark.parametrize("text", ["0xFFF", "0xGGGGGG", "rgb(1,2,3)", "FF80000", "blu", "hsl(0,100%,50%)"])
def test_other_colours_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        values.color(text, "bgcolor")


def test_absent_values_are_none_and_wrong_ones_are_refused() -> None:
    assert values.flag("", "f") is None
    assert values.flag("True", "f") is True
    assert values.pixels(" ", "w") is None
    assert values.positive("", "s") is None
    for read, text in (
        (values.flag, "yes"), (values.pixels, "0"), (values.pixels, "9999999999"), (values.positive, "-1"),
    ):  # fmt: skip
        with pytest.raises(InvalidParameter):
            read(text, "n")
