from __future__ import annotations

import pytest

from proxy.cache.entry import HEADER_BYTES, Damaged, pack, unpack
from proxy.model import Picture

PICTURE = Picture(bytes(range(256)) * 9, "image/png", "png")


@pytest.mark.parametrize(
    "picture",
    [PICTURE, Picture(b"", "image/jpeg", "jpg"), Picture(b"\0", "application/octet-stream", "")],
)
def test_a_picture_comes_back_as_it_was(picture: Picture) -> None:
    assert unpack("key", pack("key", picture)) == picture


def test_every_changed_byte_is_noticed() -> None:
    data = pack("key", Picture(b"0123456789", "image/png", "png"))
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 0x10
        with pytest.raises(Damaged):
            unpack("key", bytes(changed))


def test_every_missing_or_added_end_is_noticed() -> None:
    data = pack("key", Picture(b"0123456789", "image/png", "png"))
    for length in range(len(data)):
        with pytest.raises(Damaged):
            unpack("key", data[:length])
    with pytest.raises(Damaged):
        unpack("key", data + b"\0")


def test_an_entry_under_the_name_of_another_is_noticed() -> None:
    with pytest.raises(Damaged):
        unpack("other", pack("key", PICTURE))


def test_the_header_is_small() -> None:
    assert len(pack("key", PICTURE)) - len(PICTURE.body) == HEADER_BYTES + len("image/pngpng")
    assert HEADER_BYTES < 40


def test_words_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        pack("key", Picture(b"", "x" * 256, "png"))
