"""The API's own description: OpenAPI 3.0."""

from proxy.ogc.api.openapi.document import document
from proxy.ogc.api.openapi.outline import Operation, outline

__all__ = ["Operation", "document", "outline"]
