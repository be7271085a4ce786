"""Slices of real files through identify, getSamples and exportImage, beside what xarray reads."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from starlette.testclient import TestClient

from tests.doors import client_of
from tests.sources.cube.test_shared import FILES, Real, theirs

pytestmark = pytest.mark.shared

SERVICE = "/arcgis/rest/services/cube/ImageServer"
#: Places of one request.
PLACES = 40


def told(client: TestClient, path: str, **query: Any) -> Any:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
    found = client.get(f"{SERVICE}/{path}", params={"f": "json", **texts}).json()
    assert "error" not in found, found
    return found


def number_of(client: TestClient, variable: str, index: dict[str, int]) -> int:
    """Number of a slice, by its place along the dimensions as the service tells them."""
    known = told(client, "multidimensionalInfo")["multidimensionalInfo"]["variables"]
    dimensions = next(one for one in known if one["name"] == variable)["dimensions"]
    # Of each kind there is one, and the file's own order is that of the service.
    values = [one["values"][place] for one, place in zip(dimensions, index.values(), strict=True)]
    parts = [
        {"variableName": variable, "dimensionName": one["name"], "values": [value]}
        for one, value in zip(dimensions, values, strict=True)
    ]
    (found,) = told(client, "slices", multidimensionalDefinition=parts)["slices"]
    return int(found["sliceId"])


def written(value: float) -> str:
    return "NoData" if math.isnan(value) else str(value).removesuffix(".0")


@pytest.mark.parametrize("real", FILES, ids=lambda real: real.name)
def test_values_are_those_that_xarray_reads(shared: Path, real: Real) -> None:
    path = shared / "multidim" / real.name
    with client_of({"name": "cube", "source": str(path)}) as client:
        facts = told(client, "")
        e = facts["extent"]
        for variable in real.variables:
            for index in real.slices:
                wanted = theirs(path, real, variable, index)
                rows, columns = wanted.shape
                chosen = {"sliceId": str(number_of(client, variable, index))}
                answer = client.get(
                    f"{SERVICE}/exportImage",
                    params={
                        "f": "image", "format": "tiff", "size": f"{columns},{rows}", **chosen,
                        "bbox": f"{e['xmin']!r},{e['ymin']!r},{e['xmax']!r},{e['ymax']!r}",
                        "renderingRule": '{"rasterFunction":"None"}', "interpolation": "RSP_NearestNeighbor",
                        # Their pixels need not be square.
                        "adjustAspectRatio": "false",
                    },
                )  # fmt: skip
                with rasterio.open(io.BytesIO(answer.content)) as file:
                    values = np.ma.filled(file.read(1, masked=True).astype(wanted.dtype), np.nan)
                    place = file.transform
                assert np.array_equal(values, wanted, equal_nan=True)
                picks = np.linspace(0, wanted.size - 1, PLACES).astype(int)
                cells = [divmod(int(pick), columns) for pick in picks]
                points = [list(place @ (column + 0.4, row + 0.6)) for row, column in cells]
                samples = told(
                    client, "getSamples", geometry={"points": points, "spatialReference": {"wkid": 4326}},
                    geometryType="esriGeometryMultipoint", **chosen,
                )["samples"]  # fmt: skip
                found = {sample["locationId"]: sample["value"] for sample in samples}
                texts = [written(wanted.dtype.type(wanted[cell])) for cell in cells]
                assert [found.get(number, "NoData") for number in range(PLACES)] == texts
                for number in range(0, PLACES, 8):
                    x, y = points[number]
                    one = told(
                        client,
                        "identify",
                        geometry={"x": x, "y": y, "spatialReference": {"wkid": 4326}},
                        **chosen,
                    )
                    assert one["value"] == texts[number]
