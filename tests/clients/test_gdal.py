"""GDAL's own clients against a real server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.conftest import DEMO

AGS = """<GDAL_WMS>
  <Service name="AGS">
    <ServerUrl>{base}/arcgis/rest/services/bluemarble/ImageServer/exportImage?f=image</ServerUrl>
    <SRS>EPSG:4326</SRS><ImageFormat>png24</ImageFormat><Layers></Layers>
  </Service>
  <DataWindow>
    <UpperLeftX>-180</UpperLeftX><UpperLeftY>90</UpperLeftY><LowerRightX>180</LowerRightX>
    <LowerRightY>-90</LowerRightY><SizeX>1350</SizeX><SizeY>675</SizeY>
  </DataWindow>
  <BandsCount>3</BandsCount>
</GDAL_WMS>"""

TMS = """<GDAL_WMS>
  <Service name="TMS"><ServerUrl>{base}/tiles/bluemarble/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service>
  <DataWindow>
    <UpperLeftX>-20037508.34</UpperLeftX><UpperLeftY>20037508.34</UpperLeftY>
    <LowerRightX>20037508.34</LowerRightX><LowerRightY>-20037508.34</LowerRightY>
    <TileLevel>2</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin>
  </DataWindow>
  <Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>
  <BandsCount>3</BandsCount>
</GDAL_WMS>"""


@pytest.mark.parametrize(("text", "size"), [(AGS, (1350, 675)), (TMS, (1024, 1024))], ids=["arcgis", "tms"])
def test_gdal_draws_through_its_wms_driver(
    server: str,
    tmp_path: Path,
    text: str,
    size: tuple[int, int],
    record_property: Callable[[str, object], None],
) -> None:
    if shutil.which("gdal_translate") is None:
        pytest.fail("gdal_translate is needed")
    said = subprocess.run(["gdal_translate", "--version"], capture_output=True, text=True, check=True).stdout
    record_property("version", said.removeprefix("GDAL ").split(",")[0])
    description, picture = tmp_path / "in.xml", tmp_path / "out.tif"
    description.write_text(text.format(base=server))
    command = ["gdal_translate", "-q", "--config", "GDAL_HTTP_TIMEOUT", "60", str(description), str(picture)]
    subprocess.run(command, check=True, timeout=300, cwd=tmp_path)
    with rasterio.open(picture) as file:
        assert (file.width, file.height) == size
        data = file.read().astype(int)
    assert data.std() > 30
    if size == (1350, 675):
        with rasterio.open(DEMO / "bluemarble.tif", overview_level=1) as file:
            # Both are the same overview; GDAL's cache tiles ask for it piece by piece.
            assert np.abs(data - file.read().astype(int)).mean() < 3
