"""Signing in in a browser: a form, and a cookie that goes with every request to this server afterwards.

A cookie rather than `token=` in every link: it is in no address, hence in no history, log, bookmark or
`Referer`; no script can read it (`HttpOnly`), and no other site can have it sent (`SameSite=Strict`). It
opens what may be read, never what an administrator does.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from proxy.config import Config
from proxy.errors import BadRequest, ProxyError, TooManyRequests
from proxy.forms import form_pairs
from proxy.security import Caller, Gate, visit
from proxy.security.visit import COOKIE
from proxy.viewer.pages import Pages, prefix_of
from proxy.web import base_url, plain_error

#: Where a browser may be led after signing in: a path of this server, no host before it, no line end in it.
_LOCAL = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]{0,2000}")


class SigningIn:
    """Handlers of `/login` and `/logout`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[BaseRoute]:
        """Where to sign in and out."""
        return [
            Route("/login", self.form, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/logout", self.sign_out, methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """The form."""
        if not _is_offered(request):
            return self._nobody(request)
        return self._page(request, request.query_params.get("next", ""))

    async def sign_in(self, request: Request) -> Response:
        """Set the cookie and lead on, or show the form again."""
        if not _is_offered(request):
            return self._nobody(request)
        try:
            _same_site(request)
            sent = dict(await form_pairs(request))
        except ProxyError as error:
            return plain_error(error)
        after = sent.get("next", "")
        try:
            caller = await _caller(request, sent)
        except TooManyRequests as error:
            message = f"Too many attempts failed; try again in {error.retry_after} s."
            return self._page(request, after, message, 429, error.retry_after)
        if caller is None:
            return self._page(request, after, "No user or key of this server.", 403)
        gate: Gate = request.app.state.gate
        answer = RedirectResponse(_after(request, after), 303, _PRIVATE)
        _set(request, answer, gate.sessions.make(caller), int(gate.sessions.minutes * 60))
        return answer

    async def sign_out(self, request: Request) -> Response:
        """Take the cookie back."""
        try:
            _same_site(request)
        except ProxyError as error:
            return plain_error(error)
        answer = RedirectResponse(_after(request, ""), 303, _PRIVATE)
        _set(request, answer, "", 0)
        return answer

    def _nobody(self, request: Request) -> Response:
        sentence = "This server knows no users and no keys."
        return self._pages.respond(
            "message.html", prefix_of(request), 404, title="Not found", message=sentence, after=""
        )

    def _page(
        self, request: Request, after: str, message: str = "", status: int = 200, wait: int | None = None
    ) -> Response:
        config: Config = request.app.state.config
        gate: Gate = request.app.state.gate
        found = visit()
        caller = gate.sessions.read(found.session()) if found is not None and found.session() else None
        answer = self._pages.respond(
            "login.html",
            prefix_of(request),
            status,
            after=after if _LOCAL.fullmatch(after) else "",
            message=message,
            signed_in="" if caller is None else caller.user or caller.key,
            users=bool(config.security.users),
            keys=bool(config.security.keys),
            minutes=f"{gate.sessions.minutes:g}",
        )
        answer.headers.update(_PRIVATE | {"Referrer-Policy": "no-referrer"})
        if wait is not None:
            answer.headers["Retry-After"] = str(wait)
        return answer


_PRIVATE = {"Cache-Control": "no-store"}


async def _caller(request: Request, sent: dict[str, str]) -> Caller | None:
    gate: Gate = request.app.state.gate
    found = visit()
    address = found.address if found is not None else ""
    if (key := sent.get("key", "").strip()) and found is not None:
        caller = gate.caller(key, found)
        # A token would be kept beyond its end.
        return caller if caller is not None and caller.key else None
    user = await gate.passwords.user(sent.get("username", ""), sent.get("password", ""), address)
    return None if user is None else Caller(user=user)


def _is_offered(request: Request) -> bool:
    config: Config = request.app.state.config
    return bool(config.security.users or config.security.keys)


def _same_site(request: Request) -> None:
    """Refuse forms that another site's page has sent."""
    origin = request.headers.get("origin")
    foreign = request.headers.get("sec-fetch-site", "same-origin") in ("cross-site", "same-site")
    own = {urlsplit(base_url(request)).netloc, request.headers.get("host", "")} - {""}
    if foreign or (origin is not None and origin.partition("://")[2] not in own):
        raise BadRequest("The form of another site is not taken.")


def _set(request: Request, answer: Response, value: str, seconds: int) -> None:
    answer.set_cookie(
        COOKIE,
        value,
        max_age=seconds,
        path=prefix_of(request) or "/",
        secure=base_url(request).startswith("https:"),
        httponly=True,
        samesite="strict",
    )


def _after(request: Request, after: str) -> str:
    return after if _LOCAL.fullmatch(after) else f"{prefix_of(request)}/"
