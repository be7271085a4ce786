from __future__ import annotations

from pathlib import Path

import pytest

from proxy.config import Config, ConfigError, load, parse
from proxy.demo import demo_config
from proxy.model import Interpolation


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"server": {"prt": 1}}, "server.prt: unknown key"),
        ({"surface": {}}, "surface: unknown key"),
        ({"services": [{"name": "a"}]}, "services[0]: a service has either"),
        (
            {"services": [{"name": "a", "source": "b", "renderings": [{"name": "r", "rul": 1}]}]},
            "services[0].renderings[0].rul: unknown key",
        ),
        ({"services": [{"name": "a/b/c", "source": "x"}]}, "services[0].name: a name is letters"),
        ({"services": [{"name": "../up", "source": "x"}]}, "services[0].name: a name is letters"),
        (
            {"services": [{"name": "a", "source": "x"}, {"name": "A", "source": "y"}]},
            "config: two services are named 'A'",
        ),
        (
            {"services": [{"name": "a", "source": "x", "credentials": "none"}]},
            "config: service 'a' names unknown credentials 'none'",
        ),
        ({"services": [{"name": "a", "source": "x", "empty_tile": 404}]}, "services[0].empty_tile: 200"),
    ],
)
def test_faults_are_reported_with_their_path(data: dict[str, object], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(data, {})
    assert any(found.startswith(line) for found in str(caught.value).splitlines())


def test_every_fault_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse({"server": {"port": "high", "hots": 1}, "render": {"queue": 0}}, {})
    assert len(str(caught.value).splitlines()) == 3


def test_environment_overrides_the_file() -> None:
    environment = {"COGPROXY_SERVER__PORT": "9001", "COGPROXY_CACHE__MEMORY_MB": "7", "COGPROXY_X": "ignored"}
    config = parse({"server": {"port": 1, "host": "::"}}, environment)
    assert (config.server.port, config.server.host, config.cache.memory_mb) == (9001, "::", 7)


def test_a_value_of_the_environment_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigError, match="COGPROXY_SERVER__HOST"):
        parse({}, {"COGPROXY_SERVER__HOST": "{"})


def test_secrets_are_masked() -> None:
    config = parse({"credentials": {"a": {"secret_access_key": "hush", "gdal": {"TOKEN": "hush"}}}}, {})
    assert "hush" not in repr(config)
    key = config.credentials["a"].secret_access_key
    assert key is not None
    assert key.get_secret_value() == "hush"


def test_relative_sources_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("services:\n- {name: a, source: x/y.tif}\n- {name: b, source: 's3://bucket/k.tif'}\n")
    services = load(file, {}).services
    assert services[0].source == str(tmp_path / "x/y.tif")
    assert services[1].source == "s3://bucket/k.tif"


@pytest.mark.parametrize(("text", "why"), [("a: [", "not YAML"), ("- 1", "a mapping is expected")])
def test_unreadable_files(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=why):
        load(file, {})


def test_missing_file_names_itself(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml: No such file"):
        load(tmp_path / "absent.yaml", {})


def test_the_demo_is_the_example_and_its_rasters_exist() -> None:
    config = demo_config()
    assert isinstance(config, Config)
    assert all(Path(service.source).is_file() for service in config.services)
    assert config.services[1].name == "dem/sierra"
    assert config.services[1].interpolation is Interpolation.BILINEAR
    assert config == load(Path(__file__).parents[1] / "config.yaml").model_copy(
        update={"services": config.services}
    )


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"rules": {"mid": {"operation": "median"}}}, r"mosaic\.rules\.mid\.operation"),
        ({"rules": {"mid": {"methd": "none"}}}, r"mosaic\.rules\.mid\.methd"),
        ({"rules": {"mid": {"method": "lock"}}}, "needs ids in 'locked'"),
        ({"method": "lock"}, "for requests"),
        ({"method": "attribute"}, "needs a 'sort_field'"),
        ({"min_pixel_size": 0}, r"mosaic\.min_pixel_size"),
        ({"min_pixel_size": float("nan")}, r"mosaic\.min_pixel_size"),
    ],
)
def test_faults_in_a_mosaic(settings: dict[str, object], line: str) -> None:
    with pytest.raises(ConfigError, match=line):
        parse({"services": [{"name": "many", "mosaic": {"source": "*.tif", **settings}}]}, {})
