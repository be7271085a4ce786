"""Tasselled cap: brightness, greenness and wetness of Landsat images."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from proxy.errors import InvalidRule
from proxy.functions.convert import without_nan
from proxy.functions.signature import INPUT, Function, choice
from proxy.model import Raster


class Sensor(IntEnum):
    """Sensors with published coefficients for blue, green, red, near and two shortwave infrared bands."""

    LANDSAT_TM = 5
    LANDSAT_ETM = 7
    LANDSAT_OLI = 8


#: Rows brightness, greenness, wetness. Crist 1985; Huang et al. 2002; Baig et al. 2014.
COEFFICIENTS = {
    Sensor.LANDSAT_TM: (
        (0.2043, 0.4158, 0.5524, 0.5741, 0.3124, 0.2303),
        (-0.1603, -0.2819, -0.4934, 0.7940, -0.0002, -0.1446),
        (0.0315, 0.2021, 0.3102, 0.1594, -0.6806, -0.6109),
    ),
    Sensor.LANDSAT_ETM: (
        (0.3561, 0.3972, 0.3904, 0.6966, 0.2286, 0.1596),
        (-0.3344, -0.3544, -0.4556, 0.6966, -0.0242, -0.2630),
        (0.2626, 0.2141, 0.0926, 0.0656, -0.7629, -0.5388),
    ),
    Sensor.LANDSAT_OLI: (
        (0.3029, 0.2786, 0.4733, 0.5599, 0.5080, 0.1872),
        (-0.2941, -0.2430, -0.5424, 0.7276, 0.0713, -0.1608),
        (0.1511, 0.1973, 0.3283, 0.3407, -0.7117, -0.4559),
    ),
}


def tasseled_cap(raster: Raster, *, sensor: Sensor = Sensor.LANDSAT_OLI) -> Raster:
    """Brightness, greenness and wetness by the coefficients of a sensor.

    Args:
        raster: reflectances of the bands blue, green, red, near infrared and two of shortwave infrared, in
            this order; further bands are left out.
        sensor: whose coefficients are used.

    Returns:
        Three float32 bands.

    Raises:
        InvalidRule: there are fewer than six bands.
    """
    if raster.count < 6:
        raise InvalidRule("raster", f"Six bands are needed, it has {raster.count}.")
    bands = raster.data[:6].astype(np.float32)
    with np.errstate(all="ignore"):
        found = [
            sum(np.float32(weight) * band for weight, band in zip(row, bands, strict=True))
            for row in COEFFICIENTS[sensor]
        ]
    data, mask = without_nan(np.stack([np.asarray(band) for band in found]), raster.mask)
    return raster.with_data(data, mask=mask, band_names=("Brightness", "Greenness", "Wetness"))


FUNCTIONS = (
    Function(
        "tasseled_cap",
        tasseled_cap,
        "Brightness, greenness and wetness of Landsat images.",
        (INPUT, choice("sensor", Sensor.LANDSAT_OLI)),
    ),
)
