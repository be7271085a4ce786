"""What every door shares of HTTP: public addresses, pictures with validators, plain errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from proxy.config import CachingConfig, ServerConfig
from proxy.errors import Busy, InvalidToken, NotAllowed, ProxyError
from proxy.model import Picture

#: Header that tells how many items of a mosaic could not be read and are left out of the picture.
MISSING = "Cogproxy-Missing-Items"

#: How callers log in where statuses are spoken.
CHALLENGE = 'Bearer realm="cogproxy"'

#: Where the scope of a request keeps what its log wants to know.
ERROR_STATUS, FORM = "cogproxy.status", "cogproxy.form"
#: Headers of answers that scripts of other origins may read.
EXPOSED = (
    "ETag", "Content-Range", "Cache-Status", "Content-Bbox", "Content-Crs", "Content-Datetime", "Link",
    "X-Request-ID", MISSING,
)  # fmt: skip
#: Ways that a picture came without being rendered.
HITS = frozenset({"hit", "disk", "redis"})
#: Seconds that others may keep a picture which may be out of date.
STALE_AGE = 60

_HOST = re.compile(r"[A-Za-z0-9.\-_]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_ID = re.compile(rb"[A-Za-z0-9_.:/+=\-]{1,128}")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~\-]+)*")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture, its strong validator, and how it came: `hit`, `disk`, `redis`, `miss` or `joined`.

    Attributes:
        current: cheap; False once the source may have changed since.
        stale: the source is out of reach, and this is its picture as it was last seen.
        checked: each request for it has to be looked at, so that it is not remembered by its address.
    """

    picture: Picture
    etag: str
    status: str
    current: Callable[[], bool]
    stale: bool = False
    checked: bool = False


def base_url(request: Request) -> str:
    """Public address of the server as the caller sees it, without a trailing slash.

    The configured address wins; then what a proxy in front has forwarded, if it is trusted; then the
    request's own host. Values that are not plain hosts or paths are ignored.
    """
    config: ServerConfig = request.app.state.config.server
    if config.base_url:
        return config.base_url.rstrip("/")
    scheme, host = request.url.scheme, request.headers.get("host", request.url.netloc)
    prefix = str(request.scope.get("root_path", ""))
    if config.trust_forwarded:
        scheme = _first(request.headers, "x-forwarded-proto") or scheme
        host = _first(request.headers, "x-forwarded-host") or host
        port = _first(request.headers, "x-forwarded-port")
        if port.isdigit() and ":" not in host and port not in ("80", "443"):
            host = f"{host}:{port}"
        prefix = _first(request.headers, "x-forwarded-prefix").rstrip("/") or prefix
    if scheme not in ("http", "https"):
        scheme = "http"
    if not _HOST.fullmatch(host):
        host = "localhost"
    return f"{scheme}://{host}{prefix if _PREFIX.fullmatch(prefix) else ''}"


def _first(headers: Headers, name: str) -> str:
    return headers.get(name, "").split(",")[0].strip()


def picture_response(
    request: Request,
    rendered: Rendered,
    caching: CachingConfig,
    *,
    filename: str | None = None,
    lasting: bool = True,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A picture with its validator: 200, 206 for a byte range, 304 where the caller has it already.

    An address whose picture is `lasting` is remembered for the hit path, with the further `headers`.
    """
    headers = picture_headers(rendered, caching) | dict(headers or {})
    picture = rendered.picture
    if not picture.missing and not_modified(request.headers.get("if-none-match"), rendered.etag):
        return Response(status_code=304, headers=headers)
    if filename:
        headers["Content-Disposition"] = f'inline; filename="{filename}"'
    span = _span(request.headers.get("range"), len(picture.body))
    if not same_picture(request.headers.get("if-range"), rendered.etag):
        span = None
    if span is None:
        if lasting and not (picture.missing or rendered.stale or rendered.checked):
            request.app.state.hits.learn(request.scope, rendered, headers)
        return Response(picture.body, media_type=picture.media_type, headers=headers)
    start, stop = span
    if start >= stop:
        headers["Content-Range"] = f"bytes */{len(picture.body)}"
        return Response(status_code=416, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(picture.body)}"
    return Response(picture.body[start:stop], 206, headers, picture.media_type)


def picture_headers(rendered: Rendered, caching: CachingConfig) -> dict[str, str]:
    """Validator and lifetimes of a picture; one that lacks items says so, and is nobody's to keep."""
    if missing := rendered.picture.missing:
        return {
            "Cache-Control": "no-store",
            MISSING: str(missing),
            "Accept-Ranges": "bytes",
            "X-Content-Type-Options": "nosniff",
        }
    lifetime = f"public, max-age={min(caching.max_age, STALE_AGE) if rendered.stale else caching.max_age}"
    if caching.stale_while_revalidate:
        lifetime += f", stale-while-revalidate={caching.stale_while_revalidate}"
    if caching.stale_if_error:
        lifetime += f", stale-if-error={caching.stale_if_error}"
    headers = {
        "ETag": f'"{rendered.etag}"',
        "Cache-Control": lifetime,
        "Cache-Status": f"cogproxy; {_status(rendered)}",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }
    if rendered.stale:
        headers["Warning"] = '110 cogproxy "Response is Stale", 111 cogproxy "Revalidation Failed"'
    return headers


def _status(rendered: Rendered) -> str:
    """Members of `Cache-Status`, RFC 9211: a hit in memory needs no detail, others name the tier."""
    details = [] if rendered.status == "hit" else [rendered.status]
    if rendered.stale:
        details.append("stale-if-error")
    found = "hit" if rendered.status in HITS else "fwd=miss"
    return f"{found}; detail={'-'.join(details)}" if details else found


def same_picture(if_range: str | None, etag: str) -> bool:
    """False where the caller's `If-Range` names another picture, of which a part would not fit, or a date."""
    return if_range is None or if_range.strip() == f'"{etag}"'


def sane_id(value: bytes) -> bytes | None:
    """The id that a caller gave to his request, where it is fit to be repeated."""
    return value if _ID.fullmatch(value) else None


def note_error(request: Request, error: Exception) -> None:
    """Tell the counters of an error that is answered with status 200."""
    status = error.status if isinstance(error, ProxyError) else 500
    request.scope[ERROR_STATUS] = status


def note_form(request: Request, pairs: list[tuple[str, str]]) -> None:
    """Tell the log of slow requests what a form held."""
    request.scope[FORM] = pairs


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """True where the caller's `If-None-Match` names this picture."""
    if not if_none_match:
        return False
    known = {item.strip().removeprefix("W/").strip('"') for item in if_none_match.split(",")}
    return etag in known or "*" in known


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1 if last else size)


def plain_error(error: ProxyError) -> Response:
    """An error in the language of tiles: a status and a sentence, never kept by caches."""
    return PlainTextResponse(error.message, error.status, error_headers(error))


def error_headers(error: ProxyError) -> dict[str, str]:
    """Headers of an error in every door that answers with its status: when to come again, how to log in."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotAllowed):
        headers["Allow"] = ", ".join(error.methods)
    if isinstance(error, InvalidToken):
        headers["WWW-Authenticate"] = f'{CHALLENGE}, error="invalid_token"'
    elif error.status == 401:
        headers["WWW-Authenticate"] = CHALLENGE
    return headers
