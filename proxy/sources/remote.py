"""What an object store or web server says of an object, without opening it."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from obstore.store import from_url

from proxy.config import CredentialsConfig
from proxy.errors import CannotOpen
from proxy.sources.blocks.places import RemotePlace, object_version


def remote_version(url: str, credentials: CredentialsConfig | None) -> str:
    """ETag of an object, or its time and size where there is none.

    Raises:
        CannotOpen: the object is missing or the server cannot be reached.
    """
    try:
        store, path = object_store(url, credentials)
        found: Any = store.head(path)
    except Exception as error:  # every store has errors of its own
        raise CannotOpen("The source could not be reached.", str(error)) from error
    return object_version(found)


def remote_place(url: str, credentials: CredentialsConfig | None) -> RemotePlace:
    """The bytes of an object at its present version: one request for the version and the header.

    Raises:
        CannotOpen: the object is missing, or the server cannot be reached or answers no byte ranges.
    """
    try:
        return RemotePlace(*object_store(url, credentials))
    except Exception as error:  # every store has errors of its own
        raise CannotOpen("The source could not be reached.", str(error)) from error


def object_store(url: str, credentials: CredentialsConfig | None) -> tuple[Any, str]:
    """The store of an object, and the object's path in it."""
    parts = urlsplit(url)
    root = f"{parts.scheme}://{parts.netloc}"
    return from_url(root, **store_options(root, credentials)), unquote(parts.path.lstrip("/"))


def store_options(url: str, credentials: CredentialsConfig | None) -> dict[str, Any]:
    """Keyword arguments of obstore's stores for a credentials profile."""
    options: dict[str, Any] = {"client_options": {"allow_http": True, "timeout": "30s"}}
    if url.startswith("http") or credentials is None:
        return options
    if url.startswith("s3://"):
        secrets = {
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
            "session_token": credentials.session_token,
        }
        options.update({name: secret.get_secret_value() for name, secret in secrets.items() if secret})
        if credentials.region:
            options["region"] = credentials.region
        if credentials.endpoint:
            options["endpoint"] = credentials.endpoint
        if credentials.requester_pays:
            options["request_payer"] = True
    if credentials.anonymous:
        options["skip_signature"] = True
    return options
