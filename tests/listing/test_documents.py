from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxy.errors import CannotOpen
from proxy.listing import documents
from proxy.listing.documents import on_disk, read_bytes, read_json
from tests.range_server import RangeServer, range_server


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_is_read_from_disk_and_web(tmp_path: Path, server: RangeServer, packed: bool) -> None:
    content = json.dumps({"a": [1, "ä"]}).encode()
    content = gzip.compress(content) if packed else content
    (tmp_path / "a.json").write_bytes(content)
    assert read_json(str(tmp_path / "a.json"), None) == {"a": [1, "ä"]}
    assert read_json(server.put("a.json", content), None) == {"a": [1, "ä"]}
    with on_disk(server.put("b/a.json", content), None) as path:
        assert path.read_bytes() == content
    assert not path.exists()


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00", b"[" * 200_000, b"\x1f\x8b garbage", b""])
def test_what_is_no_document_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CannotOpen, match="document is"):
        read_json(str(tmp_path / "a.json"), None)


def test_what_is_not_there_is_said(tmp_path: Path, server: RangeServer) -> None:
    for place in (str(tmp_path / "a.json"), server.url + "/a.json", "http://127.0.0.1:9/a.json"):
        with pytest.raises(CannotOpen, match=r"not exist|not be reached"):
            read_bytes(place, None)
        with pytest.raises(CannotOpen, match=r"not exist|not be reached"), on_disk(place, None):
            pass


def test_size_is_limited_before_and_after_unpacking(tmp_path: Path, server: RangeServer) -> None:
    (tmp_path / "a.json").write_bytes(b" " * 5000)
    (tmp_path / "b.json").write_bytes(gzip.compress(b" " * 1_000_000))
    url = server.put("a.json", b" " * 5000)
    for place in (str(tmp_path / "a.json"), str(tmp_path / "b.json"), url):
        with pytest.raises(CannotOpen, match="larger"):
            read_bytes(place, None, 4000)
    assert len(read_bytes(url, None, 5000)) == 5000


def test_a_copy_is_limited_too(server: RangeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST_FILE_BYTES", 4000)
    with pytest.raises(CannotOpen, match="larger"), on_disk(server.put("a", b" " * 5000), None):
        pass


def test_a_document_that_drips_is_given_up(server: RangeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "SECONDS", -1.0)
    with pytest.raises(CannotOpen, match="too long"):
        read_bytes(server.put("a", b" "), None)


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/a", "data:text/plain,1"])
def test_a_redirect_leads_to_the_web_only(target: str) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as web:
        thread = Thread(target=web.handle_request)
        thread.start()
        with pytest.raises(CannotOpen):
            read_bytes(f"http://127.0.0.1:{web.server_address[1]}/a", None)
        thread.join()
