"""The forms of operations with many parameters, for their pages."""

from __future__ import annotations

from proxy.arcgis.call import Parameter

_FORMATS = ("jpgpng", "png", "png8", "png24", "png32", "jpg", "gif", "bmp", "tiff", "bip", "bsq", "lerc")
_PIXEL_TYPES = (
    "UNKNOWN",
    "U1",
    "U2",
    "U4",
    "U8",
    "S8",
    "U16",
    "S16",
    "U32",
    "S32",
    "F32",
    "F64",
    "C64",
    "C128",
)
_INTERPOLATIONS = ("BilinearInterpolation", "CubicConvolution", "Majority", "NearestNeighbor")

EXPORT_PARAMETERS = (
    Parameter("bbox", "xmin,ymin,xmax,ymax or an envelope as JSON"),
    Parameter("bboxSR", "code, WKT or JSON; the service's own when empty"),
    Parameter("imageSR", "of the picture; the service's own when empty"),
    Parameter("size", "columns,rows"),
    Parameter("adjustAspectRatio", "square pixels: the extent grows to fit", ("true", "false")),
    Parameter("format", "", _FORMATS),
    Parameter("pixelType", "", _PIXEL_TYPES),
    Parameter("noData", "one number, or one for each band"),
    Parameter("noDataInterpretation", "", ("", "esriNoDataMatchAny", "esriNoDataMatchAll")),
    Parameter("interpolation", "", ("", *(f"RSP_{name}" for name in _INTERPOLATIONS))),
    Parameter("compression", "of a TIFF", ("", "None", "LZ77", "LZW", "JPEG", "LERC")),
    Parameter("compressionQuality", "0 to 100, for JPEG"),
    Parameter("compressionTolerance", "greatest error, for LERC"),
    Parameter("lercVersion", "", ("", "1", "2")),
    Parameter("bandIds", "numbers of bands, from 0"),
    Parameter("renderingRule", "raster function as JSON"),
    Parameter("mosaicRule", "JSON"),
    Parameter("time", "milliseconds since 1970, or start,end"),
    Parameter("sliceId"),
    Parameter("validateExtent", "refuse boxes that leave the service", ("false", "true")),
)
