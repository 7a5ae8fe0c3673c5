"""What waits to be judged: leased, interrupted, given up, crowded out, replayed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from django_copyleaks_image.models import ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import JUDGED_WITHIN, Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import erasure, finishing, inbox, paid_results, receive, sweep
from tests.gallery.models import Photo
from tests.samples import as_json, clean, detection, judge, only_scan, photo, submitted

from .fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)

DAYS = timedelta(days=1)


@pytest.fixture
def scan() -> ImageScan:
    photo()
    return submitted(only_scan())


@pytest.fixture
def receipt(scan: ImageScan) -> WebhookReceipt:
    return receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)


def let_the_lease_end() -> None:
    WebhookReceipt.objects.exclude(judging_due_at=None).update(judging_due_at=timezone.now())


def be_killed_while_judging() -> None:
    assert next(inbox.claimed(), None)
    let_the_lease_end()


def test_judgement_that_is_interrupted__is_repeated_however_late_and_often(receipt: WebhookReceipt) -> None:
    WebhookReceipt.objects.update(received_at=timezone.now() - 3 * DAYS, judging_due_at=timezone.now() - 3 * DAYS)

    for _ in range(5):
        be_killed_while_judging()
        WebhookReceipt.objects.update(judged_since=timezone.now() - 3 * DAYS)
        assert paid_results.is_arriving_for(only_scan())

    assert judge() == 1
    assert only_scan().status == Status.COMPLETED


def test_scan_whose_result_waits_to_be_judged__is_not_counted_as_lost_after_kills(
    receipt: WebhookReceipt, provider: Provider
) -> None:
    WebhookReceipt.objects.update(received_at=timezone.now() - 3 * DAYS)
    ImageScan.objects.update(submitted_at=timezone.now() - 3 * DAYS)

    for _ in range(3):
        be_killed_while_judging()
        sweep.sweep()
        work()

    assert provider.sent == []
    judge()
    assert only_scan().status == Status.COMPLETED


def test_leased_receipt__counts_as_unjudged(receipt: WebhookReceipt) -> None:
    assert inbox.lease(receipt.pk)

    assert not WebhookReceipt.objects.due(timezone.now()).exists()
    assert list(WebhookReceipt.objects.unjudged()) == [receipt]
    assert paid_results.is_arriving_for(only_scan())


def broken(*args: object) -> bool:
    raise DatabaseError("deadlock")


def test_judgement_that_fails__is_tried_for_two_days_from_the_first_time_on(
    receipt: WebhookReceipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "complete", broken)
    # No worker was there for a long time; that is no failure.
    WebhookReceipt.objects.update(received_at=timezone.now() - 10 * DAYS, judging_due_at=timezone.now() - 10 * DAYS)

    assert judge() == 1
    let_the_lease_end()
    WebhookReceipt.objects.update(judged_since=timezone.now() - JUDGED_WITHIN + timedelta(minutes=1))
    assert judge() == 1
    let_the_lease_end()
    assert paid_results.is_arriving_for(only_scan())

    WebhookReceipt.objects.update(judged_since=timezone.now() - JUDGED_WITHIN - timedelta(minutes=1))
    assert judge() == 1

    assert not paid_results.is_arriving_for(only_scan())
    assert judge() == 0
    receipt.refresh_from_db()
    assert (receipt.outcome, receipt.judging_due_at) == (Outcome.RECEIVED, None)


def test_receipt_that_was_given_up__can_be_replayed(receipt: WebhookReceipt) -> None:
    WebhookReceipt.objects.update(judging_due_at=None)
    receipt.refresh_from_db()

    assert receive.settle(receipt) == Outcome.APPLIED


def test_database_that_cannot_even_note_a_failure__raises_nothing(
    receipt: WebhookReceipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "complete", broken)
    monkeypatch.setattr(inbox, "could_not_judge", broken)

    assert receive.settle(receipt) == Outcome.RECEIVED


def test_scan_that_was_answered__is_not_sent_again_after_a_kill(provider: Provider) -> None:
    photo()
    work()
    scan = only_scan()
    # The worker died between the call and noting it; the callback was faster.
    ImageScan.objects.update(status=Status.QUEUED, submitted_at=None, next_attempt_at=timezone.now())
    receipt = receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)

    work(rounds=2)
    assert inbox.lease(receipt.pk)
    work()

    assert provider.sent == [scan.scan_id]
    assert (only_scan().status, only_scan().error_code) == (Status.QUEUED, "result_arriving")
    let_the_lease_end()
    judge()
    assert only_scan().status == Status.COMPLETED


def test_scan_whose_answer_was_no_json__is_sent_again_after_a_kill(provider: Provider) -> None:
    photo()
    work()
    scan = only_scan()
    ImageScan.objects.update(status=Status.QUEUED, submitted_at=None, next_attempt_at=timezone.now())
    assert receive.keep(scan, b'{"model": ') == Outcome.MALFORMED

    work()

    assert provider.sent == [scan.scan_id] * 2


@pytest.mark.parametrize("polls", [True, False])
def test_bodies_that_were_cut_short__crowd_out_no_result(polls: bool, scan: ImageScan) -> None:
    def come(body: bytes) -> Outcome:
        known = receive.addressed(scan.scan_id)
        assert known
        return receive.keep(known, body) if polls else receive.deliver(known, body, Source.WEBHOOK)

    whole = as_json(detection(scan))
    for length in range(1, 2 * receive.RECEIPTS_PER_SCAN):
        assert come(whole[:length]) == Outcome.MALFORMED

    come(whole)
    judge()

    assert only_scan().status == Status.COMPLETED
    rubbish = WebhookReceipt.objects.filter(outcome=Outcome.MALFORMED).order_by("pk")
    newest = range(2 * receive.RECEIPTS_PER_SCAN - receive.RUBBISH_PER_SCAN, 2 * receive.RECEIPTS_PER_SCAN)
    assert [it.payload() for it in rubbish] == [whole[:length] for length in newest]


def test_rubbish__that_comes_again_is_counted_and_drops_nothing(scan: ImageScan) -> None:
    for _ in range(3):
        for number in range(receive.RUBBISH_PER_SCAN):
            receive.keep(scan, b"[%d]" % number)

    assert set(WebhookReceipt.objects.values_list("deliveries", flat=True)) == {3}
    assert WebhookReceipt.objects.count() == receive.RUBBISH_PER_SCAN


def test_rubbish_of_one_scan__drops_nothing_of_another(scan: ImageScan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "RUBBISH_PER_SCAN", 1)
    other = submitted(ImageScan.objects.get(object_id=str(photo().pk)))
    receive.keep(other, b"[]")
    whole = receive.store(scan, as_json(clean(scan)), Source.WEBHOOK)

    receive.keep(scan, b"[1]")
    receive.keep(scan, b"[2]")

    assert other.receipts.get().payload() == b"[]"
    assert [it.payload() for it in scan.receipts.order_by("pk")] == [whole.payload(), b"[2]"]


def test_whole_bodies__are_capped_however_much_rubbish_there_is(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "RECEIPTS_PER_SCAN", 2)

    def come(body: bytes) -> Outcome:
        known = receive.addressed(scan.scan_id)
        assert known
        return receive.keep(known, body)

    come(b"[]")
    come(b"[0]")
    for number in range(2):
        come(as_json({"n": number}))

    with pytest.raises(receive.TooManyReceipts):
        come(as_json({"n": 2}))

    assert come(b"[1]") == Outcome.MALFORMED


def test_contradiction__is_applied_once_it_is_understood(scan: ImageScan, monkeypatch: pytest.MonkeyPatch) -> None:
    body = as_json(detection(scan, developerPayload="of a newer shape"))
    assert receive.deliver(scan, body, Source.WEBHOOK) == Outcome.CONTRADICTS

    monkeypatch.setattr(receive, "_contradiction", lambda scan, payload: "")

    assert receive.settle(WebhookReceipt.objects.get()) == Outcome.APPLIED
    assert only_scan().status == Status.COMPLETED


def test_erased_body__is_not_judged_again(scan: ImageScan) -> None:
    receive.deliver(scan, as_json({"surprise": True}), Source.WEBHOOK)
    Photo.objects.get().delete()
    erasure.erase_due(timezone.now())
    erased = WebhookReceipt.objects.get()
    assert (erased.payload(), erased.outcome) == (b"", Outcome.UNREADABLE)

    assert receive.settle(erased) == Outcome.UNREADABLE

    erased.refresh_from_db()
    assert (erased.outcome, erased.detail) == (Outcome.UNREADABLE, {})


@pytest.mark.parametrize("large", [b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", b'{"a": [' + b"{}," * 200_000 + b"{}]}"])
def test_body_that_is_too_large_to_decode__is_stored_and_fails_the_scan(
    large: bytes, scan: ImageScan, configure: Callable[..., Any]
) -> None:
    assert receive.keep(scan, large) == Outcome.RECEIVED
    judge()

    assert (only_scan().error_code, WebhookReceipt.objects.get().outcome) == ("unreadable_result", Outcome.UNREADABLE)
