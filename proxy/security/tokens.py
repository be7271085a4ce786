"""Tokens: signed, expiring, on request bound to a web page or an address. Nothing is stored.

A token carries no word about how it is signed, so there is nothing in it for a forger to choose. It holds a
mark of the user's password hash: a new password, or a removed user, ends all tokens before it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from proxy.config import Config
from proxy.errors import InvalidToken

#: Longer texts are no tokens of ours.
LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Bound:
    """What a token is bound to; empty for nothing."""

    referer: str = ""
    address: str = ""


@lru_cache(maxsize=1)
def _random_secret() -> bytes:
    return secrets.token_bytes(32)


def secret(config: Config) -> bytes:
    """Key that signs: the configured one, else one made at random for the life of the process."""
    configured = config.server.secret
    return configured.get_secret_value().encode() if configured else _random_secret()


class Tokens:
    """Makes and reads tokens.

    Args:
        key: signs them.
        passwords: hash of the password of each user.
        clock: seconds since 1970.
        purpose: tokens of one are none for another.
    """

    def __init__(
        self,
        key: bytes,
        passwords: Mapping[str, str],
        clock: Callable[[], float] = time.time,
        purpose: str = "token",
    ) -> None:
        self._serializer = URLSafeSerializer(
            hashlib.sha256(purpose.encode() + b"\0" + key).digest(),
            salt=f"cogproxy.{purpose}",
            signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
        )
        self._marks = {
            user: hashlib.sha256(text.encode()).hexdigest()[:16] for user, text in passwords.items()
        }
        self._clock = clock

    def make(self, user: str, minutes: float, bound: Bound = Bound()) -> tuple[str, int]:
        """A token, and the moment at which it ends in milliseconds since 1970."""
        expires = int((self._clock() + minutes * 60) * 1000)
        content = [user, expires, self._marks[user], bound.referer, bound.address]
        text = self._serializer.dumps(content)
        return (text if isinstance(text, str) else text.decode()), expires

    def read(self, text: str, referer: str, address: str) -> str:
        """The user of a token.

        Args:
            referer: of the request. address: of the caller.

        Raises:
            InvalidToken: it was not made here, was changed, has ended, or is bound to something else.
        """
        if len(text) > LONGEST:
            raise InvalidToken
        try:
            user, expires, mark, bound_referer, bound_address = self._serializer.loads(text)
        except (BadData, ValueError, TypeError):
            raise InvalidToken from None
        if not hmac.compare_digest(mark, self._marks.get(user, "")) or expires <= self._clock() * 1000:
            raise InvalidToken
        if bound_referer and not same_page(bound_referer, referer):
            raise InvalidToken
        if bound_address and bound_address != address:
            raise InvalidToken
        return str(user)


def same_page(bound: str, referer: str) -> bool:
    """True where a `Referer` belongs to what a token is bound to.

    Clients bind tokens to a whole address, to an origin, or to a host alone, and browsers send no more than
    the origin to other hosts: so origins are compared, or hosts where there is no more to compare.
    """
    if bound == referer:
        return True
    try:
        mine, theirs = urlsplit(bound if "//" in bound else f"//{bound}"), urlsplit(referer)
        if not mine.hostname or not theirs.hostname:
            return False
        ends = (mine.hostname, mine.port) == (theirs.hostname, theirs.port)
    except ValueError:
        return False
    return ends and (not mine.scheme or mine.scheme == theirs.scheme)
