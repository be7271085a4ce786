"""Draw an image service with QGIS: python3 ask_qgis.py URL PICTURE XMIN YMIN XMAX YMAX (degrees).

Run by the Python of the system, which has QGIS; prints what the layer says of itself as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("XDG_RUNTIME_DIR", str(Path(sys.argv[2]).parent))

from qgis.core import (  # type: ignore[import-not-found]
    Qgis,
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize  # type: ignore[import-not-found]

url, picture, *corners = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
reference = QgsCoordinateReferenceSystem("EPSG:4326")
uri = f"crs='EPSG:4326' format='PNG32' layer='' url='{url}'"
layer = QgsRasterLayer(uri, "service", "arcgismapserver")
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setOutputSize(QSize(256, 256))
settings.setDestinationCrs(reference)
settings.setExtent(QgsRectangle(*map(float, corners)))
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(picture)
extent = layer.extent()
sides = [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()]
print(json.dumps({"valid": layer.isValid(), "version": Qgis.QGIS_VERSION, "extent": sides}), flush=True)
# Qt's threads end badly without a desktop.
os._exit(0)
