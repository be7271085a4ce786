"""Opening: what is a cube, what is missing or damaged, what has changed meanwhile."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from proxy.choices import slice_of
from proxy.errors import CannotOpen, CannotRead
from proxy.model import Window
from proxy.selection import Selection
from proxy.services import Service
from proxy.sources.blocks.places import SourceChanged
from proxy.sources.cube import versions
from proxy.sources.cube.cube import CubeSource
from proxy.sources.cube.formats import Format, format_of, is_zarr, suggests_cube
from proxy.sources.cube.libraries import MESSAGE
from proxy.sources.cube.versions import folder_version
from proxy.sources.location import locate
from proxy.sources.opening import current_version
from tests.conftest import DATA, DEMO
from tests.sources.cube.build import OCEAN, decoded, ocean, service_of

WHOLE = Window(0, 0, 90, 45)


@pytest.fixture
def hierarchy(tmp_path: Path) -> Path:
    path = tmp_path / "cube.zarr"
    data = ocean()
    data.temp.encoding["chunks"] = (1, 1, 45, 90)
    data.to_zarr(path, zarr_format=2, consolidated=True)
    return path


def cube_of(service: Service) -> CubeSource:
    source = service.source
    assert isinstance(source, CubeSource)
    return source


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 8, Format.HDF5),
        (b"\0" * 512 + b"\x89HDF\r\n\x1a\n", Format.HDF5),
        (b"CDF\x01\0\0", Format.CLASSIC),
        (b"CDF\x02\0\0", Format.CLASSIC),
        (b"TTAA00 CWAO\r\r\nGRIB\0\0\0\2", Format.GRIB),
        (b"II*\0", None),
        (b"", None),
    ],
)
def test_formats_by_their_first_bytes(head: bytes, form: Format | None) -> None:
    assert format_of(head) is form


def test_names_of_cubes(hierarchy: Path, tmp_path: Path) -> None:
    plain = tmp_path / "folder"
    shutil.copytree(hierarchy, plain)
    assert suggests_cube(locate(str(OCEAN)))
    assert suggests_cube(locate("s3://bucket/deep/cube.zarr"))
    assert suggests_cube(locate("https://host/a/forecast.grib2"))
    assert is_zarr(locate(str(plain)))
    assert is_zarr(locate("s3://bucket/cube.zarr/group"))
    for other in (
        f"netcdf:{OCEAN}:TEMP",
        str(DEMO / "elevation.tif"),
        str(tmp_path),
        str(tmp_path / "absent.nc"),
    ):
        assert not suggests_cube(locate(other))


def test_a_file_of_another_format_is_none_by_configuration_either() -> None:
    assert service_of(DATA / "alpha_rgba_uint8.tif", cube={}).failure == (
        "The source is none of netCDF, HDF5, Zarr and GRIB."
    )


def test_a_missing_library_says_how_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    assert service_of(OCEAN, cube={}).failure == MESSAGE
    assert "cogproxy[cubes]" in MESSAGE


def test_the_libraries_are_imported_by_cubes_only() -> None:
    code = "import sys, proxy.app; print({'zarr', 'h5netcdf', 'h5py'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.9, 0.999])
def test_a_truncated_file_cannot_be_opened(share: float, tmp_path: Path) -> None:
    path = tmp_path / "short.nc"
    content = OCEAN.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert service_of(path, cube={}).failure in (
        "The source could not be opened.",
        "The source is none of netCDF, HDF5, Zarr and GRIB.",
    )


# The library that reads it leaves the closing of a file that it refuses to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_truncated_classic_file_is_an_error_and_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "classic.nc"
    ocean().to_netcdf(path, engine="scipy", format="NETCDF3_64BIT")
    content = path.read_bytes()
    for share in (0.3, 0.8):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises((CannotOpen, CannotRead)):
            cube_of(service_of(path, cube={})).read(0, (0,), WHOLE)
        gc.collect()


def test_damaged_bytes_are_an_error_when_they_are_read(tmp_path: Path) -> None:
    """Compressed bytes in the middle of the file: the header still opens."""
    path = tmp_path / "damaged.nc"
    content = bytearray(OCEAN.read_bytes())
    content[60_000:120_000] = np.random.default_rng(1).bytes(60_000)
    path.write_bytes(bytes(content))
    source = cube_of(service_of(path, cube={}))
    sentences = set()
    for selection in _every_slice(source):
        try:
            source.at(selection).read(0, (0,), WHOLE)
        except CannotRead as error:
            sentences.add(error.message)
    assert sentences == {"The source could not be read."}


def _every_slice(source: CubeSource) -> list[Selection]:
    found = []
    for number in range(source.slices):
        variable, dimensions = slice_of(source.info, str(number))
        found.append(Selection(variable=variable, dimensions=dimensions))
    return found


def _damage(path: Path, change: Callable[[bytes], bytes]) -> int:
    pieces = sorted(path.glob("temp/*.*.*.*"))
    for piece in pieces:
        piece.write_bytes(change(piece.read_bytes()))
    return len(pieces)


@pytest.mark.parametrize(
    "change", [lambda data: data[: len(data) // 3], lambda data: b"\xff" * len(data), lambda _: b""]
)
def test_damaged_pieces_of_zarr_are_an_error(change: Callable[[bytes], bytes], hierarchy: Path) -> None:
    assert _damage(hierarchy, change) == 16
    with pytest.raises(CannotRead, match="could not be read"):
        cube_of(service_of(hierarchy)).read(0, (0,), WHOLE)


def test_damaged_documents_of_zarr_cannot_be_opened(hierarchy: Path) -> None:
    (hierarchy / ".zmetadata").write_text('{"zarr_form')
    # Each array has one of its own as well.
    assert service_of(hierarchy).failure is None
    (hierarchy / "temp" / ".zarray").write_text('{"zarr_form')
    assert service_of(hierarchy).failure == "The source could not be opened."


def test_absent_sources(tmp_path: Path) -> None:
    assert service_of(tmp_path / "absent.nc").failure == "The source does not exist."
    assert service_of(tmp_path / "absent.zarr", cube={}).failure == "The source does not exist."


def test_a_file_that_is_replaced_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "cube.nc"
    shutil.copy(OCEAN, path)
    service = service_of(path)
    old = cube_of(service)
    before = old.read(0, (0,), WHOLE)[0]
    fresh = tmp_path / "fresh"
    data = decoded(ocean())
    data["temp"] = data.temp + 1
    data.to_netcdf(fresh, engine="h5netcdf")
    fresh.replace(path)
    with pytest.raises(SourceChanged):
        # Not in the cache yet.
        old.at(_every_slice(old)[0]).read(0, (0,), WHOLE)
    assert old.stale
    new = cube_of(service)
    assert new is not old
    assert new.info.version != old.info.version
    after = new.read(0, (0,), WHOLE)[0]
    assert np.nanmin(after - np.where(before > -1e30, before, np.nan)) == pytest.approx(1, abs=1e-5)


def test_a_closed_source_is_one_that_has_changed() -> None:
    source = cube_of(service_of(OCEAN))
    source.close()
    with pytest.raises(SourceChanged):
        source.read(0, (0,), WHOLE)


def test_versions_of_a_folder(hierarchy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = folder_version(hierarchy)
    assert folder_version(hierarchy) == first
    piece = hierarchy / "temp" / "0.0.0.0"
    again = piece.with_name("new")
    again.write_bytes(piece.read_bytes())
    again.replace(piece)
    second = folder_version(hierarchy)
    assert second != first
    (hierarchy / ".zmetadata").write_text((hierarchy / ".zmetadata").read_text() + " ")
    assert folder_version(hierarchy) not in (first, second)
    monkeypatch.setattr(versions, "MOST_ENTRIES", 3)
    assert len(folder_version(hierarchy)) == 24


def test_the_version_of_a_service_is_that_of_the_whole_folder(hierarchy: Path) -> None:
    service = service_of(hierarchy)
    version = service.info.version
    assert version == current_version(service.source.location, service._whole, service.config)
    assert cube_of(service).at(_every_slice(cube_of(service))[0]).info.version == f"{version}/temp"


def test_no_folder_of_zarr(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="is no Zarr hierarchy"):
        folder_version(tmp_path)
