"""Dimensions in words, and those of mosaics."""

from __future__ import annotations

from typing import Any, cast

import pytest

from proxy.catalog.base import Catalog, Field, FieldType, Value
from proxy.config.mosaic import MosaicConfig
from proxy.errors import CannotOpen
from proxy.model import PixelType
from proxy.sources.base import Dimension
from proxy.sources.dimensions import extent_text, moment, variables_of_mosaic

MAY, JUNE = 1525132800000, 1527811200000
FIELDS = (
    Field("Name", FieldType.TEXT),
    Field("AcquisitionDate", FieldType.DATE),
    Field("Depth", FieldType.REAL),
    Field("Run", FieldType.INTEGER),
)


class Items:
    """The attributes of some items."""

    def __init__(self, rows: list[dict[str, Value]], fields: tuple[Field, ...] = FIELDS) -> None:
        self.rows, self.fields = rows, fields

    def values(self, field: str) -> list[Value]:
        return sorted({row[field] for row in self.rows if row.get(field) is not None}, key=str)


def variables(items: Items, **dimensions: str) -> Any:
    config = MosaicConfig.model_validate({"source": "a", "dimensions": dimensions})
    return variables_of_mosaic(cast(Catalog, items), config, "scenes", PixelType.UINT16)


def test_dates_of_the_items_are_times_and_numbers_are_places() -> None:
    rows: list[dict[str, Value]] = [
        {"AcquisitionDate": date, "Depth": depth, "Run": 1} for date in (JUNE, MAY) for depth in (5.0, 2.5)
    ]
    (found,) = variables(Items(rows), StdTime="acquisitiondate", StdZ="Depth", run="Run")
    time, height, run = found.dimensions
    assert (found.name, found.pixel_type) == ("scenes", PixelType.UINT16)
    assert (time.name, time.kind, time.values) == ("StdTime", "time", (float(MAY), float(JUNE)))
    assert (height.name, height.kind, height.values) == ("StdZ", "vertical", (2.5, 5.0))
    assert (run.kind, run.values) == ("", (1.0,))


def test_no_dimensions_no_variables() -> None:
    assert variables(Items([{"AcquisitionDate": MAY}])) == ()
    assert variables(Items([]), StdTime="AcquisitionDate") == ()


@pytest.mark.parametrize(
    ("field", "words"), [("Cloud", "that no item has"), ("Name", "neither a number nor a date")]
)
def test_attributes_that_are_no_dimension(field: str, words: str) -> None:
    with pytest.raises(CannotOpen, match=words):
        variables(Items([]), StdTime=field)


@pytest.mark.parametrize(
    ("dimension", "text"),
    [
        (Dimension("z", "vertical", "m", (0.0, 10.0, 5.0)), "3 values from 0 m to 10 m"),
        (Dimension("z", "", "", (4.0,)), "4"),
        (
            Dimension("t", "time", "", (float(MAY), float(JUNE))),
            "2 values from 2018-05-01T00:00:00Z to 2018-06-01T00:00:00Z",
        ),
    ],
)
def test_words(dimension: Dimension, text: str) -> None:
    assert extent_text(dimension) == text


def test_moments_before_1970() -> None:
    assert moment(-62134279200000) == "0001-01-16T06:00:00Z"
    assert moment(-1) == "1969-12-31T23:59:59Z"
