"""The services by name: configuration, open source, renderings."""

from proxy.services.registry import Gate, Registry, RuleReader
from proxy.services.service import Service

__all__ = ["Gate", "Registry", "RuleReader", "Service"]
