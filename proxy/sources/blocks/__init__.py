"""Tiled GeoTIFFs read block by block: own directories, decoded blocks shared by all requests."""
