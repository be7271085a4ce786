"""The tree of errors in Esri's language: always HTTP 200, `{"error": {...}}`, at most 750 bytes."""

from __future__ import annotations

import json
import logging
from typing import Any

from proxy.errors import (
    BadRequest,
    Busy,
    Forbidden,
    ImageTooLarge,
    InvalidParameter,
    InvalidRule,
    InvalidToken,
    NotFound,
    ProxyError,
    SourceFailed,
    TokenRequired,
    TooLarge,
    TooManyRequests,
    Unsupported,
)

log = logging.getLogger(__name__)

INVALID = "Invalid or missing input parameters."
FAILED = "Unable to complete operation."
UNSUPPORTED = "Requested operation is not supported by this service."
#: Clients compare this text exactly and ask again for a smaller picture.
SIZE_LIMIT = "The requested image exceeds the size limit."
FORBIDDEN = "You do not have permissions to access this resource or perform this operation."
#: Windows' code for an invalid argument, as sent with it.
INVALID_ARGUMENT = -2147024809
#: Clients take a longer answer to a request for pixels as pixels.
MAX_BYTES = 750


class UnsupportedOperation(Unsupported):
    """The service has no such operation."""

    def __init__(self) -> None:
        super().__init__(UNSUPPORTED)


class CannotComplete(Unsupported):
    """The service has nothing to answer with: no such item, or no such resource for its data.

    Attributes:
        why: a sentence about it, empty where there is nothing more to say.
    """

    def __init__(self, why: str = "") -> None:
        super().__init__(FAILED)
        self.why = why


class NotPosted(Unsupported):
    """Names and passwords are taken from forms only: addresses end up in logs."""

    def __init__(self) -> None:
        super().__init__("A token is generated for a POST request only.")


class NoToken(Unsupported):
    """No token is made."""


def error_document(error: Exception) -> dict[str, Any]:
    """JSON object of an error. What is not meant for the public is logged and left out."""
    if isinstance(error, ProxyError):
        return _fitted(_content(error))
    log.error("unexpected error", exc_info=error)
    return {"error": {"code": 500, "message": FAILED, "details": []}}


def _content(error: ProxyError) -> dict[str, Any]:
    match error:
        case ImageTooLarge():
            return _with(400, INVALID, SIZE_LIMIT, extended=INVALID_ARGUMENT)
        case UnsupportedOperation():
            return _with(400, UNSUPPORTED)
        case CannotComplete():
            return _with(400, FAILED, *filter(None, [error.why]))
        case NotPosted():
            return _with(405, error.message)
        case NoToken():
            return _with(400, "Unable to generate token.", error.message)
        case InvalidRule():
            return _with(400, INVALID, "'renderingRule' parameter is invalid.", error.message)
        case InvalidParameter(name="mosaic" | "sort_field" | "sort_value"):
            # As the parameter is called here.
            return _with(400, INVALID, InvalidParameter("mosaicRule", error.why).message)
        case BadRequest() | TooLarge():
            return _with(400, INVALID, error.message)
        case NotFound():
            return _with(404, error.message)
        case TokenRequired():
            return _with(499, "Token Required", "Token Required") | {"messageCode": "SB_0005"}
        case InvalidToken():
            return _with(498, "Invalid Token", "Invalid Token")
        case Forbidden():
            return _with(403, FORBIDDEN)
        case TooManyRequests():
            return _with(429, error.message)
        case Busy():
            return _with(503, error.message)
        case SourceFailed():
            return _with(500, FAILED, error.message)
    return _with(500, FAILED, error.message)


def _with(code: int, message: str, *details: str, extended: int | None = None) -> dict[str, Any]:
    more = {} if extended is None else {"extendedCode": extended}
    return {"code": code, **more, "message": message, "details": list(details)}


def _fitted(content: dict[str, Any]) -> dict[str, Any]:
    texts: list[str] = content["details"]
    while len(json.dumps({"error": content}, ensure_ascii=False).encode()) > MAX_BYTES:
        longest = max(range(len(texts)), key=lambda index: len(texts[index]), default=None)
        if longest is None or len(texts[longest]) < 8:
            content["message"] = content["message"][:60] + "…"
        else:
            texts[longest] = texts[longest][: len(texts[longest]) * 2 // 3] + "…"
    return {"error": content}
