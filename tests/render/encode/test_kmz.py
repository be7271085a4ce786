from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest

from proxy.errors import Unsupported
from proxy.model import ImageFormat
from proxy.render.encode import encode
from tests.render.encode import rasters as make

KML = "{http://www.opengis.net/kml/2.2}"


def test_places_the_picture() -> None:
    source = make.in_degrees(make.photo(), make.disc())
    with zipfile.ZipFile(io.BytesIO(encode(source, ImageFormat.KMZ).body)) as archive:
        assert archive.testzip() is None
        # Readers take the first KML of the archive.
        assert archive.namelist() == ["doc.kml", "image.png"]
        document = ElementTree.fromstring(archive.read("doc.kml"))
        picture = archive.read("image.png")
    assert document.tag == f"{KML}kml"
    overlay = document.find(f"{KML}GroundOverlay")
    assert overlay is not None
    assert [child.tag.removeprefix(KML) for child in overlay] == ["name", "Icon", "LatLonBox"]
    assert overlay.findtext(f"{KML}Icon/{KML}href") == "image.png"
    box = {child.tag.removeprefix(KML): float(child.text or "") for child in overlay[2]}
    assert box == {"north": 46, "south": 45, "east": 11, "west": 10}
    assert np.array_equal(make.pillow(picture), make.expected_rgba(source))


def test_gdal_opens_it(tmp_path: make.Any) -> None:
    path = tmp_path / "picture.kmz"
    source = make.in_degrees(make.photo(64, 64), make.disc(64, 64))
    path.write_bytes(encode(source, ImageFormat.KMZ).body)
    with make.rasterio.open(path) as file:
        assert (file.width, file.height) == (64, 64)
        assert np.allclose(file.bounds, (10, 45, 11, 46), atol=1e-9)
        assert np.array_equal(file.read(), np.moveaxis(make.expected_rgba(source), -1, 0))


def test_other_references_are_refused() -> None:
    with pytest.raises(Unsupported, match="EPSG:4326"):
        encode(make.raster(make.photo()), ImageFormat.KMZ)
