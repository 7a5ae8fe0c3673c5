import shutil
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone, translation

from django_copyleaks_image.admin import base
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import failed, measured_photo, scan_of
from tests.gallery.models import Photo
from tests.samples import photo, upload

LIST = "/admin/copyleaks_image/imagescan/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def payer(staff: Any) -> Client:
    """A client of a member of staff who may have pictures scanned again."""
    client: Client = staff("view_imagescan", "rescan_imagescan", "view_photo")
    return client


def act(client: Client, action: str, *chosen: ImageScan, **data: str) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": [scan.pk for scan in chosen], **data})


def messages(client: Client, response: HttpResponse) -> list[str]:
    assert response.status_code == 302
    return [str(message) for message in client.get(LIST).context["messages"]]


def successors(scan: ImageScan) -> list[ImageScan]:
    return list(ImageScan.objects.filter(object_id=scan.object_id, pk__gt=scan.pk))


def test_scan_again__asks_first_and_says_the_price(payer: Client, configure: Any) -> None:
    configure(DAILY_BUDGET=5)
    scans = [measured_photo("a.jpg"), measured_photo("b.jpg")]
    response = act(payer, "scan_again", *scans)
    page = response.content.decode()
    assert "This costs 2 credits." in page
    assert "5 credits of today's budget are left." in page
    assert inline_code(response) == []
    assert ImageScan.objects.count() == 2


def test_scan_again__is_for_whoever_may_view_the_object(staff: Any) -> None:
    scan = measured_photo("secret.jpg")
    blind = staff("view_imagescan", "rescan_imagescan")
    assert messages(blind, act(blind, "scan_again", scan)) == [
        "1 was left out: You may not have this picture scanned again."
    ]
    page = blind.get(f"{LIST}{scan.pk}/change/").content.decode()
    assert "Scan again" not in page
    assert successors(scan) == []


def test_scan_again__pays_once_more_after_the_confirmation(payer: Client) -> None:
    scan = measured_photo()
    response = act(payer, "scan_again", scan, confirmed="yes")
    (again,) = successors(scan)
    assert again.forced
    assert again.status == Status.QUEUED
    assert response.headers["Location"] == f"{LIST}{again.pk}/change/"
    assert messages(payer, response) == ["1 scan was queued."]
    entry = LogEntry.objects.get()
    assert entry.get_change_message() == f"Added image scan “{again.scan_id}”."
    with translation.override("de"):
        assert "hinzugefügt" in entry.get_change_message()
    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED


def test_scan_again__costs_nothing_in_the_sandbox(payer: Client, configure: Any) -> None:
    configure(SANDBOX=True)
    page = act(payer, "scan_again", measured_photo()).content.decode()
    assert "this costs nothing" in page
    assert "credit" not in page


def test_scan_again__pays_for_each_object_once(payer: Client) -> None:
    scan = measured_photo()
    older = ImageScan.objects.get(pk=scan.pk)
    older.pk, older.scan_id, older._state.adding = None, "older", True
    older.save()
    assert "This costs 1 credit." in act(payer, "scan_again", scan, older).content.decode()
    answer = act(payer, "scan_again", scan, older, confirmed="yes")
    assert len(ImageScan.objects.filter(status=Status.QUEUED)) == 1
    assert "1 was left out: Another chosen scan is of the same object." in messages(payer, answer)


def test_scan_again__of_what_cannot_be_sent_says_why(payer: Client) -> None:
    replaced, removed = measured_photo("a.jpg"), measured_photo("b.jpg")
    Photo.objects.get(pk=replaced.object_id).image.save("c.jpg", upload())
    Photo.objects.get(pk=removed.object_id).delete()
    waiting = scan_of(photo("waiting"))
    busy = measured_photo("busy.jpg")
    ImageScan.objects.create(
        content_type=busy.content_type, object_id=busy.object_id, field_name="image", file_name=busy.file_name
    )
    before = ImageScan.objects.count()
    found = messages(payer, act(payer, "scan_again", replaced, removed, waiting, busy))
    assert sorted(found) == [
        "1 was left out: The file was removed.",
        "1 was left out: The scan is still under way.",
        "2 were left out: A newer scan of the object is under way.",
    ]
    assert ImageScan.objects.count() == before


