from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree
from starlette.testclient import TestClient

from tests.conftest import DATA, DEMO
from tests.doors import client_of

DEMOS = ("bluemarble", "elevation", "landcover", "sentinel2")
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
