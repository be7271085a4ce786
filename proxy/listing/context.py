"""What every listing is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proxy.config import Config, CredentialsConfig, MosaicConfig, ServiceConfig
from proxy.listing.places import shown


@dataclass(frozen=True, slots=True)
class Context:
    """What every listing is given.

    Attributes:
        reject: takes a place that could not be read, and a public sentence why.
    """

    service: ServiceConfig
    config: Config
    reject: Callable[[str, str], None]

    @property
    def mosaic(self) -> MosaicConfig:
        """The items that are asked for."""
        assert self.service.mosaic is not None
        return self.service.mosaic

    @property
    def credentials(self) -> CredentialsConfig | None:
        """Of buckets."""
        return self.config.credentials.get(self.service.credentials or "")

    def refuse(self, place: str, reason: object) -> None:
        """Note an item that is left out, without what its address may keep secret."""
        self.reject(shown(place), str(reason))
