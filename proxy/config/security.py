"""Who may do what: API keys, users, tokens, and who reaches a service."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, SecretStr, field_validator, model_validator

from proxy.config.base import Model
from proxy.config.mosaic import Texts

_KEY = re.compile(r"sha256:[0-9a-f]{64}")
_PASSWORD = re.compile(
    r"scrypt\$\d{1,8}\$\d{1,3}\$\d{1,3}\$[A-Za-z0-9+/]{16,}={0,2}\$[A-Za-z0-9+/]{32,}={0,2}"
)

#: Stands for every key, or every user.
ANY = "*"

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@\-]{1,80}$")]


class AccessConfig(Model):
    """Who reaches a service.

    Attributes:
        public: everybody does.
        keys: names of API keys, `*` for all of them. users: names of users, likewise.
    """

    public: bool = False
    keys: Texts = ()
    users: Texts = ()

    @model_validator(mode="after")
    def _somebody(self) -> AccessConfig:
        if not (self.public or self.keys or self.users):
            raise ValueError("nobody is let in: name 'keys' or 'users', or set 'public: true'")
        return self


class KeyConfig(Model):
    """An API key, known by its hash.

    Attributes:
        hash: `sha256:` and 64 hexadecimal digits, as `cogproxy new-key` prints it.
        rate: requests a second on average, `burst` at once, to services that are not public or that have a
            rate themselves; no limit when absent. Counted in each process.
        admin: may also do what the operator may: purge, see what is wrong.
    """

    hash: SecretStr
    rate: float | None = Field(None, gt=0)
    burst: int = Field(50, ge=1)
    admin: bool = False

    @field_validator("hash")
    @classmethod
    def _known_form(cls, value: SecretStr) -> SecretStr:
        if not _KEY.fullmatch(value.get_secret_value()):
            raise ValueError("it is 'sha256:' and 64 hexadecimal digits, as 'cogproxy new-key' prints it")
        return value


class UserConfig(Model):
    """A user, who gets tokens for a name and a password; here it is what `cogproxy hash-password` prints."""

    password: SecretStr

    @field_validator("password")
    @classmethod
    def _known_form(cls, value: SecretStr) -> SecretStr:
        if not _PASSWORD.fullmatch(value.get_secret_value()):
            raise ValueError("it is a hash that begins with 'scrypt$', as 'cogproxy hash-password' prints it")
        return value


class TokensConfig(Model):
    """Tokens of users.

    Attributes:
        minutes: they last when nothing is asked for. most_minutes: they last at most.
        attempts: wrong passwords of a caller before he has to wait.
    """

    minutes: int = Field(60, ge=1)
    most_minutes: int = Field(20160, ge=1)
    attempts: int = Field(5, ge=1)


class SecurityConfig(Model):
    """Keys, users, and what holds where a service says nothing itself.

    Attributes:
        access: of services that have none of their own; everybody when absent.
        metrics: who may read `/metrics`; everybody when absent.
        frame_ancestors: pages that may hold the server's pages in a frame, as in a Content-Security-Policy.
    """

    keys: dict[Name, KeyConfig] = {}
    users: dict[Name, UserConfig] = {}
    tokens: TokensConfig = TokensConfig()
    access: AccessConfig | None = None
    metrics: AccessConfig | None = None
    frame_ancestors: str = Field("'self'", pattern=r"^[A-Za-z0-9'*:/._ \-]+$")

    def unknown(self, access: AccessConfig | None) -> str | None:
        """What an access names that is not there, for people; None where all is known."""
        if access is None:
            return None
        for kind, named, known in (("key", access.keys, self.keys), ("user", access.users, self.users)):
            for name in named:
                if name != ANY and name not in known:
                    return f"{kind} '{name}'"
        return None
