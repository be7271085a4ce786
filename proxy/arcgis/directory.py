"""`/rest/info` and the directory of services."""

from __future__ import annotations

from proxy.arcgis.documents import CURRENT_VERSION, FULL_VERSION, Document
from proxy.config import Config
from proxy.errors import NotFound
from proxy.services import Registry, Service


class UnknownFolder(NotFound):
    """The directory has no such folder."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no folder '{name[:80]}'.")


def info_document(config: Config, tokens: str) -> Document:
    """The server: its version, and where it gives tokens, if a service asks for one.

    Args:
        tokens: address of the token service.
    """
    security: Document = {"isTokenBasedSecurity": config.is_secured}
    if config.is_secured and config.security.users:
        minutes = config.security.tokens.minutes
        security |= {"tokenServicesUrl": tokens, "shortLivedTokenValidity": minutes}
    return {
        "currentVersion": CURRENT_VERSION,
        "fullVersion": FULL_VERSION,
        "soapUrl": "",
        "secureSoapUrl": "",
        "authInfo": security,
    }


def listing(registry: Registry, folder: str | None) -> tuple[list[str], list[Service]]:
    """Folders and services of the directory, or of a folder. Nothing is opened.

    Raises:
        UnknownFolder: there is none of that name.
    """
    services = registry.in_folder(folder)
    if folder is None:
        return registry.folders(), services
    if not services:
        raise UnknownFolder(folder)
    return [], services


def directory_document(registry: Registry, folder: str | None) -> Document:
    """The directory, or one folder of it; names include their folder."""
    folders, services = listing(registry, folder)
    return {
        "currentVersion": CURRENT_VERSION,
        "folders": folders,
        "services": [{"name": service.name, "type": "ImageServer"} for service in services],
    }
