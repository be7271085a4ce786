from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from proxy.errors import InvalidToken
from proxy.security.tokens import Bound, Tokens, same_page

KEY = b"k" * 32
PASSWORDS = {"ann": "scrypt$1", "bob": "scrypt$2"}


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(KEY, PASSWORDS, clock)


def refused(tokens: Tokens, text: str, referer: str = "", address: str = "") -> None:
    with pytest.raises(InvalidToken):
        tokens.read(text, referer, address)


def test_a_token_is_good_until_it_ends(tokens: Tokens, clock: Clock) -> None:
    text, expires = tokens.make("ann", 2)
    assert expires == (1_700_000_000 + 120) * 1000
    assert tokens.read(text, "", "") == "ann"
    clock.now += 119
    assert tokens.read(text, "https://any.example/", "10.0.0.1") == "ann"
    clock.now += 2
    refused(tokens, text)


def test_every_change_of_a_token_ends_it(tokens: Tokens) -> None:
    text, _ = tokens.make("ann", 60)
    for index, letter in enumerate(text):
        refused(tokens, text[:index] + ("A" if letter != "A" else "B") + text[index + 1 :])
    for other in ("", ".", text[:-1], text + "A", text.split(".")[0], f"{text}.{text}", "ä" * 20, "x" * 5000):
        refused(tokens, other)


def test_other_keys_and_other_purposes_sign_nothing(tokens: Tokens, clock: Clock) -> None:
    foreign, _ = Tokens(b"other", PASSWORDS, clock).make("ann", 60)
    refused(tokens, foreign)
    # The payload of a good token, signed with the plain key as somebody might who knows how links are signed.
    payload = tokens.make("ann", 60)[0].rpartition(".")[0]
    mark = base64.urlsafe_b64encode(hmac.new(KEY, payload.encode(), hashlib.sha256).digest()).rstrip(b"=")
    refused(tokens, f"{payload}.{mark.decode()}")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS256"])
def test_no_algorithm_of_the_callers_choice(tokens: Tokens, algorithm: str) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    head = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part({'sub': 'ann', 'exp': 9e9})}"
    signature = base64.urlsafe_b64encode(hmac.new(KEY, head.encode(), hashlib.sha256).digest()).decode()
    for text in (head, f"{head}.", f"{head}.{signature.rstrip('=')}"):
        refused(tokens, text)


def test_a_new_password_and_a_removed_user_end_tokens(tokens: Tokens, clock: Clock) -> None:
    text, _ = tokens.make("ann", 60)
    refused(Tokens(KEY, PASSWORDS | {"ann": "scrypt$3"}, clock), text)
    refused(Tokens(KEY, {"bob": "scrypt$2"}, clock), text)
    assert Tokens(KEY, {"ann": "scrypt$1"}, clock).read(text, "", "") == "ann"


def test_a_token_of_a_page_is_no_use_elsewhere(tokens: Tokens) -> None:
    text, _ = tokens.make("ann", 60, Bound(referer="https://app.example/map"))
    assert tokens.read(text, "https://app.example/", "") == "ann"
    for referer in (
        "",
        "https://evil.example/",
        "https://app.example.evil/",
        "http://app.example/",
        "app.example",
    ):
        refused(tokens, text, referer)


def test_a_token_of_an_address_is_no_use_elsewhere(tokens: Tokens) -> None:
    text, _ = tokens.make("ann", 60, Bound(address="192.0.2.7"))
    assert tokens.read(text, "", "192.0.2.7") == "ann"
    refused(tokens, text, address="192.0.2.70")
    refused(tokens, text)


@pytest.mark.parametrize(
    ("bound", "referer", "same"),
    [
        # What ArcGIS's JavaScript and Python send.
        ("app.example:8443", "https://app.example:8443/map?x=1", True),
        ("http", "http", True),
        ("app.example", "https://APP.example/", True),
        ("app.example", "https://app.example:8443/", False),
        ("https://app.example/a", "https://app.example/b", True),
        ("https://app.example/a", "https://app.example@evil.example/", False),
        ("https://app.example:bad/", "https://app.example/", False),
        ("http", "https://http.example/", False),
    ],
)
def test_pages(bound: str, referer: str, same: bool) -> None:
    assert same_page(bound, referer) is same
