from __future__ import annotations

import base64

import pytest

from proxy.arcgis import href as module
from proxy.arcgis.fields import Fields
from proxy.arcgis.href import Hrefs, UnknownPicture
from proxy.config import Config, ServerConfig
from proxy.security.tokens import secret

ORDER = Fields([("bbox", "1,2,3,4"), ("size", "10,10"), ("f", "json"), ("token", "t"), ("dpi", "96")])
LONG = Fields([("bbox", "1,2,3,4"), ("renderingRule", "".join(f"{i * 7919:x}," for i in range(2000)))])


class Clock:
    now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hrefs(clock: Clock) -> Hrefs:
    return Hrefs(b"key", 600, clock)


def token(name: str) -> str:
    return name.removeprefix("_ags_").rpartition(".")[0]


def test_a_link_holds_what_decides_the_picture_and_nothing_else(hrefs: Hrefs) -> None:
    name = hrefs.name("dem/valley", ORDER, "png")
    fields, extension = hrefs.read("dem/valley", name)
    assert dict(fields) == {"bbox": "1,2,3,4", "size": "10,10"}
    assert extension == "png"


def test_any_process_with_the_same_secret_reads_it(hrefs: Hrefs, clock: Clock) -> None:
    name = hrefs.name("a", ORDER, "jpg")
    assert Hrefs(b"key", 600, clock).read("A", name)[0] == Fields([("bbox", "1,2,3,4"), ("size", "10,10")])
    with pytest.raises(UnknownPicture):
        Hrefs(b"other", 600, clock).read("a", name)


def test_links_expire(hrefs: Hrefs, clock: Clock) -> None:
    name = hrefs.name("a", ORDER, "jpg")
    clock.now += 599
    hrefs.read("a", name)
    clock.now += 62
    with pytest.raises(UnknownPicture):
        hrefs.read("a", name)


def test_the_same_order_keeps_its_link_for_a_while(hrefs: Hrefs, clock: Clock) -> None:
    clock.now = 999_999_961.0
    name = hrefs.name("a", ORDER, "jpg")
    clock.now += 30
    assert hrefs.name("a", ORDER, "jpg") == name


def test_every_changed_byte_is_noticed(hrefs: Hrefs) -> None:
    text = token(hrefs.name("a", ORDER, "jpg"))
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for index in range(len(raw)):
        changed = bytearray(raw)
        changed[index] ^= 1
        name = base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
        with pytest.raises(UnknownPicture):
            hrefs.read("a", f"_ags_{name}.jpg")


def test_a_link_is_of_one_service(hrefs: Hrefs) -> None:
    with pytest.raises(UnknownPicture):
        hrefs.read("b", hrefs.name("a", ORDER, "jpg"))
    with pytest.raises(UnknownPicture):
        hrefs.read("b", hrefs.name("a", LONG, "jpg"))


@pytest.mark.parametrize(
    "name",
    ["", "_ags_.png", "_ags_abc.png", "x.png", "_ags_" + "A" * 22 + ".png", "_ags_" + "A" * 21 + ".png",
     "_ags_" + "A" * 3000 + ".png", "../_ags_" + "A" * 40 + ".png", "_ags_" + "A" * 40],
)  # fmt: skip
def test_what_was_never_made(hrefs: Hrefs, name: str) -> None:
    with pytest.raises(UnknownPicture):
        hrefs.read("a", name)


def test_side_cars_are_unknown(hrefs: Hrefs) -> None:
    name = hrefs.name("a", ORDER, "jpg")
    for sidecar in (f"{name}.aux.xml", f"{name}.ovr", f"{name}.msk", name.replace(".jpg", ".jpg.aux.xml")):
        with pytest.raises(UnknownPicture):
            hrefs.read("a", sidecar)


def test_long_orders_are_remembered_for_a_while(hrefs: Hrefs, clock: Clock) -> None:
    name = hrefs.name("a", LONG, "png")
    assert len(name) < 40
    assert hrefs.name("a", LONG, "png") == name
    assert hrefs.read("a", name)[0].text("renderingRule") == LONG.text("renderingRule")
    clock.now += 700
    with pytest.raises(UnknownPicture):
        hrefs.read("a", name)


def test_links_stay_short(hrefs: Hrefs) -> None:
    fields = Fields([("renderingRule", "".join(f"{i * 7919:x}," for i in range(300)))])
    assert len(hrefs.name("a", fields, "png")) < 1800


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(module, "REMEMBERED_BYTES", 20_000)
    hrefs = Hrefs(b"key", 600, clock)
    names = []
    for number in range(6):
        fields = Fields([("bbox", str(number)), ("renderingRule", LONG.text("renderingRule"))])
        names.append(hrefs.name("a", fields, "png"))
    with pytest.raises(UnknownPicture):
        hrefs.read("a", names[0])
    assert hrefs.read("a", names[-1])[0].text("bbox") == "5"


def test_the_secret_is_the_configured_one_or_random() -> None:
    assert secret(Config(server=ServerConfig(secret="abc"))) == b"abc"  # type: ignore[arg-type]
    assert len(secret(Config())) == 32
    assert secret(Config()) == secret(Config())
