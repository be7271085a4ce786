"""Remote files that GDAL reads: whatever waits for the store lets the rest of the process go on meanwhile.

The store is a thread of this process. Were the interpreter held during a request to it, it could not answer,
and the request would end in an error after `GDAL_HTTP_TIMEOUT`: so these tests fail where anything holds it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rasterio.io import MemoryFile
from rasterio.shutil import copy

from proxy.config import Config
from proxy.model import Window
from proxy.services import Registry
from proxy.sources.base import Readable
from tests.conftest import DEMO
from tests.range_server import RangeServer, range_server

HEIGHTS = DEMO / "elevation.tif"
DRIVERS = {
    "JP2OpenJPEG": ".jp2", "HFA": ".img", "NITF": ".ntf", "VICAR": ".vic", "ISIS3": ".cub",
    "BT": ".bt", "USGSDEM": ".dem",
}  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    monkeypatch.setenv("GDAL_HTTP_TIMEOUT", "5")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")
    with range_server() as running:
        yield running


@pytest.mark.parametrize("name", ["a{}", "a", "a.dat", "a{}?signature=x%2Fy.z"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_nothing_that_waits_holds_up_the_others(server: RangeServer, driver: str, name: str) -> None:
    with MemoryFile(ext=DRIVERS[driver]) as memory:
        try:
            copy(HEIGHTS, memory.name, driver=driver)
        except Exception as error:
            pytest.skip(f"GDAL cannot write it here: {error}")
        url = server.put(name.format(DRIVERS[driver]), bytes(memory.getbuffer()))
    config = Config.model_validate({"services": [{"name": "a", "source": url}]})
    service = Registry(config, lambda _: ()).get("a")
    assert service.failure is None
    source = service.source
    assert isinstance(source, Readable)
    assert source.info.way == "window"
    data, _ = source.read(0, (0,), Window(64, 64, 32, 16))
    assert data.shape == (1, 16, 32)
    assert len(set(data.ravel().tolist())) > 5
    # Once it is open nothing is looked for beside it, at no other place of the picture either.
    server.log.clear()
    source.read(0, (0,), Window(900, 900, 32, 16))
    assert {request.path for request in server.log} == {"/" + url.rpartition("/")[2]}
    service.close()
