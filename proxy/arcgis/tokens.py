"""`generateToken`: a token for a name and a password, as Esri's clients ask for it."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from proxy.arcgis.errors import NoToken, NotPosted
from proxy.arcgis.fields import Fields, fields_of
from proxy.arcgis.respond import Document, document_response, error_response
from proxy.config import SecurityConfig
from proxy.errors import InvalidParameter, NotFound, TooManyRequests
from proxy.security import Gate, visit
from proxy.security.tokens import Bound
from proxy.web import base_url, note_error

LONGEST_REFERER = 500


def routes(context: str) -> list[BaseRoute]:
    """The token service, at every address where clients look for it."""
    found: list[BaseRoute] = []
    service = TokenService()
    for path in (f"/{context}/tokens", f"/{context}/admin", "/tokens"):
        route = Route(path, service.respond, methods=["GET", "POST"])
        last = r"/generateToken" if path.endswith("admin") else r"(?:/|/generateToken)?"
        route.path_regex = re.compile(rf"^{re.escape(path)}{last}/?$", re.IGNORECASE)
        found.append(route)
    return found


class TokenService:
    """Answers `generateToken`."""

    async def respond(self, request: Request) -> Response:
        """A token, or an error in Esri's language."""
        fields = Fields(request.query_params.multi_items())
        try:
            if not request.app.state.config.security.users:
                raise NotFound("There is no such resource.")
            if request.method != "POST":
                raise NotPosted
            sent = Fields(await _form_only(request))
            document = await self._token(request, sent)
            return document_response(document, Fields(_shown(sent)), {"Cache-Control": "no-store"})
        except Exception as error:
            note_error(request, error)
            if isinstance(error, TooManyRequests):
                message = f"Too many attempts failed; try again in {error.retry_after} s."
                response = error_response(NoToken(message), fields)
                response.headers["Retry-After"] = str(error.retry_after)
                return response
            return error_response(error, fields)

    async def _token(self, request: Request, fields: Fields) -> Document:
        security: SecurityConfig = request.app.state.config.security
        gate: Gate = request.app.state.gate
        minutes = _minutes(fields, security)
        bound = _bound(request, fields)
        user = await gate.passwords.user(fields.text("username"), fields.text("password"), _address(request))
        if user is None:
            raise NoToken("Invalid username or password specified.")
        token, expires = gate.tokens.make(user, minutes, bound)
        return {"token": token, "expires": expires, "ssl": base_url(request).startswith("https:")}


async def _form_only(request: Request) -> list[tuple[str, str]]:
    """Parameters of the form; what an address may say of them is not taken."""
    for name in ("username", "password"):
        if name in {key.lower() for key in request.query_params}:
            raise InvalidParameter(name, "It is sent in the form, never in the address.")
    return list((await fields_of(request)).items())


def _minutes(fields: Fields, security: SecurityConfig) -> float:
    wanted = fields.number("expiration")
    if wanted is None:
        return security.tokens.minutes
    if wanted <= 0:
        raise InvalidParameter("expiration", "It is a number of minutes.")
    return min(wanted, security.tokens.most_minutes)


def _bound(request: Request, fields: Fields) -> Bound:
    referer = fields.text("referer")
    match fields.text("client").lower():
        case "requestip":
            return Bound(address=_address(request))
        case "ip":
            return Bound(address=fields.text("ip") or _address(request))
        case "referer":
            referer = referer or request.headers.get("referer", "")
            if not referer or len(referer) > LONGEST_REFERER:
                raise InvalidParameter("referer")
            return Bound(referer=referer)
    return Bound()


def _address(request: Request) -> str:
    found = visit()
    return found.address if found is not None else ""


def _shown(fields: Fields) -> list[tuple[str, Any]]:
    """Parameters that decide how the answer is written."""
    return [(name, fields.text(name)) for name in ("f", "pretty", "callback")]
