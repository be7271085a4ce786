"""What is known of one request and of who sent it, at hand wherever the request is worked on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

#: Headers that may carry a key or a token, beside `token` in the query or the form.
KEY_HEADER, ESRI_HEADER, PLAIN_HEADER = b"x-api-key", b"x-esri-authorization", b"authorization"
PARAMETER = "token"
#: Cookie of those who have signed in in a browser.
COOKIE = "cogproxy_session"

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is known: by a key, or by a user's token."""

    key: str = ""
    user: str = ""
    admin: bool = False


@dataclass(slots=True)
class Visit:
    """One request.

    Attributes:
        headers, query: as they came. address: of the caller.
        form_token: `token` of a form, once a door has read it.
        service: the service that was reached last.
        secured: something not meant for everybody was reached.
        granted: names of services that a signed link opens.
        sign_in: pages offer to sign in.
        trusted: the operator's own; nothing is kept from him.
        entered: services that this request has been counted against.
        caller: who it is; None for nobody, unset while nobody has asked.
    """

    headers: Headers = ()
    query: bytes = b""
    address: str = ""
    form_token: str = ""
    service: str = ""
    secured: bool = False
    sign_in: bool = False
    trusted: bool = False
    granted: set[str] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    callers: dict[str, Caller | None] = field(default_factory=dict)

    def header(self, wanted: bytes) -> str:
        """First header of that name in small letters; empty where there is none."""
        return next((value.decode("latin-1") for name, value in self.headers if name == wanted), "")

    def credentials(self) -> list[str]:
        """Keys and tokens that the caller has sent."""
        found = [
            self.header(KEY_HEADER),
            _bearer(self.header(ESRI_HEADER)),
            _bearer(self.header(PLAIN_HEADER)),
        ]
        if b"oken" in self.query or b"OKEN" in self.query or b"%" in self.query:
            pairs = parse_qsl(self.query.decode("latin-1"), max_num_fields=1000)
            found += [value.strip() for name, value in pairs if name.lower() == PARAMETER]
        found.append(self.form_token)
        return [text for text in found if text]

    def session(self) -> str:
        """The cookie of a browser that has signed in; empty where there is none.

        Not for requests that a page of another site makes: browsers do not send the cookie with them, and
        where they say that they are such it is not looked at.
        """
        if self.header(b"sec-fetch-site") == "cross-site":
            return ""
        for value in (value for name, value in self.headers if name == b"cookie"):
            for part in value.decode("latin-1").split(";"):
                name, _, text = part.strip().partition("=")
                if name == COOKIE:
                    return text.strip()
        return ""


def _bearer(value: str) -> str:
    scheme, _, text = value.strip().partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


_current: ContextVar[Visit | None] = ContextVar("visit", default=None)


def visit() -> Visit | None:
    """The request that is worked on; None outside of any."""
    return _current.get()


def present(token: str) -> None:
    """Take in the `token` of a form."""
    found = _current.get()
    if found is not None:
        found.form_token = token


@contextmanager
def visiting(found: Visit) -> Iterator[Visit]:
    """Make a request the one that is worked on."""
    token = _current.set(found)
    try:
        yield found
    finally:
        _current.reset(token)
