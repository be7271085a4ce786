"""A cube of two variables behind the Esri face, and how it is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import xarray as xr
from starlette.testclient import TestClient

from tests.sources.cube.build import decoded, ocean

SERVICE = "/arcgis/rest/services/ocean_temperature/ImageServer"
#: Milliseconds of the times of the cube, and its heights.
MOMENTS = [978307200000 + days * 86_400_000 for days in (15, 105, 196, 288)]
DEPTHS = [0, -20, -100, -1000]
#: A place with water in every slice: longitude, latitude, and its row and column from the north and west.
PLACE, CELL = {"x": 180.5, "y": 2.5}, (21, 40)


def pair_of_variables() -> xr.Dataset:
    """Sea temperature, and the same in Kelvin without the last time."""
    found = decoded(ocean())
    kelvin = (found.temp.isel(time=slice(0, 3)) + 273.15).rename(time="day")
    return found.assign(kelvin=kelvin.astype("float32").assign_attrs(units="K", long_name="In Kelvin"))


def stored(data: xr.Dataset, folder: Path) -> dict[str, str]:
    """The configuration of a service of a dataset."""
    path = folder / "pair.nc"
    data.to_netcdf(path, engine="h5netcdf")
    return {"name": "ocean_temperature", "source": str(path)}


def asked(client: TestClient, operation: str, **query: Any) -> Any:
    """An answer; it is always one with status 200."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    answer = client.get(f"{SERVICE}/{operation}", params={"f": "json", **texts})
    assert answer.status_code == 200
    return answer


def told(client: TestClient, operation: str, **query: Any) -> Any:
    """A document that is no error."""
    found = asked(client, operation, **query).json()
    assert "error" not in found, found
    return found


def error_of(client: TestClient, operation: str, **query: Any) -> dict[str, Any]:
    """The error of an answer that is one."""
    error: dict[str, Any] = asked(client, operation, **query).json()["error"]
    assert error["code"] == 400
    return error


def define(variable: str, **values: Any) -> dict[str, Any]:
    """A mosaic rule of a definition."""
    parts = [
        {"variableName": variable, "dimensionName": name, "values": given, "isSlice": True}
        for name, given in values.items()
    ]
    return {"multidimensionalDefinition": parts or [{"variableName": variable}]}
