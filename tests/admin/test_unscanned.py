"""In a host's own list: what was not scanned yet is scanned, after a page that says what it costs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from django_copyleaks_image.admin import base, unscanned
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Lane
from tests.admin.inline_code import inline_code
from tests.gallery.models import Photo
from tests.samples import photo, upload

PHOTOS = "/admin/gallery/photo/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def payer(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "rescan_imagescan", "view_photo", "change_photo")
    return client


def old(title: str) -> Photo:
    (made,) = Photo.objects.bulk_create([Photo(title=title, image=upload(f"{title}.jpg"))])
    return Photo.objects.get(title=made.title)


def act(client: Client, *chosen: Photo, **data: str) -> Any:
    keys = [instance.pk for instance in chosen]
    return client.post(PHOTOS, {"action": "copyleaks_scan", "_selected_action": keys, **data})


def said(client: Client) -> list[str]:
    return [str(message) for message in client.get(PHOTOS).context["messages"]]


def test_action__says_the_price_and_asks(payer: Client, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=5)
    first, second, scanned = old("<b>first"), old("second"), photo("scanned")

    response = act(payer, first, second, scanned)

    page = response.content.decode()
    assert "2 pictures will be sent to Copyleaks:" in page
    assert "This costs at most 2 credits: a result that exists for the same bytes is shared." in page
    assert "5 credits of today&#x27;s budget are left." in page or "5 credits of today's budget are left." in page
    assert "&lt;b&gt;first" in page
    assert (inline_code(response), ImageScan.objects.count()) == ([], 1)


def test_action__queues_after_the_answer__once(payer: Client) -> None:
    first, second = old("first"), old("second")

    act(payer, first, second, confirmed="yes")
    assert said(payer) == ["2 scans were queued."]
    act(payer, first, second, confirmed="yes")
    assert said(payer) == ["No picture of these objects is left to be scanned."]

    assert set(ImageScan.objects.values_list("object_id", "lane")) == {
        (str(first.pk), Lane.AGAIN),
        (str(second.pk), Lane.AGAIN),
    }
    assert LogEntry.objects.count() == 2


def test_action__costs_nothing_in_the_sandbox(payer: Client, configure: Callable[..., None]) -> None:
    configure(SANDBOX=True)

    assert "The sandbox is on: this costs nothing" in act(payer, old("a")).content.decode()


def test_action__is_for_those_who_may_have_pictures_scanned(staff: Any) -> None:
    client = staff("view_watchedimage", "view_photo", "change_photo")
    instance = old("a")

    act(client, instance, confirmed="yes")

    assert "copyleaks_scan" not in client.get(PHOTOS).content.decode()
    assert not ImageScan.objects.exists()


def test_too_many_at_once__are_refused(payer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unscanned, "AT_ONCE", 1)

    act(payer, old("a"), old("b"), confirmed="yes")

    assert said(payer) == ["Choose at most 1 rows at once."]
    assert not ImageScan.objects.exists()
    assert base.AT_ONCE > 1
