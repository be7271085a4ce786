from __future__ import annotations

import ipaddress

import pytest

from proxy.errors import InvalidParameter
from proxy.sources.allowed import allowed_address, is_public

PREFIXES = (
    "https://data.example/cogs/",
    "https://data.example:8443/",
    "s3://bucket/images/",
    "http://10.0.0.1/",
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("https://data.example/cogs/a.tif", None),
        ("https://data.example/cogs/deep/er/a%20b.tif?sig=x%2Fy&v=1", None),
        ("https://DATA.example/cogs/a.tif", None),
        ("https://data.example:443/cogs/a.tif", None),
        ("https://data.example./cogs/a.tif", None),
        ("https://data.example:8443/a.tif", None),
        ("s3://bucket/images/a.tif", None),
        ("s3a://bucket/images/a.tif", "s3://bucket/images/a.tif"),
        ("HTTPS://data.example/cogs/a.tif", "https://data.example/cogs/a.tif"),
    ],
)
def test_inside(text: str, plain: str | None) -> None:
    assert allowed_address(text, PREFIXES) == (plain or text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.tif",
        "/etc/passwd",
        "file:///etc/passwd",
        "/vsicurl/https://data.example/cogs/a.tif",
        "vrt://https://data.example/cogs/a.tif",
        "<VRTDataset></VRTDataset>",
        "https://data.example/other/a.tif",
        "https://data.example/cogs",
        "https://data.example/cogsx/a.tif",
        "https://data.example:444/cogs/a.tif",
        "http://data.example/cogs/a.tif",
        "https://data.example.evil/cogs/a.tif",
        "https://evil/https://data.example/cogs/a.tif",
        "https://data.example@evil/cogs/a.tif",
        "https://user:word@data.example/cogs/a.tif",
        "https://data.example/cogs/../secret.tif",
        "https://data.example/cogs/%2e%2e/secret.tif",
        "https://data.example/cogs/%252e%252e/secret.tif",
        "https://data.example/cogs/..%2fsecret.tif",
        "https://data.example/cogs/..\\secret.tif",
        "https://data.example/cogs/%5c..%5csecret.tif",
        "https://data.example/cogs/a.tif#b",
        "https://data.example/cogs/a.tif%00.png",
        "https://data.example/cogs/a.tif\r\nHost: evil",
        "https://data.example/cogs/a tif",
        "https://data.example/cogs/ä.tif",
        "https://data.example:bad/cogs/a.tif",
        "https://[::1/cogs/a.tif",
        "s3://Bucket/images/a.tif",
        "s3://bucket/images/a.tif?versionId=1",
        "s3://other/images/a.tif",
        "http://0x0a.0.0.1/a.tif",
        "http://167772161/a.tif",
        "https://data.example/cogs/" + "a" * 3000,
    ],
)
def test_outside(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        allowed_address(text, PREFIXES)
    assert "data.example" not in caught.value.message


@pytest.mark.parametrize(
    "text", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:8.8.8.8"]
)
def test_public_addresses(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
        "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_that_nobody_from_outside_may_reach(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
