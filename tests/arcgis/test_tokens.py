"""`generateToken` as Esri's clients ask for it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from proxy.security.passwords import hash_password
from tests.conftest import DEMO
from tests.doors import client_of

PASSWORD = "correct horse"
CLOSED = {"name": "closed", "source": str(DEMO / "landcover.tif"), "access": {"users": ["ann"]}}
PATH = "/arcgis/tokens/generateToken"
FORM = {"username": "ann", "password": PASSWORD, "f": "json"}
ROOT = "/arcgis/rest/services/closed/ImageServer?f=json"


@pytest.fixture(scope="module")
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def client(hashed: str) -> Any:
    with client_of(CLOSED, security={"users": {"ann": {"password": hashed}}}) as found:
        yield found


@pytest.mark.parametrize(
    "path",
    [PATH, "/arcgis/tokens", "/arcgis/tokens/", "/tokens/generateToken", "/arcgis/admin/generateToken",
     "/ARCGIS/tokens/generatetoken"],
)  # fmt: skip
def test_every_address_where_clients_look(client: Any, path: str) -> None:
    answer = client.post(path, data=FORM)
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert client.get(f"{ROOT}&token={document['token']}").json()["name"] == "closed"
    assert document["ssl"] is False


@pytest.mark.parametrize(("asked", "minutes"), [(None, 60), ("5", 5), ("99999999", 20160), ("0.5", 0.5)])
def test_tokens_last_as_long_as_is_asked_and_allowed(client: Any, asked: str | None, minutes: float) -> None:
    form = FORM if asked is None else FORM | {"expiration": asked}
    expires = client.post(PATH, data=form).json()["expires"]
    # Seconds between the making of the token and this line.
    assert expires / 1000 - time.time() == pytest.approx(minutes * 60, abs=20)


@pytest.mark.parametrize("wrong", ["0", "-5", "soon", "inf", "nan"])
def test_a_time_that_is_none(client: Any, wrong: str) -> None:
    error = client.post(PATH, data=FORM | {"expiration": wrong}).json()["error"]
    assert (error["code"], "expiration" in error["details"][0]) == (400, True)


def test_a_token_for_a_page(client: Any) -> None:
    form = FORM | {"client": "referer", "referer": "https://app.example/map"}
    token = client.post(PATH, data=form).json()["token"]
    address = f"{ROOT}&token={token}"
    assert client.get(address, headers={"Referer": "https://app.example/"}).json()["name"] == "closed"
    for headers in ({"Referer": "https://evil.example/"}, {}):
        assert client.get(address, headers=headers).json()["error"]["code"] == 498
    assert client.post(PATH, data=FORM | {"client": "referer"}).json()["error"]["code"] == 400


def test_a_token_for_an_address(client: Any) -> None:
    mine = client.post(PATH, data=FORM | {"client": "requestip"}).json()["token"]
    assert client.get(f"{ROOT}&token={mine}").json()["name"] == "closed"
    other = client.post(PATH, data=FORM | {"client": "ip", "ip": "192.0.2.1"}).json()["token"]
    assert client.get(f"{ROOT}&token={other}").json()["error"]["code"] == 498


@pytest.mark.parametrize(
    "change",
    [{"password": "wrong"}, {"password": ""}, {"username": "eve"}, {"username": ""}, {"username": "ANN"}],
)
def test_wrong_names_and_passwords_are_not_told_apart(client: Any, change: dict[str, str]) -> None:
    answer = client.post(PATH, data=FORM | change)
    assert answer.status_code == 200
    assert answer.json()["error"] == {
        "code": 400,
        "message": "Unable to generate token.",
        "details": ["Invalid username or password specified."],
    }


def test_passwords_are_not_taken_from_addresses(client: Any) -> None:
    assert client.get(PATH, params=FORM).json()["error"]["code"] == 405
    error = client.post(PATH, params=FORM).json()["error"]
    assert (error["code"], "form" in error["details"][0]) == (400, True)


def test_guessing_is_slowed_down_also_for_the_right_password(client: Any) -> None:
    for _ in range(5):
        client.post(PATH, data=FORM | {"password": "wrong"})
    for password in ("wrong", PASSWORD):
        answer = client.post(PATH, data=FORM | {"password": password})
        assert answer.json()["error"]["details"][0].startswith("Too many attempts failed; try again in")
        assert int(answer.headers["retry-after"]) >= 1


def test_without_users_there_is_no_such_resource() -> None:
    with client_of(DEMO / "landcover.tif") as client:
        assert client.post(PATH, data=FORM).json()["error"]["code"] == 404


def test_behind_https_the_token_says_so(client: Any) -> None:
    assert client.post(PATH, data=FORM, headers={"X-Forwarded-Proto": "https"}).json()["ssl"] is True
