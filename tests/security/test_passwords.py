from __future__ import annotations

import base64
import hashlib

import pytest
from click.testing import CliRunner

from proxy.cli import main
from proxy.config import parse
from proxy.security.passwords import hash_key, hash_password, is_password, new_key


def test_a_password_is_the_one_that_was_hashed(hashed: str) -> None:
    assert hashed.startswith("scrypt$16384$8$5$")
    assert is_password("correct horse", hashed)
    for other in ("", "correct hors", "correct horse ", "Correct horse"):
        assert not is_password(other, hashed)


def test_salts_differ_and_the_hash_is_that_of_rfc_7914() -> None:
    assert hash_password("a") != hash_password("a")
    # Section 12 of the RFC: "pleaseletmein", "SodiumChloride", N 16384, r 8, p 1; half of the result.
    known = bytes.fromhex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    salt, found = (base64.b64encode(part).decode() for part in (b"SodiumChloride", known))
    expected = f"scrypt$16384$8$1${salt}${found}"
    assert is_password("pleaseletmein", expected)
    assert not is_password("pleaseletmeout", expected)


@pytest.mark.parametrize("encoded", ["scrypt$3$8$1$AAAA$AAAA", "scrypt$16384$8$1$%$%"])
def test_a_hash_that_cannot_be_computed_fits_nothing(encoded: str) -> None:
    assert not is_password("a", encoded)


def test_keys() -> None:
    key, hashed = new_key()
    assert len(key) >= 40
    assert hashed == hash_key(key) == "sha256:" + hashlib.sha256(key.encode()).hexdigest()
    assert new_key()[0] != key


def test_the_command_line_makes_what_the_configuration_takes() -> None:
    password = CliRunner().invoke(main, ["hash-password"], input="a secret\na secret\n").output.split()[-1]
    key, hashed = (line.split()[1] for line in CliRunner().invoke(main, ["new-key"]).output.splitlines())
    security = {"users": {"ann": {"password": password}}, "keys": {"portal": {"hash": hashed}}}
    config = parse({"security": security}, {})
    assert is_password("a secret", config.security.users["ann"].password.get_secret_value())
    assert config.security.keys["portal"].hash.get_secret_value() == hash_key(key)
    for secret in (password, hashed):
        assert secret not in repr(config)
        assert secret not in config.model_dump_json()
