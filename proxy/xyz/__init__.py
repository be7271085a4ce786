"""The simplest door: XYZ tiles and TileJSON."""
