"""An open dataset to facts: coordinate system, bands, mask, colours, kind."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import numpy as np
from affine import Affine
from pyproj.exceptions import ProjError
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader

from proxy.config import ServiceConfig
from proxy.crs import WGS84, SpatialReference, reference, transformer
from proxy.errors import BadRequest, CannotOpen
from proxy.model import Colormap, DataKind, Extent, PixelType
from proxy.sources.base import AttributeTable, SourceInfo

_ELEVATION = re.compile(
    r"(^|[^a-z])(dem|dtm|dsm|elev(ation)?|srtm\d*|terrain|topo(graphy)?|bathymetry|etopo\d*|"
    r"gebco|lidar)([^a-z]|$)",
    re.IGNORECASE,
)
#: Steps of longitude between points along an edge of a raster around the earth, in degrees, with some room.
WHOLE_TURN_GAP = 20.0
_DATE_TAGS = ("ACQUISITIONDATE", "TIFFTAG_DATETIME")
_COLUMN_TYPES = {"0": "integer", "1": "real", "2": "text"}
#: GDAL's usage codes of attribute table columns, by the names that clients look for.
_COLUMN_NAMES = {"5": "Value", "1": "Count", "6": "Red", "7": "Green", "8": "Blue", "2": "ClassName"}


def describe(dataset: DatasetReader, config: ServiceConfig, version: str, way: str, why: str) -> SourceInfo:
    """Facts about an open dataset.

    Raises:
        CannotOpen: it has no bands, or nothing says where it lies.
    """
    crs = _crs(dataset)
    transform: Affine = dataset.transform
    extent = envelope(transform, dataset.width, dataset.height)
    names = _band_names(dataset, config)
    colormap = _colormap(dataset)
    mask_kind = _mask_kind(dataset, config)
    pixel_type = _pixel_type(dataset)
    interpretation = tuple(item.name for item in dataset.colorinterp)[: len(names)]
    table = attribute_table(dataset)
    block = dataset.block_shapes[0]
    return SourceInfo(
        version=version,
        crs=crs,
        extent=extent,
        width=dataset.width,
        height=dataset.height,
        transform=transform,
        pixel_size=(math.hypot(transform.a, transform.d), math.hypot(transform.b, transform.e)),
        pixel_type=pixel_type,
        band_names=names,
        color_interpretation=interpretation,
        nodata=_nodata(dataset, config),
        mask_kind=mask_kind,
        colormap=colormap,
        attribute_table=table,
        kind=config.kind or _kind(config, dataset, pixel_type, names, interpretation, colormap, table),
        level_sizes=(),
        block=(block[1], block[0]),
        driver=dataset.driver,
        compression=_compression(dataset),
        geographic_bounds=geographic_bounds(crs, transform, dataset.width, dataset.height),
        acquired=_acquired(dataset),
        way=way,
        why=why,
    )


def envelope(transform: Affine, width: int, height: int) -> Extent:
    """Envelope of a raster's corners in its own coordinate system."""
    corners = [transform @ corner for corner in ((0, 0), (width, 0), (0, height), (width, height))]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return Extent(min(xs), min(ys), max(xs), max(ys))


def geographic_bounds(
    crs: SpatialReference, transform: Affine, width: int, height: int
) -> tuple[float, float, float, float] | None:
    """West, south, east, north in degrees, east past 180 across the antimeridian; None off the earth."""
    if crs.is_geographic and crs == WGS84:
        west, south, east, north = envelope(transform, width, height).as_tuple()
        # Grids whose outer cells lie around the poles reach beyond them.
        return west, max(south, -90.0), east, min(north, 90.0)
    columns, rows = np.meshgrid(np.linspace(0, width, 21), np.linspace(0, height, 21))
    xs = transform.a * columns + transform.b * rows + transform.c
    ys = transform.d * columns + transform.e * rows + transform.f
    try:
        lon, lat = transformer(crs, WGS84).transform(xs, ys)
    except (BadRequest, ProjError):
        return None
    good = np.isfinite(lon) & np.isfinite(lat)
    if not good.any():
        return None
    unwrapped = _unwrapped(lon[good])
    south, north = float(lat[good].min()), float(lat[good].max())
    return float(unwrapped.min()), max(south, -90.0), float(unwrapped.max()), min(north, 90.0)


