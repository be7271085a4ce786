"""Signing in in a browser: one cookie opens the pages of every door, and nothing else."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest
from starlette.testclient import TestClient

from proxy.security.throttle import Attempts
from proxy.security.visit import COOKIE, Visit
from tests.conftest import DEMO
from tests.doors import client_of
from tests.security.conftest import ADMIN_KEY, KEY, OTHER_KEY, PASSWORD, ROOT, TILE, Clients, token_of

SERVICE = "/arcgis/rest/services/closed/ImageServer"
PAGES = (
    "/view/closed", "/tiles/closed/thumbnail.png?size=320", "/tiles/closed/tilejson.json",
    f"{SERVICE}?f=html",
    f"{SERVICE}/exportImage?f=html&bbox=-118.9,37.1,-118.5,37.5&bboxSR=4326",
    "/ogc/collections/closed?f=html",
    "/ogc/collections/closed/map?width=64&height=64", TILE.format("closed"),
)  # fmt: skip
ANN = {"username": "ann", "password": PASSWORD}


def signed_in(client: TestClient, **sent: str) -> Any:
    return client.post("/login", data=sent, follow_redirects=False)


@pytest.mark.parametrize(
    "sent", [{"username": "ann", "password": PASSWORD}, {"key": KEY}], ids=["user", "key"]
)
def test_one_cookie_opens_the_pages_of_every_door(clients: Clients, sent: dict[str, str]) -> None:
    client = clients()
    assert "closed" not in client.get("/").text
    answer = signed_in(client, **sent, next="/view/closed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/view/closed")
    words = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=strict", "path=/", "max-age=3600"} <= words
    assert "secure" not in words
    assert "/view/closed" in client.get("/").text
    assert "closed" in client.get("/arcgis/rest/services?f=html").text
    assert "closed" in client.get("/ogc/collections?f=html").text
    for page in PAGES:
        found = client.get(page)
        assert found.status_code == 200, page
        assert "Token Required" not in found.text
        assert found.headers["cache-control"].startswith(("private", "no-store"))
        assert "Cookie" in found.headers["vary"]
        # Nothing of it is written into a page or an address.
        assert client.cookies[COOKIE] not in found.text
    assert "Signed in as" in client.get("/login").text
    gone = client.post("/logout", follow_redirects=False)
    assert gone.status_code == 303
    assert COOKIE not in client.cookies
    assert client.get("/view/closed").status_code == 401


def test_pages_offer_to_sign_in_where_something_is_closed(clients: Clients) -> None:
    client = clients()
    assert '/login?next=/view/closed"' in client.get("/view/closed").text
    assert '/login?next=/view/closed%3Fstyle%3DNone"' in client.get("/view/closed?style=None").text
    assert '/login?next=/view/closed"' in client.get("/view/closed?style=None&token=x").text
    for page in ("/", "/ogc?f=html", "/arcgis/rest/services?f=html", f"{SERVICE}?f=html"):
        assert 'href="/login' in client.get(page).text, page
    client = clients(access={"public": True})
    for page in ("/", "/ogc?f=html", "/arcgis/rest/services?f=html"):
        assert "/login" not in client.get(page).text, page


def test_where_nobody_is_known_nobody_signs_in() -> None:
    with client_of(DEMO / "landcover.tif") as client:
        for answer in (client.get("/login"), signed_in(client, username="ann", password=PASSWORD)):
            assert (answer.status_code, "<form" in answer.text) == (404, False)
            assert "This server knows no users and no keys." in answer.text


def test_the_cookie_is_for_reading_in_this_browser_only(clients: Clients) -> None:
    client = clients()
    assert signed_in(client, key=ADMIN_KEY).status_code == 303
    cookie = client.cookies[COOKIE]
    assert client.get(TILE.format("closed")).status_code == 200
    # Not what an administrator does, not as a token, and no token as a cookie.
    assert client.post("/admin/purge", json={"all": True}).status_code == 401
    client.cookies.clear()
    assert client.get(TILE.format("closed"), params={"token": cookie}).status_code == 401
    assert client.get(TILE.format("closed"), headers={"Authorization": f"Bearer {cookie}"}).status_code == 401
    for value in (token_of(client, "ann"), KEY, f"{cookie}x", "", cookie[:-1]):
        answer = client.get(TILE.format("closed"), headers={"Cookie": f"a=b; {COOKIE}={value}; c"})
        assert answer.status_code == 401, value
    sent = {"Cookie": f"{COOKIE}={cookie}"}
    assert client.get(TILE.format("closed"), headers=sent).status_code == 200
    # A page of another site that has it sent all the same.
    far = sent | {"Sec-Fetch-Site": "cross-site"}
    assert client.get(TILE.format("closed"), headers=far).status_code == 401
    assert "access-control-allow-credentials" not in client.get(TILE.format("closed"), headers=sent).headers


def test_who_signs_in_sees_no_more_than_he_may(clients: Clients) -> None:
    client = clients()
    assert signed_in(client, key=OTHER_KEY).status_code == 303
    assert client.get(TILE.format("closed")).status_code == 403
    assert client.get(ROOT.format("closed")).json()["error"]["code"] == 403


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"key": "no-key"},
        {"username": "ann", "password": "wrong"},
        {"username": "eve", "password": PASSWORD},
    ],
)
def test_what_is_wrong_sets_no_cookie(clients: Clients, sent: dict[str, str]) -> None:
    client = clients()
    answer = signed_in(client, **sent)
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    assert "No user or key of this server." in answer.text
    assert signed_in(client, key=token_of(client, "ann")).status_code == 403


def test_guessing_is_slowed_down(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    # Time stands still: on a busy machine a second may pass while a password is looked at.
    monkeypatch.setattr("proxy.security.signing_in.Attempts", partial(Attempts, lambda: 1000.0))
    client = clients()
    for _ in range(5):
        assert signed_in(client, username="ann", password="wrong").status_code == 403
    answer = signed_in(client, username="ann", password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    # It is the same counter as that of the token service.
    form = {"username": "ann", "password": PASSWORD, "f": "json"}
    assert "retry-after" in client.post("/arcgis/tokens/generateToken", data=form).headers


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "/a\r\nX: y", "/ b", "", "view/closed",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere(clients: Clients, after: str) -> None:
    client = clients()
    answer = signed_in(client, key=KEY, next=after)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert 'name="next" value=""' in client.get("/login", params={"next": after}).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://["}, {"Origin": ""},
    ],
)  # fmt: skip
def test_a_form_of_another_site_is_not_taken(clients: Clients, headers: dict[str, str]) -> None:
    client = clients()
    for path in ("/login", "/logout"):
        answer = client.post(path, data={"key": KEY}, headers=headers, follow_redirects=False)
        assert (answer.status_code, "set-cookie" in answer.headers) == (400, False)


def test_behind_a_proxy_the_cookie_is_secure_and_below_its_path(clients: Clients) -> None:
    client = clients(server={"base_url": "https://maps.example.org/cog"})
    words = signed_in(client, key=KEY).headers["set-cookie"].lower()
    assert "secure" in words
    assert "path=/cog;" in words


def test_nothing_of_it_is_logged(clients: Clients, caplog: pytest.LogCaptureFixture) -> None:
    client = clients(server={"access_log": True}, render={"slow_seconds": 0.000001})
    with caplog.at_level(logging.DEBUG):
        signed_in(client, key=KEY)
        signed_in(client, username="ann", password=PASSWORD)
        client.get("/view/closed")
    said = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for secret in (KEY, PASSWORD, client.cookies[COOKIE]):
        assert secret not in said


def test_rates_of_a_key_count_for_its_session(clients: Clients, security: dict[str, Any]) -> None:
    security["keys"]["portal"] |= {"rate": 0.001, "burst": 2}
    client = clients()
    signed_in(client, key=KEY)
    assert [client.get(TILE.format("closed")).status_code for _ in range(3)] == [200, 200, 429]


def test_a_cookie_is_found_among_others() -> None:
    visit = Visit([(b"cookie", b"a=1; cogproxy_sessions=x"), (b"cookie", b" cogproxy_session=y ;b")])
    assert visit.session() == "y"
    assert Visit([(b"cookie", b"=;;")]).session() == ""
