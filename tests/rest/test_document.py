"""The code of docs/rest.rst does what is written there."""

import sys
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.settings import api_settings
from rest_framework.test import APIRequestFactory

from django_copyleaks_image.models import Decision
from django_copyleaks_image.rest.throttles import PaidThrottle, ReadThrottle, WriteThrottle
from django_copyleaks_image.reviewing import claims
from tests.admin.scans_to_show import measured_photo, pictured
from tests.documents import DOCS, blocks
from tests.neighbours.conftest import need

DOCUMENT = DOCS / "rest.rst"


def code_with(words: str) -> str:
    """Return the block that has these words, with the models of the tests in the place of a reader's."""
    (found,) = (block.text for block in blocks(DOCUMENT, "python") if words in block.text)
    return found.replace("from gallery.", "from tests.gallery.")


def run(words: str) -> dict[str, Any]:
    """Run the block that has these words, and return the names that it has made."""
    names: dict[str, Any] = {"__name__": "tests.gallery.document"}
    exec(compile(code_with(words), str(DOCUMENT), "exec"), names)
    return names


def test_include__has_the_addresses_that_are_named(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("urls_of_the_document")
    exec(code_with("urlpatterns"), vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.ROOT_URLCONF = module.__name__

    assert reverse("copyleaks_image_rest:image-list") == "/api/copyleaks/images/"


def test_table__has_every_address_there_is() -> None:
    from django_copyleaks_image.rest.urls import urlpatterns

    text = DOCUMENT.read_text()
    for pattern in urlpatterns:
        address = str(pattern.pattern).removeprefix("^").removesuffix("$").replace(r"(?P<pk>[^/.]+)", "4")
        address = address.replace(r"(?P<queue>[^/.]+)", "review")
        kind, _separator, rest = address.partition("/")
        named = (address, f"{kind}/2/{rest.removeprefix('4/')}", f"{kind}/7/")
        is_below_scans = kind == "scans" and rest.removeprefix("4/") in ("result/", "mask/", "overlay/")
        assert is_below_scans or any(f"{it}``" in text for it in named), address


def test_rates__are_those_of_the_throttles(settings: Any) -> None:
    settings.REST_FRAMEWORK = run("DEFAULT_THROTTLE_RATES")["REST_FRAMEWORK"]
    assert {it.scope for it in (ReadThrottle, WriteThrottle, PaidThrottle)} == set(api_settings.DEFAULT_THROTTLE_RATES)

    rates = [it().get_rate() for it in (ReadThrottle, WriteThrottle, PaidThrottle)]

    assert rates == ["60/minute", None, "10/hour"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.sockets
def test_program__decides_and_is_told_why_it_could_not(
    live_server: Any, capsys: pytest.CaptureFixture[str], bert: User
) -> None:
    User.objects.create_superuser("robot", password="password of the robot")
    images = [pictured(f"{number}.jpg") for number in range(2)]
    code = code_with("requests.Session").replace("https://photos.example.org", live_server.url)
    # Somebody takes the second picture from it in between.
    code = code.replace("    wish = ", "    taken_away(image)\n    wish = ")

    def taken_away(image: dict[str, Any]) -> None:
        if image["id"] == images[1].pk:
            robot = User.objects.get(username="robot")
            claims.release([images[1].pk], robot)
            claims.claim(images[1].pk, bert)

    exec(code, {"taken_away": taken_away})

    decision = Decision.objects.get()
    assert (decision.kind, decision.image_id) == ("escalated", images[0].pk)
    assert decision.note.startswith("AI share of the area: 37 %")
    assert capsys.readouterr().out == "bert is looking at this picture. Nothing was changed.\n"


@pytest.mark.django_db
def test_serializer__tells_of_all_pictures_with_one_query() -> None:
    for number in range(3):
        measured_photo(f"{number}.jpg")
    view = run("CopyleaksStandingField")["PhotoList"].as_view()

    with CaptureQueriesContext(connection) as captured:
        rows = view(APIRequestFactory().get("/")).data

    assert [row["copyleaks"]["standing"] for row in rows] == ["flagged"] * 3
    assert len(captured) == 1


@pytest.mark.django_db
def test_api_of_ninja__tells_of_all_pictures_with_one_query() -> None:
    need("ninja")
    from ninja.testing import TestClient

    for number in range(3):
        measured_photo(f"{number}.jpg")
    client = TestClient(run("NinjaAPI")["api"])

    with CaptureQueriesContext(connection) as captured:
        rows = client.get("/photos").json()

    assert [row["copyleaks"]["standing"] for row in rows] == ["flagged"] * 3
    assert len(captured) == 1
