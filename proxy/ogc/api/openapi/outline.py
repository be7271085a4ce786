"""The OpenAPI document as people read it: operations under their tags, with every reference resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, ready for a page.

    Attributes:
        parameters: the path's first. answers: (status, description, media types).
    """

    identifier: str
    tag: str
    path: str
    summary: str
    parameters: tuple[Document, ...]
    answers: tuple[tuple[str, str, tuple[str, ...]], ...]


def outline(document: Document) -> dict[str, list[Operation]]:
    """Operations of a document by tag, in its order."""
    found: dict[str, list[Operation]] = {tag["name"]: [] for tag in document["tags"]}
    for path, item in document["paths"].items():
        operation = item["get"]
        answers = ((status, _resolved(document, each)) for status, each in operation["responses"].items())
        entry = Operation(
            operation["operationId"],
            operation["tags"][0],
            path,
            operation["summary"],
            tuple(_resolved(document, each) for each in operation["parameters"]),
            tuple((s, a["description"], tuple(a.get("content", ()))) for s, a in answers),
        )
        found[entry.tag].append(entry)
    return {tag: operations for tag, operations in found.items() if operations}


def _resolved(document: Document, item: Document) -> Document:
    if "$ref" not in item:
        return item
    found: Any = document
    for part in item["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    resolved: Document = found
    return resolved
