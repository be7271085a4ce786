from __future__ import annotations

import pytest

from proxy.front.masking import masked_pairs, masked_target


@pytest.mark.parametrize(
    ("path", "query", "shown"),
    [
        ("/a", b"", "/a"),
        ("/a", b"bbox=1,2,3,4&f=image", "/a?bbox=1,2,3,4&f=image"),
        ("/a", b"f=json&token=hush", "/a?f=json&token=masked"),
        ("/a", b"f=json&ToKen=hush", "/a?f=json&ToKen=masked"),
        ("/a", b"f=json&t%6fken=hush", "/a?f=json&token=masked"),
        ("/a", b"token=hush&token=hush", "/a?token=masked&token=masked"),
        ("/a", b"url=https://h/a.tif?sig=hush", "/a?url=https%3A%2F%2Fh%2Fa.tif%3Fmasked"),
        ("/a\nFAKE line", b"x=\r\nFAKE", "/a%0AFAKE%20line?x=%0D%0AFAKE"),
        ("/ä", b"\xff=1", "/%C3%A4?%C3%BF=1"),
    ],
)
def test_targets(path: str, query: bytes, shown: str) -> None:
    assert masked_target(path, query) == shown
    assert "hush" not in shown


def test_forms() -> None:
    pairs = [("renderingRule", '{"a": 1}'), ("token", "hush"), ("password", "hush"), ("username", "ann")]
    shown = masked_pairs(pairs)
    assert shown == "renderingRule=%7B%22a%22%3A+1%7D&token=masked&password=masked&username=masked"


def test_nothing_is_endless() -> None:
    assert len(masked_target("/a", b"x=" + b"y" * 1_000_000)) <= 65536
