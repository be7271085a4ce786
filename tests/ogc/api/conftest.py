from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from jsonschema import Draft202012Validator
from PIL import Image
from referencing import Registry, Resource
from starlette.testclient import TestClient

from tests.conftest import DEMO
from tests.doors import client_of

SCHEMAS = Path(__file__).parents[1] / "schemas"

Checker = Callable[[Any, str], None]

#: The demo's rasters: degrees over the world, degrees in a folder, UTM, and Albers with a palette.
SERVICES: tuple[dict[str, Any], ...] = (
    {"name": "world", "source": str(DEMO / "bluemarble.tif"), "attribution": "NASA"},
    {
        "name": "dem/sierra",
        "title": "Sierra Nevada",
        "description": "Elevation",
        "source": str(DEMO / "elevation.tif"),
        "kind": "elevation",
        "renderings": [{"name": "shade", "rule": {"function": "hillshade"}}, {"name": "plain"}],
    },
    {"name": "scene", "source": str(DEMO / "sentinel2.tif"), "bands": ["Blue", "Green", "Red", "NIR"]},
    {"name": "classes", "source": str(DEMO / "landcover.tif")},
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The API over `SERVICES`."""
    with client_of(*SERVICES) as found:
        yield found


@pytest.fixture
def gappy(tmp_path: Path) -> Path:
    """20 x 20 degrees around 0, 0 in cells of a degree: 200 in the west, no data in the east."""
    import rasterio

    data = np.zeros((20, 20), np.uint8)
    data[:, :10] = 200
    path = tmp_path / "gappy.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 20, "width": 20, "dtype": "uint8", "nodata": 0}
    placed = Affine(1.0, 0.0, -10.0, 0.0, -1.0, 10.0)
    with rasterio.open(path, "w", crs="EPSG:4326", transform=placed, **profile) as file:
        file.write(data, 1)
    return path


@pytest.fixture(scope="session")
def checked() -> Checker:
    """Check a document against a schema by name."""
    documents = [json.loads(path.read_text("utf-8")) for path in SCHEMAS.glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )

    def check(document: Any, name: str) -> None:
        validator = Draft202012Validator({"$ref": f"urn:cogproxy:{name}"}, registry=registry)
        faults = [f"{list(e.absolute_path)}: {e.message}" for e in validator.iter_errors(document)]
        assert not faults, faults[:5]

    return check


def rgba(body: bytes) -> np.ndarray[Any, Any]:
    """Pixels of a picture: (rows, columns, 4)."""
    import io

    with Image.open(io.BytesIO(body)) as image:
        return np.asarray(image.convert("RGBA"))


def link(document: dict[str, Any], rel: str, media_type: str | None = None) -> dict[str, Any]:
    """The first link of a relation."""
    return next(
        item
        for item in document["links"]
        if item["rel"] == rel and (media_type is None or item.get("type") == media_type)
    )
