"""Documents as responses: `f=json`, `pjson`, JSONP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from proxy.arcgis.errors import error_document
from proxy.arcgis.fields import Fields
from proxy.errors import Busy, InvalidParameter

Document = dict[str, Any]

_CALLBACK = re.compile(r"""[A-Za-z_$][\w$.\[\]"']{0,127}""", re.ASCII)
_KNOWN = frozenset({"html", "json", "pjson", "image", "kmz"})
_NO_STORE = {"Cache-Control": "no-store"}


def wanted_format(fields: Fields) -> str:
    """`f`: html where absent, as documented; json where unknown."""
    wanted = fields.text("f").lower() or "html"
    wanted = "html" if wanted == "help" else wanted
    return wanted if wanted in _KNOWN else "json"


def document_response(
    document: Document, fields: Fields, headers: Mapping[str, str] | None = None
) -> Response:
    """A document as JSON, indented for `pjson`, in a call for `callback`.

    Raises:
        InvalidParameter: the callback is not the name of a function.
    """
    callback = fields.text("callback")
    if callback and not _CALLBACK.fullmatch(callback):
        raise InvalidParameter("callback")
    more = {"X-Content-Type-Options": "nosniff", **(headers or {})}
    if callback:
        # Escaped, since two line separators of JSON were not allowed in older scripts.
        body = f"{callback}({json.dumps(document, separators=(',', ':'), allow_nan=False)});"
        return Response(body, media_type="application/javascript", headers=more)
    return Response(_text(document, fields), media_type="application/json", headers=more)


def _text(document: Document, fields: Fields) -> str:
    if fields.text("f").lower() == "pjson" or fields.flag("pretty"):
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def error_response(error: Exception, fields: Fields) -> Response:
    """An error for programs: HTTP 200 and JSON, whatever was asked for."""
    headers = dict(_NO_STORE)
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.retry_after)
    document = error_document(error)
    try:
        return document_response(document, Fields(_without_pretty(fields)), headers)
    except InvalidParameter:
        return document_response(document, Fields(), headers)


def _without_pretty(fields: Fields) -> list[tuple[str, str]]:
    # Indentation would count against the size that clients still read as an error.
    return [("callback", fields.text("callback"))]
