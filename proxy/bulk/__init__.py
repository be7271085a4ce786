"""Work on whole services: seeding of tiles, exports beyond one request, overviews of mosaics."""
