"""Draw a layer of the wms provider with QGIS: python3 ask_qgis_ogc.py URI PICTURE CRS XMIN YMIN XMAX YMAX.

Run by the Python of the system, which has QGIS; prints what the layer says of itself as JSON. The corners are
x before y in the system that is drawn.
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
    QgsPointXY,
    QgsRaster,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize  # type: ignore[import-not-found]

uri, picture, code, *corners = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
layer = QgsRasterLayer(uri, "layer", "wms")
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setOutputSize(QSize(256, 256))
settings.setDestinationCrs(QgsCoordinateReferenceSystem(code))
box = QgsRectangle(*map(float, corners))
settings.setExtent(box)
job = QgsMapRendererSequentialJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(picture)
said = {
    "valid": layer.isValid(),
    "version": Qgis.QGIS_VERSION,
    "crs": layer.crs().authid(),
    "values": None,
}
provider = layer.dataProvider()
if provider is not None and "identify" in os.environ:
    found = provider.identify(QgsPointXY(box.center()), QgsRaster.IdentifyFormatText, box, 256, 256)
    said["values"] = [str(value) for value in found.results().values()]
print(json.dumps(said), flush=True)
# Qt's threads end badly without a desktop.
os._exit(0)
