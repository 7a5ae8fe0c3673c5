"""Bytes that were paid for nothing: who was there when that was found out may not pay for them once more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.copyleaks.errors import TransientError
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import duplicates, receive, submit, sweep
from tests.gallery.models import Photo
from tests.samples import as_json, detection, photo
from tests.threads import together

from .fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)

UNREADABLE = as_json({"surprise": True})


def payer() -> ImageScan:
    return ImageScan.objects.order_by("pk")[0]


def lose_result() -> None:
    ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=timezone.now() - timedelta(days=1))
    sweep.end_lost_scans(timezone.now())


def ends_of_all() -> set[tuple[str, str]]:
    return set(ImageScan.objects.values_list("status", "error_code"))


def test_more_duplicates_than_end_at_once__none_pays_again(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "BATCH", 2)
    monkeypatch.setattr(duplicates, "TURN_SECONDS", 0)
    for number in range(8):
        photo(f"{number}.jpg")
    work()

    receive.deliver(payer(), UNREADABLE, Source.WEBHOOK)
    assert ImageScan.objects.filter(status=Status.FAILED).count() == 3
    assert sum(iter(duplicates.settle_due, 0)) == 3

    assert ends_of_all() == {(Status.FAILED, "unreadable_result")}
    assert provider.sent == [payer().scan_id]


def test_message_of_the_payer__reaches_its_duplicates_in_any_language(provider: Provider) -> None:
    photo("a.jpg")
    photo("b.jpg")
    work()

    receive.deliver(payer(), UNREADABLE, Source.WEBHOOK)
    photo("c.jpg")
    ImageScan.objects.exclude(status=Status.FAILED).update(created_at=timezone.now() - timedelta(days=1))
    work()

    assert ends_of_all() == {(Status.FAILED, "unreadable_result")}
    assert {tuple(scan.error_values.values()) for scan in ImageScan.objects.all()} == {("body_without_verdict",)}


def test_duplicate_that_nobody_had_measured__does_not_pay_again(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT="fail")
    photo("a.jpg")
    work()
    photo("b.jpg")

    lose_result()
    work()

    assert ends_of_all() == {(Status.FAILED, "result_lost")}
    assert provider.sent == [payer().scan_id]
    late = detection(payer())
    receive.deliver(payer(), as_json(late), Source.WEBHOOK)
    assert ends_of_all() == {(Status.COMPLETED, "")}


def test_upload_after_the_payer_has_failed__pays_anew(provider: Provider) -> None:
    photo("a.jpg")
    work()
    receive.deliver(payer(), UNREADABLE, Source.WEBHOOK)

    photo("b.jpg")
    work()

    assert len(set(provider.sent)) == 2


def test_duplicate_of_bytes_that_had_failed_before__ends_with_the_last_payer(provider: Provider) -> None:
    photo("a.jpg")
    work()
    receive.deliver(payer(), UNREADABLE, Source.WEBHOOK)
    photo("b.jpg")
    work()
    photo("c.jpg")
    second, duplicate = ImageScan.objects.order_by("pk")[1:]

    receive.deliver(second, UNREADABLE, Source.WEBHOOK)
    work()

    duplicate.refresh_from_db()
    assert duplicate.status == Status.FAILED
    assert provider.sent == [payer().scan_id, second.scan_id]


def test_upload_that_waits_with_older_duplicates__pays_after_they_have_ended(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "BATCH", 1)
    monkeypatch.setattr(duplicates, "TURN_SECONDS", 0)
    for number in range(4):
        photo(f"{number}.jpg")
    work()
    receive.deliver(payer(), UNREADABLE, Source.WEBHOOK)
    photo("later.jpg")
    later = ImageScan.objects.latest("pk")

    work(rounds=2)

    later.refresh_from_db()
    assert later.status == Status.SUBMITTED
    assert provider.sent == [payer().scan_id, later.scan_id]


def test_duplicate_of_a_resubmission_that_was_never_sent__pays_in_its_place(provider: Provider) -> None:
    photo("a.jpg")
    photo("b.jpg")
    work()
    lose_result()
    Photo.objects.order_by("pk")[0].delete()

    work(rounds=2)

    duplicate = ImageScan.objects.get(object_id=str(Photo.objects.get().pk))
    assert duplicate.status == Status.SUBMITTED
    assert provider.sent == [payer().scan_id, duplicate.scan_id]


def test_scan_again_on_purpose__pays(provider: Provider) -> None:
    uploaded = photo("a.jpg")
    work()
    again = request_scan(uploaded, "image", force=True)
    ImageScan.objects.exclude(pk=again.pk).update(status=Status.SUBMITTED, finished_at=None)

    receive.deliver(payer(), UNREADABLE, Source.WEBHOOK)
    work()

    assert provider.sent == [payer().scan_id, again.scan_id]


def test_payer_that_may_have_arrived__is_not_ended_with_one_that_was_paid_in_vain(provider: Provider) -> None:
    provider.fail_next([TransientError("ReadTimeout", slug="timeout", uncertain=True)])
    photo("a.jpg")
    work()
    photo("b.jpg")
    now = timezone.now()
    ImageScan.objects.exclude(pk=payer().pk).update(
        status=Status.FAILED,
        error_code="unreadable_result",
        content_key=payer().content_key,
        may_have_arrived=True,
        next_attempt_at=None,
        finished_at=now,
        notified_at=now,
    )

    work()

    assert provider.sent == [payer().scan_id] * 2
    assert payer().status == Status.SUBMITTED


@pytest.mark.parametrize(("code", "pays_again"), [(5, True), (14, False)])
def test_failure_that_comes_back__is_paid_again_only_if_it_may_pass(
    code: int, pays_again: bool, provider: Provider
) -> None:
    photo("a.jpg")
    work()

    receive.deliver(payer(), as_json({"error": {"code": code, "message": "No."}}), Source.WEBHOOK)

    assert payer().status == Status.FAILED
    assert ImageScan.objects.filter(resubmission_of=payer()).exists() is pays_again


def test_payer_that_fails_while_its_duplicates_are_measured__stays_the_only_one(provider: Provider) -> None:
    photo("payer.jpg")
    work()
    for number in range(6):
        photo(f"{number}.jpg")
    duplicates = submit.claim(6)

    def measure_and_pay(duplicate: ImageScan) -> None:
        submit.work_on(duplicate, sleep=lambda seconds: None)

    together(
        lambda: receive.deliver(payer(), UNREADABLE, Source.WEBHOOK),
        *[lambda duplicate=duplicate: measure_and_pay(duplicate) for duplicate in duplicates],
    )
    work(rounds=2)

    assert provider.sent == [payer().scan_id]
    assert ends_of_all() == {(Status.FAILED, "unreadable_result")}