def _unwrapped(longitudes: Any) -> Any:
    """Longitudes without the largest gap between them: across 180 they go on beyond it."""
    ordered = np.sort(longitudes)
    gaps = np.diff(ordered)
    around = 360.0 - (ordered[-1] - ordered[0])
    if not gaps.size:
        return longitudes
    if around <= gaps.max() * 1.01 and gaps.max() <= WHOLE_TURN_GAP:
        # What seems to be missing is no wider than the steps between the points that were looked at.
        return np.array([-180.0, 180.0])
    if gaps.max() <= around:
        return longitudes
    after = ordered[int(gaps.argmax()) + 1]
    return np.where(longitudes < after, longitudes + 360.0, longitudes)


def _crs(dataset: DatasetReader) -> SpatialReference:
    if not dataset.count:
        names = ", ".join(str(name) for name in dataset.subdatasets[:4])
        raise CannotOpen("The file holds several rasters; name one of them as the source.", names)
    if dataset.crs is None:
        raise CannotOpen("The raster has no coordinate reference system, so it cannot be placed on a map.")
    if dataset.transform.is_identity:
        reason = "by rational polynomials only; orthorectify it first" if dataset.rpcs else "nowhere"
        raise CannotOpen(f"The raster has no georeference: its place is given {reason}.")
    finite = all(map(math.isfinite, dataset.transform[:6]))
    if min(dataset.width, dataset.height) < 1 or not finite or dataset.transform.is_degenerate:
        raise CannotOpen("The raster cannot be placed on a map: its pixels have no size.")
    system = _system(dataset.crs.to_wkt())
    if system.pyproj.is_geocentric:
        raise CannotOpen("The coordinates of the raster are geocentric, so it cannot be placed on a map.")
    return system


@lru_cache(maxsize=1024)
def _system(wkt: str) -> SpatialReference:
    # Kept, since PROJ may take a third of a second to find a code, and many files share few systems.
    guess = CRS.from_wkt(wkt).to_authority(confidence_threshold=70)
    try:
        found = reference(wkt)
        if guess is not None:
            # A code is easier on clients than WKT, but only where both mean the same.
            known = reference(":".join(guess))
            if known.pyproj.equals(found.pyproj, ignore_axis_order=True):
                return known
        return found
    except BadRequest as error:
        raise CannotOpen("The coordinate reference system of the raster is not understood.") from error


def _band_names(dataset: DatasetReader, config: ServiceConfig) -> tuple[str, ...]:
    count = dataset.count
    if config.bands:
        if len(config.bands) != count:
            raise CannotOpen(f"The configuration names {len(config.bands)} bands, the raster has {count}.")
        return config.bands
    colors = {"red": "Red", "green": "Green", "blue": "Blue", "alpha": "Alpha"}
    found = [
        description or colors.get(interpretation.name, f"Band_{index}")
        for index, (description, interpretation) in enumerate(
            zip(dataset.descriptions, dataset.colorinterp, strict=True), 1
        )
    ]
    return tuple(found)


def _colormap(dataset: DatasetReader) -> Colormap | None:
    try:
        entries = dataset.colormap(1)
    except ValueError:
        return None
    return Colormap(tuple((value, *rgba) for value, rgba in sorted(entries.items())))


def _mask_kind(dataset: DatasetReader, config: ServiceConfig) -> str:
    flags = dataset.mask_flag_enums[0]
    if config.nodata is not None:
        return "nodata"
    if dataset.count > 1 and ColorInterp.alpha in dataset.colorinterp:
        # Wherever it stands, and also beside a nodata value, which colours may have by chance.
        return "alpha"
    if _several_nodata(dataset):
        return "mask"
    if MaskFlags.nodata in flags:
        return "nodata"
    # No flag at all is a mask of the format's own, of several special values for instance.
    return "none" if MaskFlags.all_valid in flags else "mask"


