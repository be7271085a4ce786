"""GDAL's settings for a source: safe and quick defaults, and the credentials of its profile only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import rasterio
from rasterio.session import Session

from proxy.config import CredentialsConfig
from proxy.sources.location import Location

#: Settings of the whole process; the environment wins.
PROCESS_DEFAULTS = {
    "GDAL_CACHEMAX": "256",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MULTIPLEX": "YES",
    "GDAL_HTTP_VERSION": "2",
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
    "VSI_CACHE": "TRUE",
    "VSI_CACHE_SIZE": "5000000",
    "CPL_VSIL_CURL_CACHE_SIZE": "134217728",
    "GDAL_HTTP_TIMEOUT": "30",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_MAX_RETRY": "3",
    "GDAL_HTTP_RETRY_DELAY": "0.2",
    # A side file may not turn a picture into a program: no pixel functions in Python.
    "GDAL_VRT_ENABLE_PYTHON": "NO",
}

#: Formats of one file, by their endings, with the endings of parts that belong to it.
ALONE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (".tif", ".tiff", ".jp2", ".j2k", ".grib2", ".grb2", ".grb", ".png", ".jpg", ".jpeg"), ()
    ),
    ".img": (".ige",),
}
#: GDAL's options for the only endings, and the only name, that there are in a store.
ALLOWED, ALLOWED_NAME = "CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "CPL_VSIL_CURL_ALLOWED_FILENAME"
_ENDING = re.compile(r"\.[A-Za-z0-9_]+")
_UNSIGNED = ("AWS_NO_SIGN_REQUEST", "GS_NO_SIGN_REQUEST", "AZURE_NO_SIGN_REQUEST")

Options = tuple[tuple[str, str], ...]


def prepare_process(environment: Mapping[str, str] = os.environ) -> None:
    """Set what must be set before GDAL or a BLAS is used. Values already in the environment stay."""
    for name, value in PROCESS_DEFAULTS.items():
        if name not in environment:
            os.environ[name] = value


def gdal_options(
    location: Location, credentials: CredentialsConfig | None, side_files: bool | None
) -> Options:
    """Options in force while a dataset of this place is opened and read.

    Remote places are not searched for side files (`.aux.xml`, `.msk`, `.ovr`) unless asked, since each
    search costs round trips.
    """
    options: dict[str, str] = {}
    if location.is_remote:
        options["GDAL_DISABLE_READDIR_ON_OPEN"] = "TRUE" if side_files else "EMPTY_DIR"
        # What GDAL keeps of an object is forgotten with the handle that read it: the next version is its own.
        options["CPL_VSIL_CURL_NON_CACHED"] = location.gdal_path
        if not side_files:
            options.update(_only_itself(location))
    elif side_files is False:
        options["GDAL_DISABLE_READDIR_ON_OPEN"] = "EMPTY_DIR"
    if credentials is not None:
        options.update(_credential_options(credentials))
    return tuple(sorted(options.items()))


def _only_itself(location: Location) -> dict[str, str]:
    """Of a format of one file, what GDAL may ask a store for: the file itself.

    Some drivers look for side files in spite of an empty listing, each at the cost of a round trip during
    which nothing else in the process goes on.
    """
    url = urlsplit(location.url or "")
    ending = PurePosixPath(url.path).suffix.lower()
    if ending not in ALONE:
        return {}
    if url.query:
        # The name ends as the query does.
        return {} if ALONE[ending] else {ALLOWED_NAME: location.gdal_path}
    return {ALLOWED: ",".join((ending, *ALONE[ending]))}


def only_these(options: Mapping[str, str], files: Iterable[str]) -> dict[str, str]:
    """Further options for a remote dataset that is made of some files: GDAL looks for no others.

    Whether there are masks and overviews beside a file it finds out, for each handle, while it holds up the
    whole process.
    """
    if ALLOWED in options or ALLOWED_NAME in options:
        return {}
    names = sorted(set(files))
    if len(names) == 1:
        return {ALLOWED_NAME: names[0]}
    endings = sorted({PurePosixPath(name).suffix for name in names})
    return {ALLOWED: ",".join(endings)} if all(map(_ENDING.fullmatch, endings)) else {}


def _credential_options(credentials: CredentialsConfig) -> dict[str, str]:
    options: dict[str, str] = {}
    secrets = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
    }
    options.update({name: secret.get_secret_value() for name, secret in secrets.items() if secret})
    azure = {
        "AZURE_STORAGE_ACCESS_KEY": credentials.account_key,
        "AZURE_STORAGE_SAS_TOKEN": credentials.sas_token,
    }
    options.update({name: secret.get_secret_value() for name, secret in azure.items() if secret})
    if credentials.account:
        options["AZURE_STORAGE_ACCOUNT"] = credentials.account
        if credentials.endpoint and (credentials.account_key or credentials.sas_token):
            options["AZURE_STORAGE_CONNECTION_STRING"] = _azure_connection(credentials)
    if credentials.service_account_file:
        options["GOOGLE_APPLICATION_CREDENTIALS"] = credentials.service_account_file
    if credentials.region:
        options["AWS_REGION"] = credentials.region
    if credentials.endpoint:
        scheme, _, host = credentials.endpoint.rpartition("://")
        options["AWS_S3_ENDPOINT"] = host.rstrip("/")
        options["AWS_VIRTUAL_HOSTING"] = "FALSE"
        options["AWS_HTTPS"] = "NO" if scheme == "http" else "YES"
    if credentials.anonymous:
        options.update(dict.fromkeys(_UNSIGNED, "YES"))
    if credentials.requester_pays:
        options["AWS_REQUEST_PAYER"] = "requester"
    options.update({name: secret.get_secret_value() for name, secret in credentials.gdal.items()})
    return options


def _azure_connection(credentials: CredentialsConfig) -> str:
    """The only form in which GDAL takes an endpoint of Azure's; it then takes the key from there too."""
    parts = {"AccountName": credentials.account, "BlobEndpoint": credentials.endpoint}
    if credentials.account_key:
        parts["AccountKey"] = credentials.account_key.get_secret_value()
    if credentials.sas_token:
        parts["SharedAccessSignature"] = credentials.sas_token.get_secret_value().lstrip("?")
    return ";".join(f"{name}={value}" for name, value in parts.items())


class _Profile(Session):  # type: ignore[misc]
    """Credentials as rasterio takes them: its environment refuses those of S3 as plain options."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self.credentials = dict(options)

    def get_credential_options(self) -> dict[str, str]:
        """GDAL's options of the profile."""
        return dict(self.credentials)


def environment(options: Mapping[str, str]) -> rasterio.Env:
    """GDAL's environment with these options, for one thread and until it is left."""
    return rasterio.Env(session=_Profile(options))
