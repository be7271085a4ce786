from __future__ import annotations

import math
from typing import Any

import pytest
from affine import Affine

from proxy.crs import reference
from proxy.listing.places import Refused
from proxy.listing.stac_assets import Chosen, bands_of, chosen_assets, facts_of
from proxy.model import PixelType

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
GRID = {"proj:epsg": 32633, "proj:shape": [100, 200], "proj:transform": [10, 0, 500000, 0, -10, 5800000]}


def asset(**members: Any) -> dict[str, Any]:
    return {"href": "a.tif", "type": COG, "roles": ["data"], **members}


def keys(assets: dict[str, Any], *wanted: str) -> list[tuple[str, tuple[int, ...] | None]]:
    return [(choice.key, choice.bands) for choice in chosen_assets(assets, wanted)]


def test_the_usual_asset_is_chosen_where_none_is_named() -> None:
    bands = {"B01": asset(), "B02": asset()}
    assert keys({**bands, "visual": asset()}) == [("visual", None)]
    assert keys({**bands, "Image": asset()}) == [("Image", None)]
    assert keys({"preview": asset(roles=["overview"]), **bands}) == [("B01", None)]
    assert keys({"a": asset(roles=[]), "b": asset()}) == [("b", None)]
    assert keys({"a": {"href": "https://h/a.TIF?x=1"}}) == [("a", None)]
    assert keys({"meta": {"href": "a.xml", "type": "text/xml"}, "a": asset(type="image/jp2")}) == [
        ("a", None)
    ]


@pytest.mark.parametrize(
    "assets",
    [{}, {"a": {"href": "a.json", "type": "application/json"}}, {"a": asset(roles=["thumbnail"])}, {"a": 3}],
)
def test_an_item_without_rasters_is_refused(assets: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="no asset"):
        chosen_assets(assets, ())


def test_assets_are_named_by_key_or_by_band() -> None:
    assets = {
        "red": asset(),
        "all": asset(**{"eo:bands": [{"name": "B1", "common_name": "blue"}, {"name": "B2"}, {"name": "B3"}]}),
        "new": asset(bands=[{"name": "swir", "eo:common_name": "swir16"}]),
    }
    assert keys(assets, "red") == [("red", None)]
    assert keys(assets, "B2", "blue", "red", "B3") == [("all", (1, 0)), ("red", None), ("all", (2,))]
    assert keys(assets, "swir16") == [("new", (0,))]
    with pytest.raises(Refused, match="no asset 'nir'"):
        chosen_assets(assets, ("red", "nir"))


def test_the_lists_of_bands_are_read_together() -> None:
    found = bands_of({"eo:bands": [{"name": "B1"}], "raster:bands": [{"data_type": "uint8"}, {"nodata": 0}]})
    assert found == [{"name": "B1", "data_type": "uint8"}, {"nodata": 0}]
    assert bands_of({"bands": "many"}) == []


@pytest.mark.parametrize(
    ("crs", "definition"),
    [
        ({"proj:epsg": 32633}, "EPSG:32633"),
        ({"proj:code": "EPSG:32633"}, "EPSG:32633"),
        ({"proj:wkt2": reference("EPSG:32633").wkt}, "EPSG:32633"),
        ({"proj:projjson": reference("EPSG:32633").pyproj.to_json_dict()}, "EPSG:32633"),
        ({"proj:code": "ESRI:54030", "proj:epsg": None}, "ESRI:54030"),
    ],
)
def test_an_item_that_says_everything_need_not_be_opened(crs: dict[str, Any], definition: str) -> None:
    choice = Chosen("a", asset(**{"raster:bands": [{"data_type": "uint16", "nodata": 0}]}))
    grid = {name: value for name, value in GRID.items() if name != "proj:epsg"}
    facts = facts_of({**grid, **crs}, [choice])
    assert facts is not None
    assert facts.crs.definition == definition
    assert (facts.width, facts.height, facts.pixel_type) == (200, 100, PixelType.UINT16)
    assert facts.transform == Affine(10, 0, 500000, 0, -10, 5800000)
    assert (facts.nodata, facts.band_names) == (0.0, ("a",))


def test_the_grid_of_an_asset_goes_before_that_of_the_item() -> None:
    bands = [{"name": "r", "data_type": "uint8"}, {"data_type": "uint8"}]
    own = asset(
        bands=bands, **{"proj:shape": [50, 100], "proj:transform": [20, 0, 500000, 0, -20, 5800000, 0, 0, 1]}
    )
    facts = facts_of(GRID, [Chosen("a", own)])
    assert facts is not None
    assert (facts.width, facts.transform.a, facts.band_names) == (100, 20.0, ("r", "Band_2"))
    # A shape of its own without a transform: that of the item would be another grid.
    own = asset(bands=bands, **{"proj:shape": [50, 100]})
    assert facts_of(GRID, [Chosen("a", own)]) is None
    box = {**GRID, "proj:bbox": [500000, 5799000, 502000, 5800000]}
    facts = facts_of(box, [Chosen("a", own)])
    assert facts is not None
    assert facts.transform == Affine(20, 0, 500000, 0, -20, 5800000)


def test_several_assets_are_one_item_on_the_finest_grid() -> None:
    fine = asset(data_type="uint16", nodata="nan", bands=[{"name": "B4"}])
    coarse = asset(
        data_type="float32",
        bands=[{}],
        **{"proj:shape": [50, 100], "proj:transform": [20, 0, 500000, 0, -20, 5800000]},
    )
    facts = facts_of(GRID, [Chosen("swir", coarse), Chosen("red", fine)])
    assert facts is not None
    assert (facts.width, facts.pixel_type, facts.band_names) == (200, PixelType.FLOAT32, ("swir", "B4"))
    assert facts.nodata is not None
    assert math.isnan(facts.nodata)


@pytest.mark.parametrize(
    "change",
    [
        {"proj:epsg": None}, {"proj:epsg": 999999}, {"proj:epsg": "none"}, {"proj:shape": None},
        {"proj:shape": [0, 5]}, {"proj:shape": [1.5, 5]}, {"proj:shape": "5"}, {"proj:transform": [0] * 6},
        {"proj:transform": [1, 0, 0, 0, 1, 0]}, {"proj:transform": [1, 2]}, {"proj:transform": None},
        {"proj:transform": [math.inf, 0, 0, 0, -1, 0]}, {"proj:transform": [True, 0, 0, 0, -1, 0]},
    ],
)  # fmt: skip
def test_an_item_that_leaves_something_open_is_opened(change: dict[str, Any]) -> None:
    choice = Chosen("a", asset(data_type="uint8", bands=[{}]))
    assert facts_of(GRID, [choice]) is not None
    assert facts_of({**GRID, **change}, [choice]) is None


@pytest.mark.parametrize("bands", [[], None, [{"data_type": "uint64"}], [{"name": "x"}]])
def test_without_types_of_pixels_it_is_opened_too(bands: Any) -> None:
    assert facts_of(GRID, [Chosen("a", asset(**{"raster:bands": bands}))]) is None
