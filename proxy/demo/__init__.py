"""Small real rasters served when nothing else is named."""
