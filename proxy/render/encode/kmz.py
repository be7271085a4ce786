"""KMZ: a picture draped over the globe."""

from __future__ import annotations

import io
import zipfile

from proxy.crs import WGS84
from proxy.errors import Unsupported
from proxy.model import EncodeOptions, Extent, Raster
from proxy.render.encode.png import png32

_DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2">
  <GroundOverlay>
    <name>Image</name>
    <Icon>
      <href>image.png</href>
    </Icon>
    <LatLonBox>
      <north>{north!r}</north>
      <south>{south!r}</south>
      <east>{east!r}</east>
      <west>{west!r}</west>
    </LatLonBox>
  </GroundOverlay>
</kml>
"""
#: The oldest time a zip can hold: equal pictures are to be equal bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


def kmz(raster: Raster, options: EncodeOptions) -> bytes:
    """A zip of `doc.kml` (KML 2.2) and the picture as PNG32.

    Raises:
        Unsupported: the grid is not in longitude and latitude on WGS 84.
    """
    if raster.grid.crs != WGS84:
        raise Unsupported("KMZ needs longitude and latitude (EPSG:4326).")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        _add(archive, "doc.kml", document(raster.grid.extent).encode(), zipfile.ZIP_DEFLATED)
        _add(archive, "image.png", png32(raster, options), zipfile.ZIP_STORED)
    return file.getvalue()


def document(extent: Extent) -> str:
    """The KML that places `image.png` over an extent in degrees."""
    west, south, east, north = (float(edge) for edge in extent.as_tuple())
    return _DOCUMENT.format(north=north, south=south, east=east, west=west)


def _add(archive: zipfile.ZipFile, name: str, body: bytes, method: int) -> None:
    archive.writestr(zipfile.ZipInfo(name, _TIME), body, method)
