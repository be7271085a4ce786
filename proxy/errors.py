"""Every error a caller can meet, as one tree.

ProxyError                    500
├── BadRequest                400   InvalidParameter(name, why), InvalidRule(path, why), Unsupported
├── NotAllowed(methods)       405
├── NotFound                  404   UnknownService, UnknownRendering, UnknownTileMatrixSet, OutsideExtent
├── TooLarge                  413   ImageTooLarge, ReadBudgetExceeded
├── Denied                    401   TokenRequired, InvalidToken; Forbidden 403
├── Busy                      503   QueueFull(retry_after), DeadlinePassed; TooManyRequests 429
└── SourceFailed              502   CannotOpen, SourceMissing, CannotRead, NothingYet 503   (detail is logged)

The message of an error is a public sentence: it may be sent to any caller.
Each door turns the same tree into its own language.
"""

from __future__ import annotations

from collections.abc import Iterable


class ProxyError(Exception):
    """Base of the tree; its message is fit for the public."""

    status = 500

    def __init__(self, message: str = "The request could not be completed.") -> None:
        super().__init__(message)
        self.message = message


class BadRequest(ProxyError):
    """The caller asked for something that cannot be understood."""

    status = 400


class InvalidParameter(BadRequest):
    """One named parameter is wrong."""

    def __init__(self, name: str, why: str = "") -> None:
        self.name = name
        self.why = why
        super().__init__(f"'{name}' parameter is invalid." + (f" {why}" if why else ""))


class InvalidRule(BadRequest):
    """A raster function rule is wrong at `path`, such as `Colormap.Raster.Hillshade.Azimuth`."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        self.why = why
        super().__init__(f"Raster function rule is invalid at {path}: {why}")


class Unsupported(BadRequest):
    """Understood, and not offered."""


class NotAllowed(ProxyError):
    """A method that the address does not take; `methods` are those that it does."""

    status = 405

    def __init__(self, methods: Iterable[str]) -> None:
        self.methods = tuple(methods)
        super().__init__(f"This address is for {', '.join(self.methods)}.")


class NotFound(ProxyError):
    """The thing named does not exist."""

    status = 404


class UnknownService(NotFound):
    """No service has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no service '{name[:80]}'.")


class UnknownRendering(NotFound):
    """The service has no rendering of that name."""

    def __init__(self, service: str, name: str) -> None:
        super().__init__(f"Service '{service}' has no rendering '{name[:80]}'.")


class UnknownTileMatrixSet(NotFound):
    """No tile matrix set has that identifier."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no tile matrix set '{name[:80]}'.")


class OutsideExtent(NotFound):
    """The place asked for lies outside the data or the tile matrix."""


class TooLarge(ProxyError):
    """More than the service is willing to do for one request."""

    status = 413


class ImageTooLarge(TooLarge):
    """The picture has more rows or columns than allowed."""

    def __init__(self, width: int, height: int, max_width: int, max_height: int) -> None:
        limit = f"{max_width} x {max_height}"
        super().__init__(f"The picture of {width} x {height} exceeds the limit of {limit}.")


class ReadBudgetExceeded(TooLarge):
    """Too many source pixels would have to be read."""


class Busy(ProxyError):
    """The server has too much to do."""

    status = 503

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QueueFull(Busy):
    """The queue of renders is full."""

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("The server is busy; try again shortly.", retry_after)


class DeadlinePassed(Busy):
    """The render took longer than allowed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The request took longer than {seconds:g} s and was given up.", 5)


class TooManyRequests(Busy):
    """More requests than the service, or the caller's key, is allowed."""

    status = 429

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("Too many requests; try again shortly.", retry_after)


class Denied(ProxyError):
    """The caller may not have this. `reason` is a word for the metrics."""

    status = 401
    reason = "denied"


class TokenRequired(Denied):
    """It is not for everybody, and the caller has not said who he is."""

    reason = "no token"

    def __init__(self) -> None:
        super().__init__("A token is required.")


class InvalidToken(Denied):
    """What the caller has sent is no token of ours, or is one no longer."""

    reason = "invalid token"

    def __init__(self) -> None:
        super().__init__("The token is invalid or has expired.")


class Forbidden(Denied):
    """The caller is known, and not let in."""

    status = 403
    reason = "forbidden"

    def __init__(self) -> None:
        super().__init__("You do not have permission to access this resource.")


class SourceFailed(ProxyError):
    """The source could not be opened or read. `detail` is for the log only."""

    status = 502

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class CannotOpen(SourceFailed):
    """The source could not be opened, or is of a kind that cannot be placed on a map."""


class SourceMissing(CannotOpen):
    """The store that should hold the source answers, and does not have it."""


class NothingYet(CannotOpen):
    """The catalog of a mosaic is being built, and has no item so far."""

    status = 503


class CannotRead(SourceFailed):
    """The source opened but its pixels could not be read."""
