"""GRIB files: messages written by GDAL from real temperatures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.shutil import copy

from proxy.errors import CannotOpen, CannotRead, InvalidParameter
from proxy.model import Window
from proxy.render.point import point_values
from proxy.selection import DimensionChoice, Selection, TimeSpan
from proxy.services import Service
from proxy.sources.base import Source
from tests.sources.cube.build import chosen, decoded, ocean, service_of, tiff

#: First moment of the forecast, epoch milliseconds, and an hour.
START, HOUR = 1603756800000, 3_600_000
HEIGHT, PRESSURE = 103, 100

#: Parameter (category, number), kind and height of the level, hours of the forecast.
Message = tuple[tuple[int, int], int, int, int]
TEMPERATURES: list[Message] = [
    ((0, 0), HEIGHT, height, hours) for hours in (0, 6, 12) for height in (10, 100)
]


def grib(path: Path, messages: list[Message], transform: Affine | None = None) -> np.ndarray:  # type: ignore[type-arg]
    values = decoded(ocean()).temp.values[:, :2].reshape(-1, 45, 90)[:, ::-1]
    values = np.roll(np.where(np.isnan(values), 9999, values).astype(np.float32), -40, axis=2)
    plain = path.with_suffix(".tif")
    with rasterio.open(
        plain, "w", driver="GTiff", count=len(messages), width=90, height=45, dtype="float32", nodata=9999,
        crs="EPSG:4326", transform=transform or Affine(4, 0, -180, 0, -4, 90),
    ) as file:  # fmt: skip
        for number, (parameter, kind, height, hours) in enumerate(messages, 1):
            file.write(values[(number - 1) % len(values)], number)
            template = f"{parameter[0]} {parameter[1]} 2 0 96 0 0 0 1 0 0 0 {hours} {kind} 0 0 0 0 {height}"
            file.update_tags(
                number,
                GRIB_DISCIPLINE="0",
                GRIB_IDS="CENTER=7 SUBCENTER=0 MASTER_TABLE=4 LOCAL_TABLE=0 SIGNF_REF_TIME=1 "
                "REF_TIME=2020-10-27T00:00:00Z PROD_STATUS=0 TYPE=1",
                GRIB_PDS_PDTN="0",
                GRIB_PDS_TEMPLATE_NUMBERS=template + " 255" * 6,
            )
    copy(plain, path, driver="GRIB", DATA_ENCODING="COMPLEX_PACKING", DECIMAL_SCALE_FACTOR=3)
    with rasterio.open(path) as file:
        return file.read()  # type: ignore[no-any-return]


@pytest.fixture
def forecast(tmp_path: Path) -> tuple[Service, np.ndarray]:  # type: ignore[type-arg]
    path = tmp_path / "forecast.grib2"
    values = grib(path, TEMPERATURES)
    return service_of(path), values


def test_messages_become_a_variable_with_times_and_levels(forecast: tuple[Service, object]) -> None:
    info = forecast[0].info
    (variable,) = info.variables
    time, level = variable.dimensions
    assert (variable.name, variable.description, variable.unit) == ("TMP", "Temperature", "C")
    assert (time.kind, time.values) == ("time", (START, START + 6 * HOUR, START + 12 * HOUR))
    assert (level.kind, level.values, level.unit, level.positive_down) == ("vertical", (10, 100), "m", False)
    assert level.description == "Specified height level above ground"
    assert (info.driver, info.way, info.time) == ("GRIB", "cube", (START, START + 12 * HOUR))


def test_every_slice_is_the_band_that_gdal_reads(forecast: tuple[Service, np.ndarray]) -> None:  # type: ignore[type-arg]
    service, values = forecast
    for number, (_, _, height, hours) in enumerate(TEMPERATURES):
        selection = chosen(service, time=START + hours * HOUR, level=height)
        wanted = np.where(values[number] == 9999, np.nan, values[number])
        assert np.isfinite(wanted).sum() > 1000
        assert np.array_equal(tiff(service, selection), wanted, equal_nan=True)
        part = service.source.at(selection)
        for row, column in ((3, 5), (22, 40), (30, 80)):
            place = part.info.transform @ (column + 0.5, row + 0.5)
            one = wanted[row, column]
            assert point_values(part, place, part.crs) == [None if np.isnan(one) else one]


def test_of_a_span_of_time_the_latest(forecast: tuple[Service, object]) -> None:
    source = forecast[0].source
    found = source.normalised(Selection(time=TimeSpan(START, START + 7 * HOUR)))
    assert found.dimensions == (
        DimensionChoice("level", ((10.0, 10.0),)),
        DimensionChoice("time", ((START + 6 * HOUR,) * 2,)),
    )


def test_levels_of_two_kinds_are_two_variables_and_gaps_are_told(tmp_path: Path) -> None:
    path = tmp_path / "mixed.grib2"
    gap = [message for message in TEMPERATURES if message[2:] != (100, 12)]
    grib(path, [*gap, ((0, 0), PRESSURE, 850, 0), ((1, 1), HEIGHT, 2, 0), ((1, 1), HEIGHT, 2, 6)])
    service = service_of(path)
    names = [variable.name for variable in service.info.variables]
    assert names == ["TMP_HTGL", "TMP_ISBL", "RH"]
    with pytest.raises(InvalidParameter, match="no slice for these values together"):
        service.source.normalised(
            Selection(
                variable="TMP_HTGL",
                time=TimeSpan(START + 12 * HOUR, None),
                dimensions=(DimensionChoice("level", ((100.0, 100.0),)),),
            )
        )
    assert service.source.at(Selection()).info.acquired == START + 12 * HOUR
    assert service_of(path, cube={"variables": ["rh"]}).info.variables[0].name == "RH"
    assert "'snow', which is not in the source" in str(service_of(path, cube={"variables": "snow"}).failure)


def test_messages_for_the_same_time_and_level_are_members(tmp_path: Path) -> None:
    path = tmp_path / "members.grib2"
    grib(path, [((0, 0), HEIGHT, 2, hours) for hours in (0, 0, 0, 6, 6, 6)])
    dimensions = service_of(path).info.variables[0].dimensions
    assert [(each.name, len(each.values)) for each in dimensions] == [
        ("time", 2),
        ("level", 1),
        ("member", 3),
    ]


def test_one_message_alone_is_read_by_gdal_as_before(tmp_path: Path) -> None:
    path = tmp_path / "one.grib2"
    grib(path, TEMPERATURES[:1])
    assert service_of(path).info.way == "window"
    assert service_of(path, cube={}).info.way == "cube"


@pytest.mark.parametrize("share", [0.01, 0.4, 0.7, 0.99])
def test_a_truncated_file_cannot_be_opened(tmp_path: Path, share: float) -> None:
    path = tmp_path / "short.grib2"
    grib(path, TEMPERATURES)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert service_of(path, cube={}).failure.startswith("The source could not be opened.")


def test_a_damaged_message_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "damaged.grib2"
    grib(path, TEMPERATURES)
    content = bytearray(path.read_bytes())
    # Packed values have no checksum: what tells is how they are packed, in the section before them.
    place = _section(content, 5)
    content[place + 5 : place + 11] = b"\xff" * 6
    path.write_bytes(bytes(content))

    def read() -> None:
        source = service_of(path, cube={}).source
        source.at(chosen_first(source)).read(0, (0,), Window(0, 0, 90, 45))  # type: ignore[attr-defined]

    with pytest.raises((CannotOpen, CannotRead), match="The source could not be"):
        read()


def _section(content: bytes | bytearray, number: int) -> int:
    """Where a section of the first message begins."""
    place = 16
    while content[place + 4] != number:
        place += int.from_bytes(content[place : place + 4], "big")
    return place


def chosen_first(source: Source) -> Selection:
    first = source.info.variables[0].dimensions[0].values[0]
    return Selection(dimensions=(DimensionChoice("time", ((first, first),)),))


def test_what_gdal_does_not_open_says_which_grids_are_read(tmp_path: Path) -> None:
    path = tmp_path / "spectral.grib2"
    path.write_bytes(b"GRIB" + bytes(200))
    failure = str(service_of(path).failure)
    assert "spherical harmonics are not read" in failure
    assert "spherical harmonics" not in str(service_of(tmp_path / "absent.grib2").failure)
