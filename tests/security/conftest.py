from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

from proxy.security.passwords import hash_key, hash_password
from tests.conftest import DEMO
from tests.doors import client_of

#: Cheap to compute: the cost of a hash is tested elsewhere.
PASSWORD = "correct horse"
KEY, OTHER_KEY, ADMIN_KEY = "key-of-the-portal", "key-of-nobody", "key-of-the-operator"
IMAGE = str(DEMO / "landcover.tif")
TILE = "/tiles/{}/10/190/397.png"
ROOT = "/arcgis/rest/services/{}/ImageServer?f=json"


@pytest.fixture(scope="session")
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def security(hashed: str) -> dict[str, Any]:
    return {
        "keys": {
            "portal": {"hash": hash_key(KEY)},
            "nobody": {"hash": hash_key(OTHER_KEY)},
            "operator": {"hash": hash_key(ADMIN_KEY), "admin": True},
        },
        "users": {"ann": {"password": hashed}, "bob": {"password": hashed}},
    }


Clients = Callable[..., TestClient]


@pytest.fixture
def clients(security: dict[str, Any]) -> Iterator[Clients]:
    """Clients of applications with one open service and one for the portal's key and the user ann."""
    with ExitStack() as stack:

        def make(access: dict[str, Any] | None = None, **settings: Any) -> TestClient:
            limits = settings.pop("limits", {})
            services = (
                {"name": "open", "source": IMAGE, "limits": limits},
                {
                    "name": "closed",
                    "source": IMAGE,
                    "limits": limits,
                    "access": access or {"keys": ["portal"], "users": ["ann"]},
                },
            )
            return stack.enter_context(_client(services, {"security": security, **settings}))

        yield make


@contextmanager
def _client(services: Any, settings: dict[str, Any]) -> Iterator[TestClient]:
    with client_of(*services, **settings) as client:
        yield client


def token_of(client: TestClient, user: str = "ann", **more: str) -> str:
    data = {"username": user, "password": PASSWORD, "f": "json", **more}
    answer = client.post("/arcgis/tokens/generateToken", data=data).json()
    assert set(answer) == {"token", "expires", "ssl"}, answer
    return str(answer["token"])
