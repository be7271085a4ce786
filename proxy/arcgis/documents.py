"""Facts to the JSON documents of a service and of its simple child resources. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from proxy.arcgis import pixel_types
from proxy.arcgis.geometry import extent_document
from proxy.arcgis.spatial_reference import reference_document
from proxy.arcgis.vocabulary import FIELD_TYPES, PROCESSED, RESAMPLING_METHODS, SERVICE_DATA_TYPES
from proxy.config import LimitsConfig, MosaicConfig
from proxy.facts import Facts
from proxy.model import BandStatistics, Interpolation
from proxy.renderings import Rendering
from proxy.selection import MosaicMethod
from proxy.sources.base import AttributeTable
from proxy.sources.dimensions import TIME

Document = dict[str, Any]

#: Decides which requests clients make: everything of exporting, none of the later image-space calls.
CURRENT_VERSION, FULL_VERSION = 10.91, "10.9.1"
CAPABILITIES = ("Image", "Metadata", "Catalog", "Mensuration")
#: Files and megabytes of a download.
DOWNLOAD_FILES, DOWNLOAD_MEGABYTES = 20, 2048
MOSAIC_METHODS = "NorthWest,Center,LockRaster,ByAttribute,Nadir,Viewpoint,Seamline,None"
#: As the service's own member spells them.
METHOD_NAMES = {
    MosaicMethod.NONE: "None",
    MosaicMethod.CENTER: "Center",
    MosaicMethod.NADIR: "Nadir",
    MosaicMethod.VIEWPOINT: "Viewpoint",
    MosaicMethod.ATTRIBUTE: "ByAttribute",
    MosaicMethod.LOCK: "LockRaster",
    MosaicMethod.NORTHWEST: "Northwest",
    MosaicMethod.SEAMLINE: "Seamline",
}
TEXT_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Offers:
    """What a service does beyond pictures.

    Attributes:
        fields: of its catalog. Some clients search them without looking whether they are there.
        tiles: members that announce tiles, empty for none.
        download: the source file may be fetched.
        mosaic: of a service of many rasters, None for a single one.
        start_field, end_field: attributes that hold the time of an item; empty where there is none.
    """

    fields: list[Document]
    tiles: Document = field(default_factory=dict)
    download: bool = False
    mosaic: MosaicConfig | None = None
    start_field: str = ""
    end_field: str = ""


def service_document(
    name: str,
    description: str,
    attribution: str,
    facts: Facts,
    renderings: tuple[Rendering, ...],
    interpolation: Interpolation,
    limits: LimitsConfig,
    offers: Offers,
) -> Document:
    """The service resource. Members follow the order of the original, and none that clients need is null."""
    return {
        "currentVersion": CURRENT_VERSION,
        "serviceDescription": description,
        "name": name,
        "description": description,
        **_place(facts),
        "allowRasterFunction": True,
        "sortableFields": "",
        **_bands(facts),
        **_time(facts, offers),
        **_storage(facts),
        "allowCopy": True,
        "allowAnalysis": True,
        "minPixelSize": 0,
        "maxPixelSize": 0,
        "copyrightText": attribution,
        "serviceDataType": PROCESSED if facts.is_result else SERVICE_DATA_TYPES[facts.info.kind],
        **_catalog(offers),
        "defaultCompressionQuality": 75,
        "defaultResamplingMethod": RESAMPLING_METHODS[interpolation],
        "maxImageHeight": limits.max_height,
        "maxImageWidth": limits.max_width,
        "singleFusedMapCache": False,
        "minScale": 0,
        "maxScale": 0,
        "exportTilesAllowed": False,
        "hasHistograms": facts.has_histograms,
        "hasColormap": facts.colormap is not None,
        "hasRasterAttributeTable": facts.attribute_table is not None,
        "mensurationCapabilities": "Basic",
        "rasterFunctionInfos": function_infos(renderings),
        "rasterTypeInfos": [{"name": "Raster Dataset", "description": "Raster datasets", "help": ""}],
        "spatialReference": reference_document(facts.info.crs),
        **offers.tiles,
    }


def _place(facts: Facts) -> Document:
    extent = extent_document(facts.info.extent, facts.info.crs)
    return {"extent": extent, "initialExtent": extent, "fullExtent": extent}


def _bands(facts: Facts) -> Document:
    width, height = facts.info.pixel_size
    nodata = finite(facts.nodata)
    return {
        "bandCount": facts.band_count,
        "pixelType": pixel_types.code(facts.pixel_type),
        "minValues": _all_or_none(band.minimum for band in facts.statistics),
        "maxValues": _all_or_none(band.maximum for band in facts.statistics),
        "meanValues": _all_or_none(band.mean for band in facts.statistics),
        "stdvValues": _all_or_none(band.stddev for band in facts.statistics),
        "hasMultidimensions": bool(facts.info.variables),
        "pixelSizeX": width,
        "pixelSizeY": height,
        "bandNames": list(facts.band_names),
        "noDataValue": nodata,
        "noDataValues": None if nodata is None else [nodata] * facts.band_count,
    }


def _time(facts: Facts, offers: Offers) -> Document:
    """When there are data; without it clients do not send a time."""
    if facts.info.time is None:
        return {}
    start = offers.start_field or TIME
    return {
        "timeInfo": {
            "startTimeField": start,
            "endTimeField": offers.end_field or start,
            "timeExtent": list(facts.info.time),
            "timeReference": None,
        }
    }


def _storage(facts: Facts) -> Document:
    info = facts.info
    return {
        "datasetFormat": {"GTiff": "TIFF", "COG": "TIFF"}.get(info.driver, info.driver),
        "uncompressedSize": info.width * info.height * info.band_count * info.pixel_type.dtype.itemsize,
        "blockWidth": info.block[0],
        "blockHeight": info.block[1],
        "compressionType": "None" if info.compression == "NONE" else info.compression,
    }


def _catalog(offers: Offers) -> Document:
    rule = offers.mosaic
    kind = "Dataset" if rule is None else "MosaicDataset"
    method = MosaicMethod.NORTHWEST if rule is None else rule.method
    more = (("Download",) if offers.download else ()) + (("Tilemap",) if offers.tiles else ())
    return {
        "serviceSourceType": f"esriImageServiceSourceType{kind}",
        "objectIdField": "OBJECTID",
        "fields": offers.fields,
        "capabilities": ",".join((*CAPABILITIES, *more)),
        "defaultMosaicMethod": METHOD_NAMES[method],
        "allowedMosaicMethods": MOSAIC_METHODS,
        "sortField": rule.sort_field if rule else "",
        "sortValue": rule.sort_value if rule else None,
        "sortAscending": rule.ascending if rule else True,
        "mosaicOperator": rule.operation.capitalize() if rule else "First",
        "maxDownloadSizeLimit": DOWNLOAD_MEGABYTES if offers.download else 0,
        "maxRecordCount": 1000,
        "maxDownloadImageCount": DOWNLOAD_FILES if offers.download else 0,
        "maxMosaicImageCount": rule.max_items if rule else 20,
        "supportsStatistics": True,
        "supportsAdvancedQueries": True,
        "editFieldsInfo": None,
        "ownershipBasedAccessControlForRasters": None,
        "allowComputeTiePoints": False,
        "useStandardizedQueries": True,
        "advancedQueryCapabilities": {
            "useStandardizedQueries": True,
            "supportsStatistics": True,
            "supportsOrderBy": True,
            "supportsDistinct": True,
            "supportsPagination": True,
        },
    }


def finite(value: float | None) -> float | None:
    """The number, or None for what JSON cannot write."""
    return value if value is not None and math.isfinite(value) else None


def _all_or_none(values: Iterable[float]) -> list[float]:
    found = list(values)
    return found if all(map(math.isfinite, found)) else []


def function_infos(renderings: tuple[Rendering, ...]) -> list[Document]:
    """The service's renderings, the default first; clients ask for it unless its name is `None`."""
    return [{"name": r.name, "description": r.description or r.title, "help": ""} for r in renderings]


