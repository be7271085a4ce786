"""Opens netCDF, HDF5 and Zarr with xarray, local and remote, and reads parts of their variables."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from typing import Any

from obstore.store import from_url

from proxy.config import CredentialsConfig
from proxy.errors import CannotOpen
from proxy.model import Array
from proxy.sources.attempts import TRIES, tried
from proxy.sources.blocks.places import LocalPlace, RemotePlace, SourceChanged
from proxy.sources.cube.formats import Format
from proxy.sources.cube.layers import Key
from proxy.sources.cube.libraries import hdf5_filters, library
from proxy.sources.location import Location
from proxy.sources.remote import object_store, store_options

log = logging.getLogger(__name__)

#: Largest remote file of classic netCDF: it cannot be read in parts and is fetched as a whole.
WHOLE_BYTES = 256 << 20

_ENGINES = {Format.HDF5: "h5netcdf", Format.CLASSIC: "scipy", Format.ZARR: "zarr"}
#: What an engine stands on, asked for first so that what is missing is told.
_LIBRARIES = {Format.HDF5: ("h5netcdf",), Format.CLASSIC: ("scipy",), Format.ZARR: ("zarr",)}


class XarrayArrays:
    """The variables of a data set that xarray has opened. Safe in several threads."""

    def __init__(self, data: Any, check: Callable[[], None], parallel: bool = False, tries: int = 1) -> None:
        self.data = data
        self.parallel = parallel
        self._check, self._tries = check, tries
        # xarray locks what its libraries do not; closing must not come in between either.
        self._lock = threading.Lock()
        self._closed = False
        self._readers = 0

    @property
    def _left(self) -> bool:
        """True once it was closed and nobody reads any more."""
        return self._closed and not self._readers

    def load(self, name: str, key: Key) -> Array:
        """A part of a variable; see `layers.Arrays.load`."""
        self._check()
        with self._lock:
            if self._closed:
                raise SourceChanged("it was closed meanwhile")
            self._readers += 1
        try:
            found: Array = tried(lambda: self.data.variables[name][key].values, self._tries)
            self._check()
        except Exception:
            # What has changed looks damaged.
            self._check()
            raise
        finally:
            with self._lock:
                self._readers -= 1
                last = self._left
            if last:
                self._really_close()
        return found

    def close(self) -> None:
        """Close the files once nobody reads any more."""
        with self._lock:
            again, self._closed = self._closed, True
            last = self._left and not again
        if last:
            self._really_close()

    def _really_close(self) -> None:
        try:
            self.data.close()
        except Exception as error:  # every library has errors of its own
            log.debug("closing: %s", error)


def open_arrays(
    location: Location, form: Format, version: str, group: str, credentials: CredentialsConfig | None
) -> XarrayArrays:
    """Open a netCDF, HDF5 or Zarr source.

    Args:
        version: that the source is expected to have.
        group: of a hierarchy, empty for its root.

    Raises:
        CannotOpen: a library is missing, or the source is damaged or out of reach.
        SourceChanged: it has another version by now.
    """
    for name in ("xarray", *_LIBRARIES[form]):
        library(name)
    try:
        if form is Format.ZARR:
            return _zarr(location, group, credentials)
        return _file(location, form, version, group, credentials)
    except (CannotOpen, SourceChanged):
        raise
    except Exception as error:  # every library has errors of its own
        raise CannotOpen("The source could not be opened.", f"{type(error).__name__}: {error}") from error


def _file(
    location: Location, form: Format, version: str, group: str, credentials: CredentialsConfig | None
) -> XarrayArrays:
    if form is Format.HDF5:
        hdf5_filters()
    options: dict[str, Any] = {"group": group or None, "phony_dims": "access"} if form is Format.HDF5 else {}
    check: Callable[[], None]
    if location.url is None:
        opened: Any = location.gdal_path
        check = LocalPlace(location.gdal_path, version).check
    else:
        remote = RemoteFile(RemotePlace(*object_store(location.url, credentials)), version)
        check = remote.check
        opened = remote if form is Format.HDF5 else io.BytesIO(_whole(remote))
    data = library("xarray").open_dataset(
        opened, engine=_ENGINES[form], decode_cf=False, cache=False, **options
    )
    # What reads ranges of a remote file tries again by itself.
    return XarrayArrays(data, check)


def _zarr(location: Location, group: str, credentials: CredentialsConfig | None) -> XarrayArrays:
    store = _zarr_store(location, credentials)

    def data_set(consolidated: bool) -> Any:
        return library("xarray").open_dataset(
            store,
            engine="zarr",
            group=group or None,
            consolidated=consolidated,
            chunks=None,
            decode_cf=False,
            cache=False,
        )

    try:
        data = data_set(True)
    except (ValueError, KeyError):
        # One document for each array, and the listing of a folder to find them.
        data = data_set(False)
    return XarrayArrays(data, lambda: None, parallel=True, tries=TRIES if location.is_remote else 1)


def groups_of(location: Location, form: Format, credentials: CredentialsConfig | None) -> list[str]:
    """Groups that hold arrays, in order, without the root; none where that cannot be told quickly."""
    try:
        if form is Format.ZARR:
            return _zarr_groups(location, credentials)
        if form is not Format.HDF5 or location.url is not None:
            return []
        return _hdf5_groups(location.gdal_path)
    except Exception as error:  # every library has errors of its own
        log.debug("groups of %s: %s", location.text, error)
        return []


def _zarr_groups(location: Location, credentials: CredentialsConfig | None) -> list[str]:
    zarr = library("zarr")
    root = zarr.open_group(_zarr_store(location, credentials), mode="r")
    if location.is_remote and root.metadata.consolidated_metadata is None:
        return []
    found = dict.fromkeys(
        name.rpartition("/")[0]
        for name, member in root.members(max_depth=None)
        if getattr(member, "ndim", 0) >= 2
    )
    return sorted(name for name in found if name)


def _hdf5_groups(path: str) -> list[str]:
    found: dict[str, None] = {}

    def visit(name: str, member: Any) -> None:
        group = name.rpartition("/")[0]
        if group and getattr(member, "ndim", 0) >= 2:
            found[group] = None

    with library("h5py").File(path, "r") as file:
        file.visititems(visit)
    return sorted(found)


def _zarr_store(location: Location, credentials: CredentialsConfig | None) -> Any:
    if location.url is None:
        return location.gdal_path
    opened = from_url(location.url.rstrip("/"), **store_options(location.url, credentials))
    return library("proxy.sources.cube.zarr_store").PatientStore(opened, read_only=True)


class RemoteFile(io.RawIOBase):
    """A remote object as a file that can be read from anywhere, at one version.

    A change of the object is remembered, since what reads through the libraries of C loses its exceptions.
    """

    def __init__(self, place: RemotePlace, version: str) -> None:
        super().__init__()
        self._place, self._at = place, 0
        self._changed = place.version != version
        self.size = place.size

    def check(self) -> None:
        """Raise `SourceChanged` where the object was found to be another."""
        if self._changed:
            raise SourceChanged

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a byte."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there are bytes."""
        view = memoryview(buffer).cast("B")
        end = min(self.size, self._at + len(view))
        if end <= self._at:
            return 0
        try:
            data = self._place.read([(self._at, end)])[0]
        except SourceChanged as error:
            self._changed = True
            raise OSError(str(error)) from error
        view[: len(data)] = data
        self._at = end
        return len(data)

    def close(self) -> None:
        """Forget what was fetched."""
        if not self.closed:
            self._place.close()
        super().close()


def _whole(file: RemoteFile) -> bytes:
    if file.size > WHOLE_BYTES:
        raise CannotOpen(
            "A remote netCDF file of the classic format cannot be read in parts, and this one is too large; "
            "convert it to netCDF-4 or Zarr."
        )
    data = file.read(file.size)
    file.check()
    return bytes(data or b"")
