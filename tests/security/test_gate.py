"""Who is let in, through every door."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from proxy.config import ConfigError, parse
from proxy.security import Gate
from tests.security.conftest import ADMIN_KEY, IMAGE, KEY, OTHER_KEY, ROOT, TILE, Clients, token_of

BAD = "no-token-of-ours"


def test_nobody_is_told_to_log_in_in_the_language_of_the_door(clients: Clients) -> None:
    client = clients()
    tile = client.get(TILE.format("closed"))
    assert tile.status_code == 401
    assert tile.headers["www-authenticate"] == 'Bearer realm="cogproxy"'
    assert tile.headers["cache-control"] == "no-store"
    esri = client.get(ROOT.format("closed"))
    assert esri.status_code == 200
    assert esri.json()["error"] == {
        "code": 499,
        "message": "Token Required",
        "details": ["Token Required"],
        "messageCode": "SB_0005",
    }
    page = client.get("/view/closed")
    assert page.status_code == 401
    assert "A token is required." in page.text


def test_a_wrong_token_is_called_that(clients: Clients) -> None:
    client = clients()
    tile = client.get(TILE.format("closed"), params={"token": BAD})
    assert tile.status_code == 401
    assert tile.headers["www-authenticate"] == 'Bearer realm="cogproxy", error="invalid_token"'
    assert client.get(ROOT.format("closed") + f"&token={BAD}").json()["error"]["code"] == 498


def test_who_is_known_and_not_let_in_is_told_so(clients: Clients) -> None:
    client = clients()
    for credential in (OTHER_KEY, token_of(client, "bob")):
        assert client.get(TILE.format("closed"), params={"token": credential}).status_code == 403
        assert client.get(ROOT.format("closed") + f"&token={credential}").json()["error"]["code"] == 403


@pytest.mark.parametrize(
    "way",
    [
        lambda text: {"params": {"token": text}},
        lambda text: {"params": {"TOKEN": text}},
        lambda text: {"headers": {"X-Esri-Authorization": f"Bearer {text}"}},
        lambda text: {"headers": {"Authorization": f"Bearer {text}"}},
        lambda text: {"headers": {"X-API-Key": text}},
        # A stale token beside a good one does no harm.
        lambda text: {"params": {"token": BAD}, "headers": {"Authorization": f"Bearer {text}"}},
    ],
)
@pytest.mark.parametrize("kind", ["key", "token", "operator"])
def test_every_way_of_sending_a_credential(clients: Clients, way: Any, kind: str) -> None:
    client = clients()
    text = {"key": KEY, "operator": ADMIN_KEY}.get(kind) or token_of(client)
    sent = way(text)
    assert client.get(TILE.format("closed"), **sent).status_code == 200
    document = client.get(
        "/arcgis/rest/services/closed/ImageServer",
        params={"f": "json", **sent.get("params", {})},
        headers=sent.get("headers"),
    ).json()
    assert document["name"] == "closed"


def test_a_token_in_a_form(clients: Clients) -> None:
    client = clients()
    form = {"f": "json", "token": token_of(client)}
    assert client.post("/arcgis/rest/services/closed/ImageServer", data=form).json()["name"] == "closed"
    assert (
        client.post("/arcgis/rest/services/closed/ImageServer", data={"f": "json"}).json()["error"]["code"]
        == 499
    )


WMS = "/wms?service=WMS&version=1.3.0&request=GetMap&layers={}&styles=&crs=CRS:84&bbox=-113.1,37.2,-113,37.3"
GET_MAP = WMS + "&width=32&height=32&format=image/png"
GET_TILE = (
    "/wmts?service=WMTS&version=1.0.0&request=GetTile&layer={}&style=&format=image/png"
    "&tilematrixset=WebMercatorQuad&tilematrix=10&tilerow=397&tilecol=190"
)
API_MAP = "/ogc/collections/{}/map?f=png&width=32&height=32"


@pytest.mark.parametrize(
    ("path", "kind", "word"),
    [
        (GET_MAP, "text/xml", "ServiceException"),
        (GET_MAP + "&exceptions=INIMAGE", "text/xml", "ServiceException"),
        (GET_TILE, "application/xml", "ExceptionReport"),
        (API_MAP, "application/problem+json", '"status":401'),
        ("/ogc/collections/{}?f=json", "application/problem+json", '"status":401'),
    ],
)
def test_doors_of_ogc_ask_for_a_token_in_their_languages(
    clients: Clients, path: str, kind: str, word: str
) -> None:
    client = clients()
    answer = client.get(path.format("closed"))
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (401, kind)
    assert word in answer.text.replace(": ", ":")
    assert answer.headers["www-authenticate"] == 'Bearer realm="cogproxy"'
    assert client.get(path.format("closed"), params=None, headers={"X-API-Key": OTHER_KEY}).status_code == 403
    for _ in range(2):
        mine = client.get(path.format("closed"), headers={"X-API-Key": KEY})
        assert mine.status_code == 200, mine.text
        assert mine.headers["cache-control"].startswith("private")
    assert client.get(path.format("closed")).status_code == 401
    assert client.get(path.format("open")).status_code == 200
    assert client.app.state.hits.answered == 0  # type: ignore[attr-defined]


def test_maps_of_several_layers_are_as_closed_as_the_most_closed(clients: Clients) -> None:
    client = clients()
    for path in (GET_MAP.format("open,closed"), "/ogc/map?f=png&collections=open,closed&width=32&height=32"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"X-API-Key": KEY}).status_code == 200
        assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/wms?service=WMS&request=GetCapabilities", "/wmts?service=WMTS&request=GetCapabilities",
     "/ogc/collections?f=json", "/ogc?f=json", "/ogc/api?f=json", "/ogc/map/tiles?f=json"],
)  # fmt: skip
def test_documents_of_ogc_list_what_the_caller_may_see(clients: Clients, path: str) -> None:
    client = clients()
    plain = client.get(path)
    assert plain.status_code == 200
    assert "closed" not in plain.text
    mine = client.get(path, headers={"X-API-Key": KEY})
    assert mine.headers["cache-control"].startswith(("private", "no-store"))
    assert "closed" not in client.get(path).text


def test_no_cookie_lets_in(clients: Clients) -> None:
    client = clients()
    client.cookies.set("token", KEY)
    assert client.get(TILE.format("closed")).status_code == 401


def test_stale_tokens_do_no_harm_where_everybody_is_let_in(clients: Clients) -> None:
    client = clients()
    assert client.get(TILE.format("open"), params={"token": BAD}).status_code == 200
    assert client.get(ROOT.format("open") + f"&token={BAD}").json()["name"] == "open"


def listed(client: TestClient, **sent: Any) -> set[str]:
    document = client.get("/arcgis/rest/services?f=json", **sent).json()
    page = client.get("/", **sent).text
    names = {service["name"] for service in document["services"]}
    assert {name for name in ("open", "closed") if f"/view/{name}" in page} == names
    return names


def test_directories_list_what_the_caller_may_see(clients: Clients) -> None:
    client = clients()
    assert listed(client) == {"open"}
    assert listed(client, headers={"X-API-Key": OTHER_KEY}) == {"open"}
    assert listed(client, headers={"X-API-Key": KEY}) == {"open", "closed"}


def test_a_folder_without_anything_to_see_is_not_there(security: dict[str, Any]) -> None:
    from tests.doors import client_of

    service = {"name": "secret/a", "source": IMAGE, "access": {"keys": "portal"}}
    with client_of(service, security=security) as client:
        assert client.get("/arcgis/rest/services?f=json").json()["folders"] == []
        assert client.get("/arcgis/rest/services/secret?f=json").json()["error"]["code"] == 404
        sent = {"X-API-Key": KEY}
        assert client.get("/arcgis/rest/services?f=json", headers=sent).json()["folders"] == ["secret"]


@pytest.mark.parametrize(
    "door", [TILE, "/arcgis/rest/services/{}/ImageServer/exportImage?bbox=-113.1,37.2,-113,37.3&f=image"]
)
def test_pictures_that_are_not_for_everybody_are_nobodys_to_keep(clients: Clients, door: str) -> None:
    client = clients()
    sent = {"X-API-Key": KEY}
    for _ in range(3):
        mine = client.get(door.format("closed"), headers=sent)
        assert mine.headers["content-type"].startswith("image/")
        assert mine.headers["cache-control"].startswith("private")
        assert "public" not in mine.headers["cache-control"]
        assert "X-API-Key" in mine.headers["vary"]
        assert not client.get(door.format("closed")).headers["content-type"].startswith("image/")
    assert client.app.state.hits.answered == 0  # type: ignore[attr-defined]
    # The same address with the right token in it stays checked as well.
    known = client.get(door.format("closed") + ("&" if "?" in door else "?") + f"token={KEY}")
    assert known.headers["content-type"].startswith("image/")
    assert client.app.state.hits.answered == 0  # type: ignore[attr-defined]


def test_documents_that_are_not_for_everybody_are_private_too(clients: Clients) -> None:
    client = clients()
    sent = {"X-API-Key": KEY}
    for path in (ROOT.format("closed"), "/tiles/closed/tilejson.json", "/arcgis/rest/services?f=json"):
        assert client.get(path, headers=sent).headers["cache-control"].startswith("private")
    assert not client.get(ROOT.format("open")).headers["cache-control"].startswith("private")


def test_a_pictures_link_opens_that_picture_alone(clients: Clients) -> None:
    client = clients()
    export = "/arcgis/rest/services/closed/ImageServer/exportImage"
    query = {"bbox": "-113.1,37.2,-113,37.3", "bboxSR": "4326", "size": "64,64", "f": "json"}
    href = client.get(export, params=query, headers={"X-API-Key": KEY}).json()["href"]
    linked = client.get(href)
    assert linked.headers["content-type"].startswith("image/")
    assert linked.headers["cache-control"].startswith("private")
    changed = href.replace("_ags_", "_ags_A")
    assert client.get(changed).status_code == 404
    assert client.get(TILE.format("closed")).status_code == 401


def test_tilejson_keeps_the_token_that_it_was_asked_for_with(clients: Clients) -> None:
    client = clients()
    document = client.get("/tiles/closed/tilejson.json", params={"token": KEY}).json()
    assert document["tiles"][0].endswith(f"?token={KEY}")


def test_access_for_all_services_and_exceptions(security: dict[str, Any]) -> None:
    from tests.doors import client_of

    security["access"] = {"users": "*"}
    public = {"name": "open", "source": IMAGE, "access": {"public": True}}
    with client_of({"name": "closed", "source": IMAGE}, public, security=security) as client:
        assert client.get(TILE.format("open")).status_code == 200
        assert client.get(TILE.format("closed")).status_code == 401
        assert client.get(TILE.format("closed"), params={"token": token_of(client, "bob")}).status_code == 200
        assert client.get(TILE.format("closed"), headers={"X-API-Key": KEY}).status_code == 403


def test_info_tells_of_tokens_only_where_they_are_needed(clients: Clients) -> None:
    authentication = clients().get("/arcgis/rest/info?f=json").json()["authInfo"]
    assert authentication == {
        "isTokenBasedSecurity": True,
        "tokenServicesUrl": "http://testserver/arcgis/tokens/",
        "shortLivedTokenValidity": 60,
    }
    everybody = clients({"public": True}).get("/arcgis/rest/info?f=json").json()["authInfo"]
    assert everybody == {"isTokenBasedSecurity": False}


def test_without_a_request_only_what_is_public_is_there(security: dict[str, Any]) -> None:
    services = [
        {"name": "open", "source": IMAGE},
        {"name": "closed", "source": IMAGE, "access": {"keys": "*"}},
    ]
    config = parse({"services": services, "security": security}, {})
    gate = Gate(config)
    assert [gate.visible(service) for service in config.services] == [True, False]


@pytest.mark.parametrize("path", ["/tiles/{}/10/190/397.png", "/tiles/{}/tilejson.json"])
def test_a_services_rate_is_kept_in_the_language_of_the_door(clients: Clients, path: str) -> None:
    client = clients(limits={"rate": 0.01, "burst": 2})
    found = [client.get(path.format("open")) for _ in range(3)]
    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert 1 <= int(found[2].headers["retry-after"]) <= 100
    assert client.app.state.hits.answered == 0  # type: ignore[attr-defined]
    esri = client.get(ROOT.format("open"))
    assert (esri.status_code, esri.json()["error"]["code"]) == (200, 429)
    assert "retry-after" in esri.headers


def test_a_keys_rate_is_its_own(clients: Clients, security: dict[str, Any]) -> None:
    security["keys"]["portal"] |= {"rate": 0.01, "burst": 1}
    client = clients()
    sent = {"X-API-Key": KEY}
    assert client.get(TILE.format("closed"), headers=sent).status_code == 200
    assert client.get(TILE.format("closed"), headers=sent).status_code == 429
    assert client.get(TILE.format("closed"), headers={"X-API-Key": ADMIN_KEY}).status_code == 200
    assert client.get(TILE.format("open"), headers=sent).status_code == 200


def test_metrics_for_some(clients: Clients, security: dict[str, Any]) -> None:
    security["metrics"] = {"keys": ["portal"]}
    client = clients()
    assert client.get("/metrics").status_code == 401
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "cogproxy_refused_total" in answer.text


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"security": {"access": {}}}, "security.access: nobody is let in"),
        ({"security": {"access": {"keys": "x"}}}, "config: security.access lets in an unknown key 'x'"),
        (
            {"services": [{"name": "a", "source": "b", "access": {"users": ["eve"]}}]},
            "config: service 'a' lets in an unknown user 'eve'",
        ),
        ({"security": {"keys": {"a": {"hash": "plain"}}}}, "security.keys.a.hash: it is 'sha256:'"),
        ({"security": {"users": {"a": {"password": "plain"}}}}, "security.users.a.password: it is a hash"),
    ],
)
def test_faults_of_the_configuration_have_their_place(settings: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(settings, {})
    assert any(found.startswith(line) for found in str(caught.value).splitlines()), str(caught.value)
