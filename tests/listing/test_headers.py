from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from proxy.catalog.base import Asset, ItemRecord
from proxy.listing import headers
from proxy.listing.headers import Failed, Headers
from proxy.model import PixelType
from tests.conftest import DATA, RasterMaker
from tests.listing.support import FLAT, config_of, copies, listed, stac_item
from tests.listing.test_features import feature, write
from tests.range_server import RangeServer, range_server


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


def completed(*records: ItemRecord) -> list[ItemRecord | Failed]:
    config = config_of("x")
    return list(Headers(config.services[0], config).completed(records))


def plain(place: str, name: str = "a") -> ItemRecord:
    return ItemRecord(place, name, (Asset(place),))


def test_a_header_gives_the_facts(make_raster: RasterMaker) -> None:
    path = make_raster(
        "a.tif", np.zeros((2, 60, 80), np.uint16), nodata=9, overviews=[2, 4], names=("one", "two")
    )
    (found,) = completed(plain(str(path)))
    assert isinstance(found, ItemRecord)
    facts = found.facts
    assert facts is not None
    assert (facts.crs.epsg, facts.width, facts.height, facts.nodata) == (32633, 80, 60, 9)
    assert (facts.pixel_type, facts.band_names, facts.coarsest) == (
        PixelType.UINT16,
        ("one", "two"),
        (20, 15),
    )
    assert facts.transform.a == 10
    assert found.version


def test_a_date_in_the_header_counts_where_the_listing_has_none(make_raster: RasterMaker) -> None:
    import rasterio

    path = make_raster("a.tif", np.zeros((20, 20), np.uint8))
    with rasterio.open(path, "r+") as file:
        file.update_tags(TIFFTAG_DATETIME="2018:01:31 00:00:00")
    told = ItemRecord(
        "b", "b", (Asset(str(path)),), properties={"AcquisitionDate": 5}, dates=frozenset(["AcquisitionDate"])
    )
    found, kept = completed(plain(str(path)), told)
    assert isinstance(found, ItemRecord)
    assert isinstance(kept, ItemRecord)
    assert found.properties == {"AcquisitionDate": 1517356800000}
    assert found.dates == {"AcquisitionDate"}
    assert kept.properties == {"AcquisitionDate": 5}


def test_items_stay_in_order_and_those_that_fail_say_why(tmp_path: Path, server: RangeServer) -> None:
    copies(tmp_path, *(f"{index}.tif" for index in range(100)))
    records = [plain(str(tmp_path / f"{index}.tif"), str(index)) for index in range(100)]
    (tmp_path / "3.tif").write_bytes(b"II*\0 but nothing more")
    records[5] = plain(str(tmp_path / "absent.tif"), "5")
    records[7] = plain(str(DATA / "rpc_uint16.tif"), "7")
    records[9] = plain(server.url + "/absent.tif", "9")
    found = completed(*records)
    assert [item.record.name if isinstance(item, Failed) else item.name for item in found] == [
        str(index) for index in range(100)
    ]
    reasons = {item.record.name: item.reason for item in found if isinstance(item, Failed)}
    assert sorted(reasons) == ["3", "5", "7", "9"]
    assert reasons["5"] == "The source does not exist."
    assert "rational polynomials" in reasons["7"]
    assert reasons["9"] == "The source does not exist in its store."


def test_a_remote_header_costs_one_request(server: RangeServer) -> None:
    url = server.put("a.tif", (DATA / FLAT).read_bytes(), '"tag"')
    (found,) = completed(plain(url))
    assert isinstance(found, ItemRecord)
    assert found.version == '"tag"'
    assert len(server.log) == 1


def test_a_signature_goes_with_every_request(server: RangeServer) -> None:
    url = server.put("x/a%20b.tif?sig=a%2Fb&until=1", (DATA / FLAT).read_bytes(), '"tag"')
    found, unsigned = completed(plain(url), plain(url.partition("?")[0]))
    assert isinstance(found, ItemRecord)
    assert isinstance(unsigned, Failed)


def test_an_item_that_never_answers_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    released = threading.Event()
    opened = headers.open_raster

    def slow(service, config, handles):  # type: ignore[no-untyped-def]
        if service.source.endswith("a.tif"):
            released.wait()
        return opened(service, config, handles)

    monkeypatch.setattr(headers, "open_raster", slow)
    monkeypatch.setattr(headers, "PATIENCE", 0.2)
    first, second = completed(plain(str(tmp_path / "a.tif"), "a"), plain(str(tmp_path / "b.tif"), "b"))
    released.set()
    assert isinstance(first, Failed)
    assert first.reason == "The source did not answer in time."
    assert isinstance(second, ItemRecord)


