"""The gate before every service: who is let in, and how often.

The registry of services asks it whenever somebody asks for a service by name or lists services, so no door
can forget to. It goes by the request that is worked on; where there is none, only what is public is there.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator

from proxy import metrics
from proxy.config import AccessConfig, Config, ServiceConfig
from proxy.config.security import ANY
from proxy.errors import Denied, Forbidden, InvalidToken, TokenRequired, TooManyRequests
from proxy.security.counts import Counts
from proxy.security.passwords import hash_key
from proxy.security.signing_in import Passwords, Sessions
from proxy.security.throttle import Bucket
from proxy.security.tokens import Tokens, secret
from proxy.security.visit import Caller, Visit, visit

#: Who asks outside of any request.
_NOBODY = Visit


class Gate:
    """Knows keys, users and the access of services. For the event loop's thread.

    Args:
        counts: where requests and wrong passwords are counted; here alone when absent.
    """

    def __init__(self, config: Config, counts: Counts | None = None) -> None:
        counts = counts or Counts()
        security = config.security
        self.passwords = Passwords(security, counts.attempts)
        self.sessions = Sessions(secret(config), security)
        self._default = security.access
        self._keys = {
            key.hash.get_secret_value(): Caller(key=name, admin=key.admin)
            for name, key in security.keys.items()
        }
        passwords = {name: user.password.get_secret_value() for name, user in security.users.items()}
        self.tokens = Tokens(secret(config), passwords)

        def bucket(kind: str, name: str, rate: float, burst: int) -> Bucket:
            return Bucket(rate, burst, table=counts.rates, name=(kind, name))

        self._by_key = {
            name: bucket("key", name, key.rate, key.burst)
            for name, key in security.keys.items()
            if key.rate is not None
        }
        limited = [(service.name, service.limits) for service in config.services]
        limited += [] if config.open is None else [(config.open.name, config.open.limits)]
        self._by_service = {
            name: bucket("service", name, limits.rate, limits.burst)
            for name, limits in limited
            if limits.rate is not None
        }
        self._open = config.open

    def is_public(self, service: ServiceConfig) -> bool:
        """True where nobody has to say who he is."""
        access = self._access(service)
        return access is None or access.public

    def is_checked(self, service: ServiceConfig) -> bool:
        """True where each request has to come by here: it is not public, or is counted."""
        return not self.is_public(service) or self._counted(service) in self._by_service

    def visible(self, service: ServiceConfig) -> bool:
        """True where the service is listed for this caller. Never raises."""
        if self.is_public(service):
            return True
        found = visit() or _NOBODY()
        found.secured = True
        try:
            self._admit(found, self._access(service), service.name)
        except Denied:
            return False
        return True

    def enter(self, service: ServiceConfig) -> None:
        """Let this caller in.

        Raises:
            TokenRequired, InvalidToken, Forbidden: he is not let in.
            TooManyRequests: he, or all together, have come too often.
        """
        found = visit() or _NOBODY()
        found.service = service.name
        try:
            if not self.is_public(service):
                found.secured = True
                self._admit(found, self._access(service), service.name)
            if service.name not in found.entered:
                found.entered.add(service.name)
                self._count(found, service)
        except Denied as error:
            metrics.refused(error.reason)
            raise
        except TooManyRequests:
            metrics.refused("rate")
            raise

    def require(self, access: AccessConfig | None) -> None:
        """Let this caller to something that is no service.

        Raises:
            TokenRequired, InvalidToken, Forbidden: he is not let in.
        """
        found = visit() or _NOBODY()
        if access is not None and not access.public:
            found.secured = True
            self._admit(found, access, "")

    @property
    def has_admins(self) -> bool:
        """True where there are keys of administrators."""
        return any(caller.admin for caller in self._keys.values())

    def require_admin(self) -> None:
        """Let in who has a key of an administrator.

        Raises:
            TokenRequired, InvalidToken, Forbidden: he has none.
        """
        found = visit() or _NOBODY()
        found.secured = True
        # Never by a cookie, which browsers send by themselves.
        self._first(found, lambda known: known.admin, session=False)

    def _access(self, service: ServiceConfig) -> AccessConfig | None:
        return service.access if service.access is not None else self._default

    def _admit(self, found: Visit, access: AccessConfig | None, name: str) -> None:
        if found.trusted or (name and name in found.granted):
            return
        assert access is not None
        self._first(
            found,
            lambda caller: (
                caller.admin
                or (bool(caller.key) and (ANY in access.keys or caller.key in access.keys))
                or (bool(caller.user) and (ANY in access.users or caller.user in access.users))
            ),
        )

    def _first(self, found: Visit, fits: Callable[[Caller], bool], *, session: bool = True) -> Caller:
        """The first of the callers that the credentials name who fits; else the error that says why not."""
        error: Denied = TokenRequired()
        for caller in self._callers(found, session=session):
            if caller is not None and fits(caller):
                return caller
            if caller is not None:
                error = Forbidden()
            elif not isinstance(error, Forbidden):
                error = InvalidToken()
        raise error

    def _callers(self, found: Visit, *, session: bool) -> Iterator[Caller | None]:
        """Whoever a request says that it comes from; None for each that is nobody."""
        for text in found.credentials():
            yield self.caller(text, found)
        if session and (text := found.session()):
            yield self.sessions.read(text)

    def caller(self, text: str, found: Visit) -> Caller | None:
        """Who a key or token belongs to; None where it is neither, or is one no longer."""
        if text not in found.callers:
            found.callers[text] = self._known(text, found)
        return found.callers[text]

    def _known(self, text: str, found: Visit) -> Caller | None:
        hashed, known = hash_key(text), None
        for key, caller in self._keys.items():
            if hmac.compare_digest(key, hashed):
                known = caller
        if known is not None:
            return known
        try:
            return Caller(user=self.tokens.read(text, found.header(b"referer"), found.address))
        except InvalidToken:
            return None

    def _counted(self, service: ServiceConfig) -> str:
        if self._open is not None and service.name.partition("/")[0] == self._open.name:
            return self._open.name
        return service.name

    def _count(self, found: Visit, service: ServiceConfig) -> None:
        if self._by_key and self.is_checked(service):
            for caller in self._callers(found, session=True):
                if caller is not None and (bucket := self._by_key.get(caller.key)) is not None:
                    bucket.take()
                    break
        if (bucket := self._by_service.get(self._counted(service))) is not None:
            bucket.take()
