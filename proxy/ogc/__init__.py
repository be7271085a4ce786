"""The doors of the Open Geospatial Consortium."""
