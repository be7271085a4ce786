"""Who signs in: names and passwords looked at few at a time, and sessions of browsers.

A session is a token of its own kind in a cookie: it opens nothing as `token=`, and no other token opens
anything as a cookie. It stands for the user or the key that has signed in, ends by itself, and with the
password or the key that it was made for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable

from starlette.concurrency import run_in_threadpool

from proxy.config import SecurityConfig
from proxy.errors import InvalidToken
from proxy.security.counts import Table
from proxy.security.passwords import hash_password, is_password
from proxy.security.throttle import Attempts
from proxy.security.tokens import Tokens
from proxy.security.visit import Caller

log = logging.getLogger(__name__)

#: Passwords looked at side by side: each takes 16 MB.
AT_ONCE = 2
#: Failures that are free for one user from anywhere, and from one address for any user, as multiples of those
#: for one user from one address.
FROM_ANYWHERE, FROM_ONE_ADDRESS = 20, 4
LONGEST_NAME, LONGEST_PASSWORD = 80, 512

#: Looked at for users who do not exist, so that they take as long as those who do.
_NO_PASSWORD = hash_password("", bytes(16))


class Passwords:
    """Looks at passwords, and slows down those who guess.

    Args:
        table: of failures.
    """

    def __init__(self, security: SecurityConfig, table: Table) -> None:
        self._security = security
        self._attempts = Attempts(table=table)
        self._places = asyncio.Semaphore(AT_ONCE)

    async def user(self, name: str, password: str, address: str) -> str | None:
        """The user whose name and password these are; None where they are nobody's.

        Raises:
            TooManyRequests: too many were not, so nothing was looked at.
        """
        name, password = name[:LONGEST_NAME], password[:LONGEST_PASSWORD]
        callers = _callers(name.lower(), address, self._security.tokens.attempts)
        self._attempts.begin(callers)
        known = self._security.users.get(name)
        encoded = _NO_PASSWORD if known is None else known.password.get_secret_value()
        async with self._places:
            right = await run_in_threadpool(is_password, password, encoded)
        if not right or known is None:
            log.warning("wrong password for %r from %s", name, address)
            return None
        self._attempts.succeeded(callers)
        return name


def _callers(name: str, address: str, free: int) -> dict[Hashable, int]:
    return {
        ("both", name, address): free,
        ("address", address): free * FROM_ONE_ADDRESS,
        ("user", name): free * FROM_ANYWHERE,
    }


class Sessions:
    """Makes and reads the cookies of browsers.

    Args:
        key: signs them.
    """

    def __init__(self, key: bytes, security: SecurityConfig) -> None:
        self.minutes = security.tokens.minutes
        self._admins = {name: known.admin for name, known in security.keys.items()}
        marks = {f"user:{name}": user.password.get_secret_value() for name, user in security.users.items()}
        marks |= {f"key:{name}": known.hash.get_secret_value() for name, known in security.keys.items()}
        self._tokens = Tokens(key, marks, purpose="session")

    def make(self, caller: Caller) -> str:
        """A session of somebody who has just shown who he is."""
        name = f"user:{caller.user}" if caller.user else f"key:{caller.key}"
        return self._tokens.make(name, self.minutes)[0]

    def read(self, text: str) -> Caller | None:
        """Whose session it is; None where it is nobody's, or has ended."""
        try:
            kind, _, name = self._tokens.read(text, "", "").partition(":")
        except InvalidToken:
            return None
        return Caller(user=name) if kind == "user" else Caller(key=name, admin=self._admins[name])
