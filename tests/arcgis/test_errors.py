from __future__ import annotations

import json
import logging

import pytest

from proxy.arcgis.errors import MAX_BYTES, UnsupportedOperation, error_document
from proxy.arcgis.fields import Fields
from proxy.arcgis.respond import document_response, error_response, wanted_format
from proxy.errors import (
    BadRequest,
    CannotOpen,
    ImageTooLarge,
    InvalidParameter,
    InvalidRule,
    ProxyError,
    QueueFull,
    ReadBudgetExceeded,
    UnknownService,
)

INVALID = "Invalid or missing input parameters."
FAILED = "Unable to complete operation."


@pytest.mark.parametrize(
    ("error", "code", "message", "details"),
    [
        (InvalidParameter("imageSR"), 400, INVALID, ["'imageSR' parameter is invalid."]),
        (ReadBudgetExceeded("Too many pixels."), 400, INVALID, ["Too many pixels."]),
        (UnsupportedOperation(), 400, "Requested operation is not supported by this service.", []),
        (UnknownService("x"), 404, "There is no service 'x'.", []),
        (QueueFull(), 503, "The server is busy; try again shortly.", []),
        (CannotOpen("It is missing.", "secret path"), 500, FAILED, ["It is missing."]),
        (ProxyError("Odd."), 500, FAILED, ["Odd."]),
    ],
)
def test_the_tree_in_esris_language(error: ProxyError, code: int, message: str, details: list[str]) -> None:
    assert error_document(error) == {"error": {"code": code, "message": message, "details": details}}


def test_size_limit_to_the_letter() -> None:
    response = error_response(ImageTooLarge(5000, 5000, 4100, 4100), Fields([("f", "image")]))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.body == (
        b'{"error":{"code":400,"extendedCode":-2147024809,"message":"Invalid or missing input parameters.",'
        b'"details":["The requested image exceeds the size limit."]}}'
    )


def test_a_wrong_rule_names_the_parameter_and_the_place() -> None:
    details = error_document(InvalidRule("Hillshade.Azimuth", "a number is expected"))["error"]["details"]
    assert details[0] == "'renderingRule' parameter is invalid."
    assert "Hillshade.Azimuth" in details[1]


def test_the_unforeseen_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        found = error_document(ZeroDivisionError("password=1"))
    assert found == {"error": {"code": 500, "message": FAILED, "details": []}}
    assert "password=1" in caplog.text


@pytest.mark.parametrize("letter", ["x", "é", "𝄞", '"', "\n"])
@pytest.mark.parametrize("kind", [BadRequest, CannotOpen, UnknownService, QueueFull])
def test_answers_stay_below_the_size_that_clients_read(kind: type[ProxyError], letter: str) -> None:
    error = kind.__new__(kind)
    error.message = letter * 5000
    error.retry_after = 1  # type: ignore[attr-defined]
    body = error_response(error, Fields([("f", "pjson")])).body
    assert len(body) <= MAX_BYTES
    assert json.loads(bytes(body))["error"]["code"]


def test_a_busy_server_says_when_to_come_back_and_nothing_is_kept() -> None:
    response = error_response(QueueFull(7), Fields())
    assert response.headers["retry-after"] == "7"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["cb", "_a.b", "$x", "jQuery123['a']", 'a["b"]', "window.call_1"])
def test_jsonp(name: str) -> None:
    response = document_response({"a": "\u2028"}, Fields([("callback", name), ("f", "json")]))
    assert response.headers["content-type"].startswith("application/javascript")
    assert bytes(response.body).decode() == name + '({"a":"\\u2028"});'


@pytest.mark.parametrize("name", ["1a", "a(b)", "alert(1)//", "a b", "<script>", "a;b", "é", "a" * 200])
def test_jsonp_names_are_checked(name: str) -> None:
    fields = Fields([("callback", name)])
    with pytest.raises(InvalidParameter, match="callback"):
        document_response({}, fields)
    answer = error_response(InvalidParameter("callback"), fields)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "html"), ("HTML", "html"), ("help", "html"), ("json", "json"), ("PJSON", "pjson"),
     ("image", "image"), ("kmz", "kmz"), ("amf", "json")],
)  # fmt: skip
def test_formats(text: str, expected: str) -> None:
    assert wanted_format(Fields([("f", text)])) == expected


def test_indentation() -> None:
    assert bytes(document_response({"a": 1}, Fields([("f", "pjson")])).body) == b'{\n "a": 1\n}'
    assert bytes(document_response({"a": 1}, Fields([("pretty", "true")])).body) == b'{\n "a": 1\n}'
    assert bytes(document_response({"a": 1}, Fields([("f", "json")])).body) == b'{"a":1}'
