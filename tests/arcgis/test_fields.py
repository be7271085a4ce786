from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from proxy.arcgis.fields import Fields, fields_of, numbers
from proxy.errors import BadRequest, InvalidParameter, TooLarge


def request(query: str = "", body: bytes = b"", content_type: str = "", method: str = "POST") -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", content_type.encode())] if content_type else []
    scope = {
        "type": "http", "method": method, "path": "/", "query_string": query.encode(), "headers": headers,
        "app": object(),
    }  # fmt: skip
    return Request(scope, receive)


def read(*args: Any, **kwargs: Any) -> Fields:
    return asyncio.run(fields_of(request(*args, **kwargs)))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("BBOX", "1,2,3,4")], {"bbox": "1,2,3,4"}),
        ([("f", "json"), ("F", "html")], {"f": "json"}),
        ([("format", ""), ("FORMAT", "png")], {"format": "png"}),
        ([("size", "  10,10 ")], {"size": "10,10"}),
        ([("bandIds", ""), ("time", "   ")], {}),
    ],
)
def test_names_are_folded_and_empty_is_absent(pairs: list[tuple[str, str]], expected: dict[str, str]) -> None:
    assert dict(Fields(pairs)) == expected


def test_any_case_finds_a_parameter() -> None:
    fields = Fields([("renderingrule", "x")])
    assert fields["renderingRule"] == fields.text("RENDERINGRULE") == "x"
    assert fields.text("other") == ""
    assert "RenderingRule" in fields


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "1", "yes", " true "])
def test_truth(text: str) -> None:
    assert Fields([("a", text)]).flag("A") is True


@pytest.mark.parametrize(("text", "default"), [("false", True), ("False", True), ("0", True), ("no", True)])
def test_falsehood(text: str, default: bool) -> None:
    assert Fields([("a", text)]).flag("a", default) is False


@pytest.mark.parametrize("default", [True, False])
def test_what_says_neither_is_the_default(default: bool) -> None:
    assert Fields([("a", "maybe")]).flag("a", default) is default
    assert Fields().flag("a", default) is default


@pytest.mark.parametrize(("text", "expected"), [("1.5", 1.5), ("-3", -3.0), ("1e3", 1000.0), ("", None)])
def test_numbers(text: str, expected: float | None) -> None:
    assert Fields([("n", text)]).number("n") == expected


@pytest.mark.parametrize("text", ["x", "1,2", "nan", "inf"])
def test_what_is_not_a_number(text: str) -> None:
    with pytest.raises(InvalidParameter, match="'n' parameter is invalid"):
        Fields([("n", text)]).number("n")


def test_a_list_of_numbers_may_have_blanks_and_brackets() -> None:
    assert numbers("size", " [400.0, 300] ") == [400.0, 300.0]


@pytest.mark.parametrize("text", ['{"x": 12.5, "y": -4}', "{x: 12.5, y: -4}", "{'x': 12.5, 'y': -4}"])
def test_relaxed_json(text: str) -> None:
    assert Fields([("geometry", text)]).json("geometry") == {"x": 12.5, "y": -4}


def test_broken_json() -> None:
    with pytest.raises(InvalidParameter, match="mosaicRule"):
        Fields([("mosaicRule", "{'x': ")]).json("mosaicRule")


def test_query_and_form_are_joined_and_the_query_is_first() -> None:
    body = urlencode({"size": "10,10", "f": "image", "bbox": "0,0,1,1"}).encode()
    found = read("f=json&token=", body, "application/x-www-form-urlencoded")
    assert dict(found) == {"f": "json", "size": "10,10", "bbox": "0,0,1,1"}


def test_multipart() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="bbox"\r\n\r\n0,0,1,1\r\n'
        b'--x\r\nContent-Disposition: form-data; name="F"\r\n\r\njson\r\n--x--\r\n'
    )
    assert dict(read("", body, "multipart/form-data; boundary=x")) == {"bbox": "0,0,1,1", "f": "json"}


def test_a_body_of_another_kind_is_not_looked_at() -> None:
    assert dict(read("f=json", b"bbox=1", "text/plain")) == {"f": "json"}
    assert dict(read("f=json", b"bbox=1", "application/x-www-form-urlencoded", method="GET")) == {"f": "json"}


def test_a_form_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.forms.MAX_FORM", 1000)
    with pytest.raises(TooLarge):
        read("", b"a=" + b"x" * 1000, "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"garbage", "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data"),
        (b"&".join(b"a%d=1" % i for i in range(300)), "application/x-www-form-urlencoded"),
    ],
)
def test_damaged_forms_are_the_callers_fault(body: bytes, kind: str) -> None:
    with pytest.raises(BadRequest):
        read("", body, kind)
