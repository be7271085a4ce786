from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from proxy.catalog.base import Asset
from proxy.config import parse
from proxy.errors import CannotOpen
from proxy.sources.item_pool import ItemPool
from proxy.sources.leading import check_leads_nowhere, leads_on
from proxy.sources.pool import Pool
from proxy.sources.raster import Handle
from tests.conftest import DATA


def test_names_say_what_leads_on() -> None:
    assert leads_on("/data/a.vrt")
    assert leads_on("https://h/a.VRT?x=1")
    assert not leads_on("https://h/a.tif?x=a.vrt")


def test_a_format_that_leads_on_is_refused_under_another_name() -> None:
    with pytest.raises(CannotOpen):
        check_leads_nowhere("VRT", "/data/a.tif")
    check_leads_nowhere("VRT", "/data/a.vrt")
    check_leads_nowhere("GTiff", "/data/a.tif")


def test_an_item_that_leads_on_under_another_name_is_not_drawn(tmp_path: Path) -> None:
    shutil.copy(DATA / "webp_no_overviews.tif", tmp_path / "a.tif")
    band = '<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>{}</SourceFilename>'
    text = (
        '<VRTDataset rasterXSize="512" rasterYSize="512"><SRS>EPSG:3857</SRS>'
        "<GeoTransform>0, 1, 0, 0, 0, -1</GeoTransform>"
        + band.format(tmp_path / "a.tif")
        + "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for name in ("hidden.tif", "open.vrt"):
        (tmp_path / name).write_text(text)
    config = parse({"services": [{"name": "m", "mosaic": {"source": "x"}}]}, {})
    pool = ItemPool(config.services[0], config, Pool[Handle](1))
    with pytest.raises(CannotOpen, match="leads on"):
        pool.raster(Asset(str(tmp_path / "hidden.tif")))
    assert pool.raster(Asset(str(tmp_path / "open.vrt"))).info.driver == "VRT"