def function_infos_document(renderings: tuple[Rendering, ...], pictures: str) -> Document:
    """The resource of the same name.

    Args:
        pictures: address of the service's thumbnails. They are named rather than sent, since a layer does not
            load before this resource has answered.
    """
    return {
        "rasterFunctionInfos": [
            info | {"functionType": 0, "thumbnail": f"{pictures}?size=64&style={quote(info['name'])}"}
            for info in function_infos(renderings)
        ]
    }


def statistics_document(facts: Facts) -> Document:
    """Statistics of the bands, from the pixels that were looked at."""
    return {"statistics": statistics_documents(facts.statistics)}


def statistics_documents(bands: tuple[BandStatistics, ...]) -> list[Document]:
    """Statistics, one object for each band."""
    return [_statistics(band) for band in bands]


def _statistics(band: BandStatistics) -> Document:
    values = {
        "min": band.minimum,
        "max": band.maximum,
        "mean": band.mean,
        "standardDeviation": band.stddev,
        "median": band.median,
        "mode": band.mode,
        "count": band.count,
        "sum": band.mean * band.count,
    }
    return {name: found for name, value in values.items() if (found := finite(value)) is not None}


def histograms_document(facts: Facts) -> Document:
    """Histograms of the bands, an empty list where one is missing."""
    found = histogram_documents(facts.statistics)
    return {"histograms": found if len(found) == len(facts.statistics) else []}