def _nodata(dataset: DatasetReader, config: ServiceConfig) -> float | None:
    if config.nodata is not None:
        return config.nodata
    return None if _several_nodata(dataset) else dataset.nodata


def _several_nodata(dataset: DatasetReader) -> bool:
    """True where bands have nodata values of their own."""
    return len({repr(value) for value in dataset.nodatavals}) > 1


def _compression(dataset: DatasetReader) -> str:
    if dataset.driver.startswith("JP2"):
        # To say more GDAL would read the file once more, and hold up the whole process meanwhile.
        return "JPEG2000"
    return str(dataset.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION", "NONE"))


def _pixel_type(dataset: DatasetReader) -> PixelType:
    bits = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", "")
    if dataset.dtypes[0] == "uint8" and bits in ("1", "2", "4"):
        return PixelType(f"bit{bits}")
    if str(dataset.dtypes[0]).startswith("complex_int"):
        return PixelType.COMPLEX64
    return PixelType.of(np.result_type(*dataset.dtypes))


def _kind(
    config: ServiceConfig,
    dataset: DatasetReader,
    pixel_type: PixelType,
    names: tuple[str, ...],
    interpretation: tuple[str, ...],
    colormap: Colormap | None,
    table: AttributeTable | None,
) -> DataKind:
    if colormap or pixel_type.bits < 8 or (table and len(names) == 1):
        return DataKind.THEMATIC
    if pixel_type is PixelType.UINT8 and (interpretation[:3] == ("red", "green", "blue") or len(names) == 3):
        return DataKind.RGB
    hints = " ".join((config.name, config.title, str(dataset.name).rsplit("/", 1)[-1], names[0]))
    signed = pixel_type not in (PixelType.UINT8, PixelType.UINT32) and not pixel_type.is_complex
    if len(names) == 1 and signed and _ELEVATION.search(hints):
        return DataKind.ELEVATION
    return DataKind.GENERIC


def _acquired(dataset: DatasetReader) -> int | None:
    tags = dataset.tags()
    for name in _DATE_TAGS:
        text = tags.get(name, "").strip()
        for form in ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y:%m:%d %H:%M:%S", "%Y-%m-%d", "%Y%m%d"):
            try:
                moment = datetime.strptime(text[:19], form).replace(tzinfo=UTC)
            except ValueError:
                continue
            return int(moment.timestamp() * 1000)
    return None


def attribute_table(dataset: DatasetReader) -> AttributeTable | None:
    """The attribute table of the first band, from the `.aux.xml` side file."""
    for name in dataset.files:
        if not name.endswith(".aux.xml") or name.startswith("/vsi"):
            continue
        try:
            root = ElementTree.parse(name).getroot()
        except (OSError, ElementTree.ParseError):
            return None
        found = root.find("PAMRasterBand/GDALRasterAttributeTable")
        return None if found is None else _read_table(found)
    return None


def _read_table(element: ElementTree.Element) -> AttributeTable:
    columns: list[tuple[str, str]] = []
    for field in element.findall("FieldDefn"):
        usage = field.findtext("Usage", "0")
        name = field.findtext("Name") or _COLUMN_NAMES.get(usage, "Field")
        columns.append((name, _COLUMN_TYPES.get(field.findtext("Type", "2"), "text")))
    rows = [
        tuple(
            _cell(cell.text or "", kind) for cell, (_, kind) in zip(row.findall("F"), columns, strict=False)
        )
        for row in element.findall("Row")
    ]
    return AttributeTable(tuple(columns), tuple(rows))


def _cell(text: str, kind: str) -> int | float | str:
    if kind == "integer":
        return int(float(text or 0))
    return float(text or 0) if kind == "real" else text
