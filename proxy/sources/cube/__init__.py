"""Sources with variables and dimensions: netCDF, HDF5, Zarr and GRIB, one slice at a time."""
