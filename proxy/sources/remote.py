"""What an object store or web server says of an object, without opening it."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import unquote, urlsplit

from obstore.store import from_url
from pydantic import SecretStr

from proxy.config import CredentialsConfig
from proxy.errors import CannotOpen, SourceMissing
from proxy.sources.attempts import RETRY_CONFIG, is_missing, sentence, tried
from proxy.sources.blocks.places import RemotePlace, object_version

_stores: dict[tuple[str, str], Any] = {}
_lock = threading.Lock()


def remote_version(url: str, credentials: CredentialsConfig | None) -> str:
    """ETag of an object, or its time and size where there is none.

    Raises:
        SourceMissing: the store does not have the object.
        CannotOpen: the server cannot be reached.
    """
    try:
        store, path = object_store(url, credentials)
        found: Any = tried(lambda: store.head(path))
    except Exception as error:  # every store has errors of its own
        raise _failure(error) from error
    return object_version(found)


def remote_place(url: str, credentials: CredentialsConfig | None) -> RemotePlace:
    """The bytes of an object at its present version: one request for the version and the header.

    Raises:
        SourceMissing: the store does not have the object.
        CannotOpen: the server cannot be reached, or answers no byte ranges.
    """
    try:
        store, path = object_store(url, credentials)
        return tried(lambda: RemotePlace(store, path))
    except Exception as error:  # every store has errors of its own
        raise _failure(error) from error


def _failure(error: Exception) -> CannotOpen:
    kind = SourceMissing if is_missing(error) else CannotOpen
    return kind(sentence(error), str(error))


def object_store(url: str, credentials: CredentialsConfig | None) -> tuple[Any, str]:
    """The store of an object, and the object's path in it."""
    parts = urlsplit(url)
    root, path = f"{parts.scheme}://{parts.netloc}", unquote(parts.path.lstrip("/"))
    if parts.query and parts.scheme in ("http", "https"):
        # A signature goes with every request. Stores of signatures are not kept: there is no end of them.
        return from_url(f"{root}/?{parts.query}", **store_options(root, credentials)), path
    return store_at(root, credentials), path


def store_at(root: str, credentials: CredentialsConfig | None) -> Any:
    """The store at a root such as `s3://bucket`: one for each root and profile."""
    options = store_options(root, credentials)
    key = root, repr(sorted(options.items()))
    with _lock:
        if key not in _stores:
            _stores[key] = from_url(root, **options)
        return _stores[key]


def store_options(url: str, credentials: CredentialsConfig | None) -> dict[str, Any]:
    """Keyword arguments of obstore's stores for a credentials profile.

    What a profile leaves out comes from the environment and the machine's own role, as obstore finds them.
    """
    options: dict[str, Any] = {
        "client_options": {"allow_http": True, "timeout": "30s", "connect_timeout": "10s"},
        "retry_config": RETRY_CONFIG,
    }
    if url.startswith("http") or credentials is None:
        return options
    options |= _by_scheme(url.partition("://")[0], credentials)
    if credentials.anonymous:
        options["skip_signature"] = True
    return options | {name: secret.get_secret_value() for name, secret in credentials.store.items()}


def _by_scheme(scheme: str, credentials: CredentialsConfig) -> dict[str, Any]:
    secrets: dict[str, SecretStr | None] = {}
    plain: dict[str, Any] = {}
    if scheme == "s3":
        secrets = {
            "access_key_id": credentials.access_key_id,
            "secret_access_key": credentials.secret_access_key,
            "session_token": credentials.session_token,
        }
        plain = {"region": credentials.region, "endpoint": credentials.endpoint}
        if credentials.endpoint:
            plain["virtual_hosted_style_request"] = False
        if credentials.requester_pays:
            plain["request_payer"] = True
    elif scheme == "az":
        secrets = {"account_key": credentials.account_key, "sas_key": credentials.sas_token}
        plain = {"account_name": credentials.account, "endpoint": credentials.endpoint}
    elif scheme == "gs":
        plain = {"service_account_path": credentials.service_account_file}
    found = {name: secret.get_secret_value() for name, secret in secrets.items() if secret}
    return found | {name: value for name, value in plain.items() if value}
