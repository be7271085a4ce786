"""The service that opens what callers name, within a list."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from proxy.config.base import Model
from proxy.config.mosaic import Texts
from proxy.config.security import AccessConfig
from proxy.config.service import CachingConfig, LimitsConfig

_SCHEMES = ("https", "http", "s3", "gs", "az")


class OpenConfig(Model):
    """Rasters by address: `/tiles/{name}/{z}/{x}/{y}.png?url=…`.

    Attributes:
        name: in place of the name of a service.
        prefixes: what an address has to begin with; each ends with a slash, or gets one.
        private: hosts may also be on private networks. For tests and closed networks only.
        most: sources that are open at a time.
        credentials: profile for those in buckets.
    """

    name: str = Field("open", pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]*$")
    prefixes: Texts = Field(min_length=1)
    private: bool = False
    most: int = Field(32, ge=1, le=1024)
    credentials: str | None = None
    access: AccessConfig | None = None
    cache: CachingConfig = CachingConfig()
    limits: LimitsConfig = LimitsConfig()

    @field_validator("prefixes")
    @classmethod
    def _whole(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found = []
        for text in value:
            parts = urlsplit(text)
            if parts.scheme not in _SCHEMES or not parts.netloc or "@" in parts.netloc:
                raise ValueError(
                    f"'{text}' is no https://, http://, s3://, gs:// or az:// address of a folder"
                )
            if parts.query or parts.fragment:
                raise ValueError(f"'{text}' is the address of a folder, without a query")
            found.append(text if text.endswith("/") else f"{text}/")
        return tuple(found)
