"""The letters of the review desk, which a site can choose."""

import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.test import Client

from django_copyleaks_image.review_keys import DEFAULT_KEYS, PICTURE_KEYS
from django_copyleaks_image.standings import CHOICES, KINDS
from tests.admin.desk_requests import DESK


def test_letters_of_the_picture__are_kept_from_the_desk() -> None:
    path = finders.find("copyleaks_image/js/stage-keys.js")
    assert isinstance(path, str)
    table = Path(path).read_text().split("STAGE_KEYS = {")[1].split("};")[0]
    letters = set(re.findall(r"^\s*([a-z]):", table, re.MULTILINE))
    assert {"r", "h"} <= letters
    assert letters <= PICTURE_KEYS


def test_every_choice__has_a_letter() -> None:
    assert DEFAULT_KEYS.keys() == {KINDS[kind].verb for kind in CHOICES} | {"undo", "note"}


def test_page__names_the_letters_of_the_site(staff: Any, configure: Any) -> None:
    configure(REVIEW_KEYS={"confirm": "k", "undo": "y", "note": "m"})
    client: Client = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    page = client.get(DESK).content.decode()
    shown = re.findall(r'data-(?:decide="\w+"|undo|note) data-key="(\w)"', page)
    assert shown == ["K", "C", "E", "S", "M", "Y"]
    assert re.findall(r"<th scope=\"row\"><kbd>(\w)</kbd>", page)[:6] == ["K", "C", "E", "S", "Y", "M"]