def test_retry_failed__queues_what_failed_or_was_skipped(payer: Client) -> None:
    lost, skipped = failed(photo("a")), failed(photo("b"), "storage_failed", Status.SKIPPED)
    completed = measured_photo()
    response = act(payer, "retry_failed", lost, skipped, completed)
    question = response.content.decode()
    assert "This costs at most 2 credits: a result that exists for the same bytes is shared." in question
    assert "1 is left out: The scan has not failed." in " ".join(question.split()).replace("</p> ", "")
    assert 'name="action" value="retry_failed"' in question
    assert (inline_code(response), ImageScan.objects.count()) == ([], 3)
    found = messages(payer, act(payer, "retry_failed", lost, skipped, completed, confirmed="yes"))
    assert found == ["2 scans were queued.", "1 was left out: The scan has not failed."]
    for scan in (lost, skipped):
        (again,) = successors(scan)
        assert not again.forced
    assert successors(completed) == []


def test_retry_failed__needs_the_file(payer: Client, settings: Any) -> None:
    lost = failed(photo())
    shutil.rmtree(settings.MEDIA_ROOT)
    assert messages(payer, act(payer, "retry_failed", lost)) == ["1 was left out: The file is not in the storage."]
    assert successors(lost) == []


@pytest.mark.parametrize("action", ["scan_again", "retry_failed"])
def test_actions__are_closed_to_whoever_may_not_scan_again(staff: Any, action: str) -> None:
    scan = failed(photo())
    client = staff("view_imagescan", "change_imagescan", "decide_watchedimage", "view_photo")
    act(client, action, scan, confirmed="yes")
    assert ImageScan.objects.count() == 1
    assert action not in client.get(LIST).content.decode()
    assert action not in client.get(f"{LIST}{scan.pk}/change/").content.decode()


def test_actions__are_checked_for_each_scan(payer: Client, rule: Callable[..., None]) -> None:
    allowed, denied = measured_photo("a.jpg"), measured_photo("b.jpg")
    rule(may_scan=lambda access, row=None: row in (None, allowed))
    found = messages(payer, act(payer, "scan_again", allowed, denied, confirmed="yes"))
    assert found == ["1 scan was queued.", "1 was left out: You may not have this picture scanned again."]
    assert successors(denied) == []
    assert 'value="scan_again"' in payer.get(f"{LIST}{allowed.pk}/change/").content.decode()
    assert 'value="scan_again"' not in payer.get(f"{LIST}{denied.pk}/change/").content.decode()


def test_actions__of_a_page_are_for_those_who_may_open_it(staff: Any) -> None:
    scan = failed(photo())
    client = staff("rescan_imagescan", "view_photo")
    address = f"{LIST}{scan.pk}/again/"
    assert client.post(address, {"action": "retry_failed"}).status_code == 404
    assert ImageScan.objects.count() == 1


def test_actions__need_the_csrf_token(payer: Client) -> None:
    scan = failed(photo())
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = payer.cookies
    assert act(strict, "retry_failed", scan).status_code == 403


def test_actions__take_a_bounded_number(payer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "AT_ONCE", 1)
    scans = failed(photo("a")), failed(photo("b"))
    assert messages(payer, act(payer, "retry_failed", *scans)) == ["Choose at most 1 rows at once."]


def test_page__has_buttons_for_what_is_possible(payer: Client) -> None:
    def buttons(scan: ImageScan) -> set[str]:
        page = payer.get(f"{LIST}{scan.pk}/change/").content.decode()
        return {name for name in ("scan_again", "retry_failed") if f'name="action" value="{name}"' in page}

    gone = measured_photo("gone.jpg")
    Photo.objects.get(pk=gone.object_id).delete()
    assert buttons(measured_photo()) == {"scan_again"}
    assert buttons(failed(photo())) == {"scan_again", "retry_failed"}
    assert buttons(scan_of(photo())) == set()
    assert buttons(gone) == set()


def test_scan_again__of_a_page_that_is_sent_twenty_times_pays_once_also_when_the_scan_has_ended(
    payer: Client, staff: Any
) -> None:
    scan = measured_photo()
    page = act(payer, "scan_again", scan).content.decode()
    named = {f"newest_{scan.pk}": str(scan.pk)}
    assert f'name="newest_{scan.pk}" value="{scan.pk}"' in page
    act(payer, "scan_again", scan, confirmed="yes", **named)
    (again,) = successors(scan)
    ended = {"status": Status.FAILED, "error_code": "result_lost", "finished_at": timezone.now()}
    ImageScan.objects.filter(pk=again.pk).update(**ended, next_attempt_at=None)
    for client in (payer, staff("view_imagescan", "rescan_imagescan", "view_photo")):
        for _ in range(10):
            answer = act(client, "scan_again", scan, confirmed="yes", **named)
        assert "1 was left out: It was asked for already." in messages(client, answer)
    assert successors(scan) == [again]
    assert LogEntry.objects.count() == 1
