"""Functions that are known by name and not offered: why not, and what to use instead."""

from __future__ import annotations

from proxy.functions.signature import fold

_TRAINED = (
    "it applies a trained model, which this server does not hold. Classify offline and serve the result."
)
_SEGMENTS = "its segments depend on pixels far beyond the request. Segment offline and serve the result."
_SERIES = "it needs a whole series of rasters in time. Analyse offline and serve the result as a raster."
_WHOLE = "its result depends on the whole raster, not on the request. Run it offline and serve the result."
_POINTS = "it interpolates points. Interpolate offline and serve the raster."
_RADAR = "it needs the calibration of the sensor. Calibrate offline and serve the result."
_CODE = (
    "it would run code of the caller. Use 'expression', or the built-in aspect_slope, windchill, heat_index."
)
_ZONES = "it needs a raster of zones and their table. Use 'remap', or 'remap' with a table."
_PLACED = "the request decides the grid. Ask for the spatial reference and size beside the rule."
_DIMENSIONS = "single rasters have no dimensions. Name the variable of the source in the configuration."
_FEATURES = "features are not read. Burn them into a raster offline and serve it."
_LOCAL_SURFACE = "its adaptive windows are not published. Use 'slope', 'aspect', 'curvature' or 'contour'."
_MANY = "it needs several rasters of one place in a catalogue. Combine them offline, or use 'local' on bands."

_REASONS: dict[str, tuple[str, ...]] = {
    _TRAINED: ("classify", "ml_classify", "spectral_unmixing", "linear_spectral_unmixing"),
    _SEGMENTS: ("segment_mean_shift", "region_pixel_count", "region_grow"),
    _SERIES: (
        "ccdc",
        "land_trendr",
        "trend_analysis",
        "generate_trend",
        "trend",
        "predict_using_trend",
        "trend_to_rgb",
        "detect_change",
        "dimensional_moving_statistics",
        "interpolate_raster_by_dimension",
        "raster_collection",
        "simple_collection",
        "process_raster_collection",
        "multidimensional_raster",
    ),
    _WHOLE: (
        "gp_adapter",
        "boundary_clean",
        "buffered_raster",
        "buffered",
        "corridor",
        "cost_allocation",
        "cost_back_link",
        "cost_distance",
        "cost_path",
        "distance_accumulation",
        "distance_allocation",
        "euclidean_allocation",
        "euclidean_direction",
        "euclidean_distance",
        "expand",
        "fill",
        "flow_accumulation",
        "flow_direction",
        "flow_distance",
        "flow_length",
        "least_cost_path",
        "nibble",
        "optimal_path_as_raster",
        "region_group",
        "shrink",
        "sink",
        "snap_pour_point",
        "stream_link",
        "stream_order",
        "viewshed",
        "viewshed2",
        "watershed",
        "zonal_statistics",
        "swath",
    ),
    _POINTS: (
        "interpolate_irregular_data",
        "kernel_density",
        "point_density",
        "nearest_neighbor",
        "idw",
        "kriging",
    ),
    _RADAR: (
        "s1_radiometric_calibration",
        "s1_thermal_noise_removal",
        "radar_calibration",
        "sentinel1_radiometric_calibration",
        "sentinel1_thermal_noise_removal",
    ),
    _CODE: ("python_adapter", "python_raster_function"),
    _ZONES: ("zonal_remap",),
    _PLACED: ("reproject", "geometric", "orthorectification"),
    _DIMENSIONS: ("multidimensional_filter",),
    _LOCAL_SURFACE: ("surface_param", "surface_parameters"),
    _FEATURES: ("rasterize_features", "rasterize_feature_class", "rasterize_attributes"),
    _MANY: ("geometric_median", "mosaic_rasters_by_attribute"),
}

#: Sentences by folded name.
REFUSED: dict[str, str] = {fold(name): reason for reason, names in _REASONS.items() for name in names}

#: The table as it stands, for documentation: reason and names.
REASONS = tuple(_REASONS.items())


def refusal(name: str) -> str | None:
    """Why the function of that name is not offered, as a sentence; None where the name is not known.

    Tools that are named with the suffix of their toolbox, such as `Fill_sa`, are the tools themselves.
    """
    key = fold(name.removesuffix("_sa").removesuffix("_ia"))
    reason = REFUSED.get(key)
    return None if reason is None else f"This function is not offered: {reason}"