def test_a_file_that_leads_on_is_found_out(tmp_path: Path) -> None:
    import rasterio

    copies(tmp_path, "a.tif")
    xml = f"""<VRTDataset rasterXSize="512" rasterYSize="512"><SRS>EPSG:3857</SRS>
      <GeoTransform>0, 1, 0, 0, 0, -1</GeoTransform><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
      <SourceFilename>{tmp_path}/a.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""
    (tmp_path / "b.tif").write_text(xml)
    (tmp_path / "b.vrt").write_text(xml)
    with rasterio.open(tmp_path / "b.tif") as file:
        assert file.driver == "VRT"
    hidden, open_one = completed(plain(str(tmp_path / "b.tif")), plain(str(tmp_path / "b.vrt")))
    assert isinstance(hidden, Failed)
    assert "leads on to others" in hidden.reason
    assert isinstance(open_one, ItemRecord)


def test_several_assets_are_one_item(make_raster: RasterMaker) -> None:
    from affine import Affine

    red = make_raster("red.tif", np.zeros((40, 40), np.uint8))
    swir = make_raster(
        "swir.tif", np.zeros((2, 20, 20), np.int16), transform=Affine(20, 0, 500000, 0, -20, 5800000)
    )
    other = make_raster("other.tif", np.zeros((20, 20), np.int16), crs="EPSG:32632")
    both = ItemRecord("a", "a", (Asset(str(swir), (1,), "swir"), Asset(str(red), None, "red")))
    far = ItemRecord("b", "b", (Asset(str(red)), Asset(str(other))))
    few = ItemRecord("c", "c", (Asset(str(red), (1,), "red"),))
    found, apart, less = completed(both, far, few)
    assert isinstance(found, ItemRecord)
    assert found.facts is not None
    assert (found.facts.width, found.facts.transform.a, found.facts.pixel_type) == (40, 10, PixelType.INT16)
    assert found.facts.band_names == ("swir", "red")
    assert isinstance(apart, Failed)
    assert "different coordinate" in apart.reason
    assert isinstance(less, Failed)
    assert less.reason == "The asset 'red' has 1 bands only."


def test_a_footprint_ends_where_the_raster_does(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    west = -61.57
    index = write(
        tmp_path / "c.geojson", feature({"file": "a.tif"}, west - 0.5), feature({"file": "b.tif"}, 50)
    )
    document = json.loads(index.read_text())
    document["features"][0]["geometry"] = {
        "type": "Polygon", "coordinates": [[[-62, 16], [-61, 16], [-61, 17], [-62, 17], [-62, 16]]],
    }  # fmt: skip
    index.write_text(json.dumps(document))
    within, outside = completed(*listed(index)[0])
    assert isinstance(within, ItemRecord)
    assert within.facts is not None
    assert within.footprint is not None
    # 512 pixels of 1.194 m in Mercator at this latitude.
    assert within.footprint.bounds[2] - within.footprint.bounds[0] == pytest.approx(
        512 * 1.1943280697 / 111319.49, rel=1e-6
    )
    assert isinstance(outside, ItemRecord)
    assert outside.footprint is None


def item_that_says_everything(name: str, west: float, **extra: Any) -> dict[str, Any]:
    """An item on the grid of `webp_no_overviews.tif`, whose footprint begins at a longitude."""
    item = stac_item(name, f"{name}.tif", **{
        "proj:epsg": 3857, "proj:shape": [512, 512],
        "proj:transform": [1.19, 0, -6853649.7, 0, -1.19, 1831431.2],
    })  # fmt: skip
    south, side = 16.22, 0.02
    ring = [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
        [west, south],
    ]
    item["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    item["assets"]["visual"] |= {"raster:bands": [{"data_type": "uint8"}] * 3, **extra}
    return item


def test_an_item_whose_listing_says_everything_is_not_opened(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    (tmp_path / "a.json").write_text(json.dumps(item_that_says_everything("a", -61.572)))
    (record,), _ = listed(tmp_path / "a.json")
    (tmp_path / "a.tif").unlink()
    (found,) = completed(record)
    assert found is record
    assert record.facts is not None


def test_a_footprint_in_a_listing_ends_where_the_raster_does(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    (tmp_path / "a.json").write_text(json.dumps(item_that_says_everything("a", -61.572)))
    (record,), _ = listed(tmp_path / "a.json")
    assert record.facts is not None
    assert record.footprint is not None
    west, _, east, _ = record.footprint.bounds
    assert (east - west) * 111319.49 == pytest.approx(512 * 1.19, rel=1e-6)


def test_a_grid_beside_the_footprint_is_not_believed(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif", "b.tif")
    (tmp_path / "a.json").write_text(json.dumps(item_that_says_everything("a", 20.0)))
    # In GDAL's order, as some have written it: pixels of thousands of kilometres.
    swapped = {"proj:transform": [-6853649.7, 1.19, 0, 1831431.2, 0, -1.19]}
    (tmp_path / "b.json").write_text(json.dumps(item_that_says_everything("b", -61.572, **swapped)))
    for name in ("a", "b"):
        (record,), _ = listed(tmp_path / f"{name}.json")
        assert record.facts is None
        (found,) = completed(record)
        assert isinstance(found, ItemRecord)
        assert found.facts is not None
        assert found.facts.transform.a == pytest.approx(1.1943280697)


def test_an_alternate_address_is_read_where_it_is_wanted(tmp_path: Path) -> None:
    copies(tmp_path, "near.tif")
    item = stac_item("a", "https://far.example.org/a.tif")
    item["assets"]["visual"]["alternate"] = {"s3": {"href": "near.tif"}}
    (tmp_path / "a.json").write_text(json.dumps(item))
    (record,), _ = listed(tmp_path / "a.json")
    assert record.assets[0].href == "https://far.example.org/a.tif"
    (record,), _ = listed(tmp_path / "a.json", alternates=["gs", "s3"])
    assert record.assets[0].href == str(tmp_path / "near.tif")
