"""Esri's words for formats, interpolations, compressions and kinds of data."""

from __future__ import annotations

from proxy.model import Compression, DataKind, ImageFormat, Interpolation

#: `format` of exportImage. What is not here is answered as jpgpng, as the original does.
FORMATS = {
    "jpgpng": ImageFormat.AUTO,
    "png": ImageFormat.PNG,
    "png8": ImageFormat.PNG8,
    "png24": ImageFormat.PNG24,
    "png32": ImageFormat.PNG32,
    "jpg": ImageFormat.JPEG,
    "jpeg": ImageFormat.JPEG,
    "bmp": ImageFormat.BMP,
    "gif": ImageFormat.GIF,
    "tiff": ImageFormat.TIFF,
    "tif": ImageFormat.TIFF,
    "bip": ImageFormat.BIP,
    "bsq": ImageFormat.BSQ,
    "lerc": ImageFormat.LERC,
}

#: Without the leading `RSP_`. The first four are Esri's own.
INTERPOLATIONS = {
    "bilinearinterpolation": Interpolation.BILINEAR,
    "cubicconvolution": Interpolation.CUBIC,
    "majority": Interpolation.MODE,
    "nearestneighbor": Interpolation.NEAREST,
    "bilinear": Interpolation.BILINEAR,
    "cubic": Interpolation.CUBIC,
    "nearest": Interpolation.NEAREST,
    "average": Interpolation.AVERAGE,
    "mean": Interpolation.AVERAGE,
    "minimum": Interpolation.MIN,
    "maximum": Interpolation.MAX,
}

#: `defaultResamplingMethod` of the service.
RESAMPLING_METHODS = {
    Interpolation.NEAREST: "Nearest",
    Interpolation.BILINEAR: "Bilinear",
    Interpolation.CUBIC: "Cubic",
    Interpolation.MODE: "Majority",
    Interpolation.AVERAGE: "Average",
    Interpolation.MIN: "Minimum",
    Interpolation.MAX: "Maximum",
}

#: `compression` of a TIFF; LZ77 is Deflate.
COMPRESSIONS = {
    "none": Compression.NONE,
    "lz77": Compression.DEFLATE,
    "deflate": Compression.DEFLATE,
    "lzw": Compression.LZW,
    "jpeg": Compression.JPEG,
    "lerc": Compression.LERC,
}

SERVICE_DATA_TYPES = {
    DataKind.ELEVATION: "esriImageServiceDataTypeElevation",
    DataKind.THEMATIC: "esriImageServiceDataTypeThematic",
    DataKind.RGB: "esriImageServiceDataTypeRGB",
    DataKind.GENERIC: "esriImageServiceDataTypeGeneric",
}
PROCESSED = "esriImageServiceDataTypeProcessed"

FIELD_TYPES = {
    "integer": "esriFieldTypeInteger",
    "real": "esriFieldTypeDouble",
    "text": "esriFieldTypeString",
}
