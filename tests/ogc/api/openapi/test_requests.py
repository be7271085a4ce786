"""Requests made up from the OpenAPI document: no failure of the server, nothing that it does not announce."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from proxy.app import create_app
from proxy.config import parse
from tests.ogc.api.conftest import SERVICES

#: What an answer must be, by the names that schemathesis has for it.
WANTED = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "response_headers_conformance",
)  # fmt: skip
#: A tile that every collection has.
TILE = {"tileMatrix": "0", "tileRow": 0, "tileCol": 0}


@pytest.fixture(scope="module")
def schema() -> Any:
    """The document of an application over the demo's rasters, whose operations are called in this process."""
    config = parse({"services": list(SERVICES), "render": {"threads": 1, "seconds": 120}}, {})
    return schemathesis.openapi.from_asgi("/ogc/api", create_app(config), config=SchemathesisConfig())


def test_no_request_breaks_the_api(schema: Any) -> None:
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        assert tried(operation)[200], operation.path


def tried(operation: Any) -> Counter[int]:
    """Requests made up for an operation; how often each status came."""
    checks = [CHECKS.get_one(name) for name in WANTED]
    answers: Counter[int] = Counter()

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(), known=booleans(), plain=booleans())
    def try_it(case: Any, known: bool, plain: bool) -> None:
        # What is made up by chance names no tile, and a style of another collection.
        if known and "styleId" in (case.path_parameters or {}):
            case.path_parameters["styleId"] = "None"
        if known and "tileMatrix" in (case.path_parameters or {}):
            case.path_parameters.update(tileMatrixSetId="WebMercatorQuad", **TILE)
        # Nor does chance often write a colour, a time or a subset.
        if plain and case.query:
            case.query.clear()
        response = case.call()
        answers[response.status_code] += 1
        case.validate_response(response, checks=checks)

    try_it()
    return answers
