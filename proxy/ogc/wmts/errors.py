"""Exception reports of OWS Common 1.1."""

from __future__ import annotations

from starlette.responses import Response

from proxy.errors import (
    ImageTooLarge,
    InvalidParameter,
    OutsideExtent,
    ProxyError,
    UnknownRendering,
    UnknownService,
    UnknownTileMatrixSet,
)
from proxy.ogc.xml import OWS, child, clean, root, written
from proxy.web import error_headers

SCHEMA = f"{OWS} http://schemas.opengis.net/ows/1.1.0/owsExceptionReport.xsd"


class OwsError(ProxyError):
    """An error with a code and the name of the parameter it lies in; `also` is a second code for it."""

    def __init__(self, code: str, locator: str, message: str, status: int = 400, also: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.also = also
        self.locator = locator
        self.status = status


def missing(name: str) -> OwsError:
    """A parameter that must be there."""
    return OwsError("MissingParameterValue", name, f"The parameter '{name}' is missing.")


def invalid(name: str, message: str) -> OwsError:
    """A value without a meaning."""
    return OwsError("InvalidParameterValue", name, message)


def report(error: ProxyError) -> Response:
    """The document of an error, never kept by caches."""
    found = _translated(error)
    top = root(f"{{{OWS}}}ExceptionReport", {"ows": OWS}, SCHEMA, version="1.1.0")
    top.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    for code in filter(None, (found.code, found.also)):
        exception = child(top, "Exception", exceptionCode=code)
        if found.locator:
            exception.set("locator", clean(found.locator))
        child(exception, "ExceptionText", found.message)
    return Response(written(top), found.status, error_headers(error), "application/xml")


def _translated(error: ProxyError) -> OwsError:
    if isinstance(error, OwsError):
        return error
    if isinstance(error, UnknownService):
        return OwsError("InvalidParameterValue", "layer", error.message, 404)
    if isinstance(error, UnknownRendering):
        return invalid("style", error.message)
    if isinstance(error, UnknownTileMatrixSet):
        return invalid("TileMatrixSet", error.message)
    if isinstance(error, InvalidParameter):
        return invalid(error.name, error.message)
    if isinstance(error, OutsideExtent):
        return OwsError("TileOutOfRange", "TileRow", error.message)
    if isinstance(error, ImageTooLarge):
        return OwsError("InvalidParameterValue", "", error.message)
    return OwsError("NoApplicableCode", "", error.message, error.status)
