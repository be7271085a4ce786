from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from starlette.testclient import TestClient

from proxy.selection import DimensionChoice, Selection
from proxy.services import Registry
from proxy.sources.base import Dimension, Variable
from proxy.sources.raster import RasterSource
from tests.conftest import DATA, DEMO, RasterMaker
from tests.doors import client_of

DEMOS = ("bluemarble", "elevation", "landcover", "sentinel2")
DAY = 86_400_000.0
Validator = Callable[[bytes], None]


@pytest.fixture(scope="package")
def client() -> Iterator[TestClient]:
    """The rasters of the demo, one of them in a folder, and one across the antimeridian."""
    services = [{"name": name, "source": str(DEMO / f"{name}.tif")} for name in DEMOS]
    services.append({"name": "dem/sierra", "source": str(DEMO / "elevation.tif"), "description": "A & B <c>"})
    services.append(
        {"name": "aleutians", "source": str(DATA / "antimeridian_utm60n_uint16.tif"), "attribution": "USGS"}
    )
    with client_of(*services) as found:
        yield found


@pytest.fixture(scope="package")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The schemas of the Open Geospatial Consortium, as MapProxy carries them for tests of its own."""
    spec = importlib.util.find_spec("mapproxy")
    assert spec is not None
    assert spec.origin is not None
    folder = tmp_path_factory.mktemp("schemas") / "schemas"
    shutil.copytree(Path(spec.origin).parent / "test" / "schemas", folder)
    # This copy has the error that the consortium has since corrected: row and column 0 are there.
    file = folder / "wmts/1.0/wmtsGetCapabilities_response.xsd"
    text, count = re.subn(
        r'(name="M(?:in|ax)Tile(?:Row|Col)" type=")positive', r"\1nonNegative", file.read_text()
    )
    assert count == 4
    file.write_text(text)
    return folder


class _Offline(etree.Resolver):
    """Whatever a schema includes from the web is an error."""

    def resolve(self, url: str, public: str, context: object) -> None:
        assert not url.startswith("http"), url


def _of(path: Path) -> Validator:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Offline())
    schema = etree.XMLSchema(etree.parse(path, parser))
    return lambda body: schema.assertValid(etree.fromstring(body))


@pytest.fixture(scope="package")
def wmts_schema(schemas: Path) -> Validator:
    return _of(schemas / "wmts/1.0/wmtsGetCapabilities_response.xsd")


@pytest.fixture(scope="package")
def ows_errors(schemas: Path) -> Validator:
    return _of(schemas / "ows/1.1.0/owsExceptionReport.xsd")


@pytest.fixture(scope="package")
def wms_schema(schemas: Path) -> Validator:
    return _of(schemas / "sld/1.1.0/sld_capabilities.xsd")


@pytest.fixture(scope="package")
def wms_errors(schemas: Path) -> Validator:
    return _of(schemas / "wms/1.3.0/exceptions_1_3_0.xsd")


def _dtd(path: Path) -> Validator:
    with path.open("rb") as file:
        definition = etree.DTD(file)

    def check(body: bytes) -> None:
        assert definition.validate(etree.fromstring(body)), definition.error_log.filter_from_errors()

    return check


@pytest.fixture(scope="package")
def wms_dtd(schemas: Path) -> Validator:
    return _dtd(schemas / "wms/1.1.1/capabilities_1_1_1.dtd")


@pytest.fixture(scope="package")
def wms_errors_dtd(schemas: Path) -> Validator:
    return _dtd(schemas / "wms/1.1.1/exception_1_1_1.dtd")


class Slices:
    """A source of two moments and two depths: each slice is a raster of one value."""

    def __init__(self, slices: dict[tuple[float, float], RasterSource]) -> None:
        self.slices = slices
        first = next(iter(slices.values()))
        self.location, self.crs, self.stale = first.location, first.crs, False
        times, depths = (tuple(sorted({key[axis] for key in slices})) for axis in (0, 1))
        time = Dimension("StdTime", "time", "", times)
        depth = Dimension("StdZ", "vertical", "m", depths, positive_down=True)
        variable = Variable("level", "", "m", (time, depth))
        self.info = replace(first.info, variables=(variable,), time=(int(times[0]), int(times[-1])))

    def normalised(self, selection: Selection) -> Selection:
        """The last moment, and the least depth, unless chosen."""
        defaults = {"StdTime": max(key[0] for key in self.slices), "StdZ": min(key[1] for key in self.slices)}
        chosen = {choice.name: choice for choice in selection.dimensions}
        dimensions = [chosen.get(n, DimensionChoice(n, ((value, value),))) for n, value in defaults.items()]
        return Selection(dimensions=tuple(sorted(dimensions, key=lambda choice: choice.name)))

    def at(self, selection: Selection) -> RasterSource:
        found = {choice.name: choice.values[0][0] for choice in self.normalised(selection).dimensions}
        return self.slices[found["StdTime"], found["StdZ"]]

    def close(self) -> None:
        pass


@pytest.fixture
def sliced(make_raster: RasterMaker) -> Iterator[TestClient]:
    """The service `cube`: values 10 and 20 of the first day, 30 and 40 of the second; half of it is empty."""
    values = {(0.0, 0.0): 10, (0.0, 50.0): 20, (DAY, 0.0): 30, (DAY, 50.0): 40}
    paths = {}
    for key, value in values.items():
        data = np.full((1, 64, 64), value, np.uint8)
        # The first day covers the west alone, the second all.
        data[:, :, 32:] = 0 if key[0] == 0.0 else value
        paths[key] = make_raster(f"{value}.tif", data, nodata=0)
    listed = [{"name": path.stem, "source": str(path)} for path in paths.values()]
    cube = {"name": "cube", "source": listed[0]["source"]}
    # Or a thread that opens it at the start may come after what is put in its place below.
    with client_of(cube, *listed, server={"open_at_start": False}) as client:
        registry: Registry = client.app.state.registry  # type: ignore[attr-defined]
        service = registry.get("cube")
        slices = {key: registry.get(path.stem).source for key, path in paths.items()}
        service._source = Slices(slices)  # type: ignore[arg-type, assignment]
        service._looked = float("inf")
        yield client
