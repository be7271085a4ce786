from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from proxy.cache.building import disk_folder, shared_tiers
from proxy.config import Config, ConfigError, load, parse


def config_of(**data: Any) -> Config:
    return parse(data, {})


@pytest.mark.parametrize(
    ("workers", "disk", "expected"),
    [
        (1, "auto", None),
        (2, "auto", "state/pictures"),
        (1, True, None),
        (2, "off", None),
        (2, False, None),
        (1, "/somewhere", "/somewhere"),
    ],
)
def test_the_disk_tier_is_on_for_several_workers_or_when_named(
    workers: int, disk: object, expected: str | None, tmp_path: Path
) -> None:
    config = config_of(server={"workers": workers}, cache={"disk": disk}, state=str(tmp_path / "state"))
    assert disk_folder(config) == (tmp_path / expected if expected else None)


def test_a_folder_in_the_file_is_taken_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("cache: {disk: kept/here}\n")
    assert disk_folder(load(file, {})) == tmp_path / "kept" / "here"
    file.write_text("cache: {disk: off}\n")
    assert disk_folder(load(file, {})) is None


@pytest.mark.parametrize(
    ("cache", "line"),
    [
        ({"redis": "http://x"}, "cache.redis: a URL that begins with redis://"),
        ({"disk_mb": 1}, "cache.disk_mb: "),
        ({"lock_seconds": -1}, "cache.lock_seconds: "),
        ({"revalidate": 0}, "cache.revalidate: "),
        ({"namespace": "a b"}, "cache.namespace: "),
        ({"redis_url": "redis://x"}, "cache.redis_url: unknown key"),
    ],
)
def test_wrong_values_are_reported(cache: dict[str, object], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config_of(cache=cache)
    assert str(caught.value).startswith(line)


def test_the_password_in_the_url_is_masked() -> None:
    assert "hush" not in repr(config_of(cache={"redis": "redis://:hush@host/0"}))
    with pytest.raises(ConfigError) as caught:
        config_of(cache={"redis": "rediss:/hush@host"})
    assert "hush" not in str(caught.value)


def test_an_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "proxy.cache.redis":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"install cogproxy\[redis\]"):
        shared_tiers(config_of(cache={"redis": "redis://localhost"}))