def histogram_documents(bands: tuple[BandStatistics, ...]) -> list[Document]:
    """Histograms of those bands that have one."""
    return [
        {"size": len(h.counts), "min": h.minimum, "max": h.maximum, "counts": list(h.counts)}
        for h in (band.histogram for band in bands)
        if h is not None and math.isfinite(h.minimum) and math.isfinite(h.maximum)
    ]


def colormap_document(facts: Facts) -> Document:
    """Values with their red, green and blue; a value that is transparent has no entry."""
    entries = facts.colormap.entries if facts.colormap else ()
    return {"colormap": [list(entry[:4]) for entry in entries if entry[4]]}


def key_properties_document(facts: Facts) -> Document:
    """Names of the bands and the range of cell sizes."""
    info = facts.info
    finest = max(info.pixel_size)
    widths = [width for width, _ in info.level_sizes if width]
    properties: Document = {
        "ParentRasterType": "Raster Dataset",
        "BandProperties": [
            {"BandName": name, "SourceBandIndex": index} for index, name in enumerate(facts.band_names)
        ],
        "LowCellSize": finest,
        "HighCellSize": finest * info.width / min(widths) if widths else finest,
    }
    if info.acquired is not None:
        properties["AcquisitionDate"] = info.acquired
    return properties


def attribute_table_document(table: AttributeTable) -> Document:
    """Raster attribute table as a feature set."""
    names = [name for name, _ in table.columns]
    fields: list[Document] = [
        {"name": name, "alias": name, "type": FIELD_TYPES[kind], "domain": None}
        for name, kind in table.columns
    ]
    for column in fields:
        if column["type"] == FIELD_TYPES["text"]:
            column["length"] = TEXT_LENGTH
    own = next((index for index, name in enumerate(names) if name.upper() == "OBJECTID"), None)
    if own is None:
        fields.insert(
            0, {"name": "OBJECTID", "alias": "OBJECTID", "type": "esriFieldTypeOID", "domain": None}
        )
    else:
        fields[own]["type"] = "esriFieldTypeOID"
    features = []
    for number, row in enumerate(table.rows, 1):
        values = {n: finite(v) if isinstance(v, float) else v for n, v in zip(names, row, strict=False)}
        features.append({"attributes": values if own is not None else {"OBJECTID": number, **values}})
    key = "OBJECTID" if own is None else names[own]
    return {"objectIdFieldName": key, "fields": fields, "features": features}
