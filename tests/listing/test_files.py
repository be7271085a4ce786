from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from proxy.errors import CannotOpen
from proxy.listing.files import glob_pattern, is_wild
from proxy.listing.headers import Failed, Headers
from tests.conftest import DATA
from tests.listing import support
from tests.listing.servers import served, web_folder
from tests.listing.support import FLAT, config_of, copies, listed
from tests.s3 import Front, profile, put, s3_server


def names(found: tuple[list[Any], Any]) -> list[str]:
    return [record.name for record in found[0]]


def test_files_folders_and_globs_on_disk(tmp_path: Path) -> None:
    copies(tmp_path, "b.tif", "a.TIF", "deep/er/c.tif", "deep/d.tif", "notes.txt")
    assert names(listed(tmp_path)) == ["a", "b", "d", "c"]
    assert names(listed(f"{tmp_path}/*.tif")) == ["b"]
    assert names(listed(f"{tmp_path}/**/*.tif")) == ["b", "d", "c"]
    assert names(listed(f"{tmp_path}/**")) == ["a", "b", "d", "c"]
    assert names(listed(f"{tmp_path}/[ab].*")) == ["a", "b"]
    assert names(listed([f"{tmp_path}/b.tif", f"{tmp_path}/deep"])) == ["b", "d", "c"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    copies(tmp_path, "a[1].tif")
    assert names(listed(f"{tmp_path}/a[1].tif")) == ["a[1]"]


def test_the_version_of_a_file_changes_with_it(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    before = listed(tmp_path)[0][0]
    os.utime(tmp_path / "a.tif", (1, 1))
    after = listed(tmp_path)[0][0]
    assert before.key == after.key
    assert before.version != after.version


@pytest.mark.parametrize("place", ["nothing.tif", "*.tif", "empty", "**/*.tif"])
def test_nothing_there_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CannotOpen, match=r"no raster|not exist"):
        listed(tmp_path / place)


def test_one_place_that_is_not_there_leaves_the_others(tmp_path: Path) -> None:
    copies(tmp_path, "a.tif")
    found, rejected = listed([f"{tmp_path}/b.tif", f"{tmp_path}/a.tif"])
    assert [record.name for record in found] == ["a"]
    assert rejected == [(f"{tmp_path}/b.tif", "The source does not exist.")]


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("s3://b/x/*.tif", ["x/a.tif", "x/.tif"], ["x/y/a.tif", "x/a.tiff", "a.tif"]),
        ("s3://b/x/**/*.tif", ["x/a.tif", "x/y/z/a.tif"], ["xa.tif"]),
        ("s3://b/**/B0[1-3].tif", ["B01.tif", "y/B03.tif"], ["B04.tif"]),
        ("s3://b/[!a].tif", ["b.tif"], ["a.tif", "/.tif"]),
        ("s3://b/a?.tif", ["a1.tif"], ["a/.tif", "a12.tif"]),
        ("s3://b/x/**", ["x/a", "x/y/a.tif"], ["xa"]),
        ("s3://b/a+(1).*", ["a+(1).tif"], ["aa1.tif"]),
    ],
)
def test_globs_over_objects(pattern: str, yes: list[str], no: list[str]) -> None:
    found = glob_pattern(pattern)
    assert all(found.fullmatch(path) for path in yes)
    assert not any(found.fullmatch(path) for path in no)


def test_the_query_of_an_address_is_no_glob() -> None:
    assert not is_wild("https://h/a.tif?x=1")
    assert is_wild("https://h/*.tif")
    assert is_wild("s3://b/a?.tif")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    with s3_server() as front:
        monkeypatch.setattr(support, "CREDENTIALS", {"store": profile(front)})
        paths = ("x/a b.tif", "x/é%20.tif", "x/y/c.tif", "x/y/notes.txt", "xz/d.tif")
        put(front, "pictures", {quote(path): (DATA / FLAT).read_bytes() for path in paths})
        yield front


def in_bucket(place: str) -> tuple[list[Any], list[tuple[str, str]]]:
    return listed(f"s3://pictures/{place}", {"credentials": "store"})


def test_prefixes_and_globs_of_a_bucket(bucket: Front) -> None:
    assert names(in_bucket("x/")) == ["a b", "c", "é%20"]
    assert names(in_bucket("x")) == ["a b", "c", "é%20"]
    assert names(listed("s3://pictures", {"credentials": "store"})) == ["a b", "c", "é%20", "d"]
    assert names(in_bucket("")) == ["a b", "c", "é%20", "d"]
    assert names(in_bucket("**/*.tif")) == ["a b", "c", "é%20", "d"]
    assert names(in_bucket("x/*.tif")) == ["a b", "é%20"]
    assert names(in_bucket("x*/**/d.*")) == ["d"]
    with pytest.raises(CannotOpen, match="no raster"):
        in_bucket("nothing/")


def test_objects_of_a_bucket_are_opened_with_its_credentials(bucket: Front) -> None:
    config = config_of("s3://pictures/x/", {"credentials": "store"})
    records, _ = in_bucket("x/")
    found = list(Headers(config.services[0], config).completed(records))
    assert not any(isinstance(record, Failed) for record in found)
    versions = [record.version for record in records]
    assert len(versions) == 3
    assert all(versions)
    put(bucket, "pictures", {"x/y/c.tif": (DATA / support.OTHER).read_bytes()})
    assert [record.version for record in in_bucket("x/")[0]] != versions


def test_a_single_object_is_listed_without_asking_for_it(bucket: Front) -> None:
    assert [record.version for record in in_bucket("x/absent.tif")[0]] == [""]


def test_a_bucket_that_is_not_there_is_said(bucket: Front) -> None:
    with pytest.raises(CannotOpen, match="could not be reached"):
        listed("s3://nowhere/x/", {"credentials": "store"})


def test_a_folder_that_a_web_server_lists() -> None:
    body = (DATA / FLAT).read_bytes()
    with served(web_folder({"/x/a.tif": body, "/x/b.txt": b"b", "/y/c.tif": body})) as url:
        records, _ = listed(f"{url}/x/*.tif")
        assert [(record.name, record.key) for record in records] == [("a", f"{url}/x/a.tif")]
        assert names(listed(f"{url}/x/", kind="files")) == ["a"]
