"""The scripted shift must find what it is there for: a number is read as it was drawn, or not at all."""

from io import BytesIO
from threading import Event

import pytest
from PIL import Image

pytest.importorskip("playwright", reason="needs Playwright")

from robustness.shift import code, run, site
from robustness.shift.moderator import Moderator
from robustness.shift.pictures import KINDS, PictureKind, kind_of


def shown(content: bytes, width: int = 160) -> Image.Image:
    """Return the strip of a picture that browsers show as it is stored, as small as on a screen."""
    image = Image.open(BytesIO(content)).convert("RGB")
    height = round(image.height * width / image.width)
    return image.resize((width, height)).crop((0, 0, width, round(height * code.STRIP)))


@pytest.mark.parametrize("number", [0, 1, 511, 519, 1022])
@pytest.mark.parametrize("name", ["landscape.jpg", "portrait.jpg", "grey.jpg", "palette.png", "animated.gif"])
def test_number__is_read_as_it_was_drawn(name: str, number: int) -> None:
    kind = next(kind for kind in KINDS if kind.name == name)
    assert code.read(shown(kind.make(number))) == number


def test_turned_and_other_pictures__show_no_number() -> None:
    turned = next(kind for kind in KINDS if kind.name == "turned-3.jpg")
    assert code.read(shown(turned.make(5))) is None
    assert code.read(Image.new("RGB", (400, 60), "grey")) is None
    assert code.read(Image.new("RGB", (400, 60), "white")) is None


def test_kinds__are_many_and_no_name_is_there_twice() -> None:
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) >= 30
    assert {kind_of(number).name for number in range(len(KINDS))} == set(names)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.large], ids=lambda kind: kind.name)
def test_mask__is_as_large_as_it_says_and_far_from_the_number(kind: PictureKind) -> None:
    mask, (width, height) = kind.mask(), kind.size
    if mask is None:
        assert kind.marked == 0
        return
    assert sum(mask.lengths) / (width * height) == pytest.approx(kind.marked, rel=0.4)
    assert kind.marked == 1 or min(mask.starts) // width > height * code.STRIP


def test_comparison__finds_decisions_on_other_pictures_and_those_that_nobody_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = [(1, "confirmed", ""), (2, "cleared", "")]
    person = Moderator(name="anna", site="", session="", over=Event(), steps=seen)
    monkeypatch.setattr(site, "undecided", lambda: 0)
    found = {}
    for name, stored in (
        ("same", seen),
        ("another picture", [(1, "confirmed", ""), (3, "cleared", "")]),
        ("another note", [(1, "confirmed", "2"), (2, "cleared", "")]),
        ("one more", [*seen, (3, "cleared", "")]),
        ("one less", seen[:1]),
    ):
        monkeypatch.setattr(site, "decisions_of", lambda name, stored=stored: stored)
        found[name] = run.compare([person], 2, 1, 0.1)
    assert found == {"same": 0, "another picture": 1, "another note": 1, "one more": 1, "one less": 1}
    monkeypatch.setattr(site, "decisions_of", lambda name: seen)
    person.unseen = 1
    assert run.compare([person], 2, 1, 0.1) == 1
