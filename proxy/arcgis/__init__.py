"""The Esri face: ArcGIS REST image services."""
