"""Raster functions: arrays in, arrays out."""
