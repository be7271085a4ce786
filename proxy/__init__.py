"""cogproxy: Cloud Optimized GeoTIFFs for every map client."""

__version__ = "0.1.0"
