"""Where the items of mosaics are listed, and how catalogs are filled from there and kept up to date."""
