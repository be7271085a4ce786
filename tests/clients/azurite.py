"""Azurite, Microsoft's emulator of Azure Blob Storage, on a free port of loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

from tests.redis_server import free_port, wait_for_port

#: The emulator's own account, published with it.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

COMMAND = Path(__file__).parent / "node_modules" / ".bin" / "azurite-blob"


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """The endpoint of a running emulator."""
    port = free_port()
    command = [
        str(COMMAND), "--silent", "--location", str(folder), "--blobPort", str(port), "--skipApiVersionCheck",
        "--disableTelemetry",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder)
    try:
        wait_for_port(port, process, 60.0)
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"
    finally:
        process.terminate()
        process.wait(20)


def profile(endpoint: str, **more: Any) -> dict[str, Any]:
    """A credentials profile of a configuration."""
    return {"account": ACCOUNT, "account_key": KEY, "endpoint": endpoint, **more}


def make_container(endpoint: str, name: str, *, public: bool = False) -> None:
    """Make a container; blobs of a `public` one are read without credentials."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    if public:
        headers["x-ms-blob-public-access"] = "blob"
    _signed(endpoint, "PUT", name, {"restype": "container"}, headers)


def put_blob(endpoint: str, container: str, name: str, body: bytes) -> None:
    """Store a block blob."""
    headers = {
        "x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06", "x-ms-blob-type": "BlockBlob",
    }  # fmt: skip
    _signed(endpoint, "PUT", f"{container}/{name}", {}, headers, body)


def _signed(
    endpoint: str,
    method: str,
    path: str,
    query: Mapping[str, str],
    headers: dict[str, str],
    body: bytes = b"",
) -> None:
    # Shared Key of Azure Storage: the method, eleven standard headers, those of x-ms-*, then the resource.
    kind = "application/octet-stream" if body else ""
    standard = ["", "", str(len(body)) if body else "", "", kind, "", "", "", "", "", ""]
    own = [f"{name}:{value}" for name, value in sorted(headers.items())]
    resource = [f"/{ACCOUNT}/{ACCOUNT}/{path}", *(f"{name}:{value}" for name, value in sorted(query.items()))]
    text = "\n".join([method, *standard, *own, *resource])
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    address = f"{endpoint}/{path}" + "".join(f"?{name}={value}" for name, value in query.items())
    signed = {**headers, "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"}
    if body:
        signed["Content-Type"] = kind
    request = urllib.request.Request(address, body or None, signed, method=method)
    if not body:
        request.add_header("Content-Length", "0")
    urllib.request.urlopen(request, timeout=20).close()
