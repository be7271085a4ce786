"""Hashes of passwords and keys.

Passwords are short, so their hash is slow and takes memory: scrypt (RFC 7914) with a salt of its own. Keys
are 32 random bytes, which no search finds, so SHA-256 does and costs a microsecond.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

#: Cost, block size and parallelism: 16 MB and some 0.2 s.
COST, BLOCK, PARALLEL = 2**14, 8, 5
_SALT_BYTES, _HASH_BYTES = 16, 32
_KEY_BYTES = 32


def hash_password(password: str, salt: bytes | None = None) -> str:
    """`scrypt$COST$BLOCK$PARALLEL$SALT$HASH`, salt and hash in base 64."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    return _encoded(password, salt, COST, BLOCK, PARALLEL)


def is_password(password: str, encoded: str) -> bool:
    """True where a password is the one that was hashed. Takes as long for a wrong one as for the right."""
    _, cost, block, parallel, salt, _ = encoded.split("$")
    try:
        found = _encoded(password, base64.b64decode(salt), int(cost), int(block), int(parallel))
    except ValueError:
        return False
    return hmac.compare_digest(found, encoded)


def new_key() -> tuple[str, str]:
    """A new API key, and its hash for the configuration."""
    key = secrets.token_urlsafe(_KEY_BYTES)
    return key, hash_key(key)


def hash_key(key: str) -> str:
    """`sha256:` and the hash in hexadecimal digits."""
    return "sha256:" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _encoded(password: str, salt: bytes, cost: int, block: int, parallel: int) -> str:
    # OpenSSL refuses to take more memory than it is told.
    memory = 256 * cost * block + (1 << 20)
    raw = hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"), salt=salt, n=cost, r=block, p=parallel, maxmem=memory,
        dklen=_HASH_BYTES,
    )  # fmt: skip
    parts = (base64.b64encode(part).decode() for part in (salt, raw))
    return "$".join(("scrypt", str(cost), str(block), str(parallel), *parts))
