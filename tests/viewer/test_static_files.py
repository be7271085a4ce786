from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from proxy.viewer.static_files import LEAFLET_VERSION, OWN, content_version


def test_version_follows_content_and_names(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    first = content_version(tmp_path)
    assert content_version(tmp_path) == first
    (tmp_path / "a.css").write_text("a { color: red }")
    second = content_version(tmp_path)
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    assert len({first, second, content_version(tmp_path)}) == 3


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        (f"{LEAFLET_VERSION}/leaflet.js", "javascript"),
        (f"{LEAFLET_VERSION}/leaflet.css", "text/css"),
        (f"{LEAFLET_VERSION}/images/layers.png", "image/png"),
        (f"{content_version(OWN)}/map.js", "javascript"),
        (f"{content_version(OWN)}/icon.svg", "image/svg+xml"),
    ],
)
def test_files(client: TestClient, path: str, media_type: str) -> None:
    response = client.get(f"/static/{path}")
    assert response.status_code == 200
    assert media_type in response.headers["content-type"]
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"
    again = client.get(f"/static/{path}", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304
    assert client.head(f"/static/{path}").content == b""


def test_other_versions_get_the_present_file_and_may_not_keep_it(client: TestClient) -> None:
    response = client.get("/static/0123456789ab/map.js")
    assert response.content == (OWN / "map.js").read_bytes()
    assert response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["nothing.js", "..%2f..%2fpages.py", "../pages.py", "", "%2fetc%2fpasswd"])
def test_nothing_else_is_sent(client: TestClient, path: str) -> None:
    assert client.get(f"/static/{content_version(OWN)}/{path}").status_code == 404
