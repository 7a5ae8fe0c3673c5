"""A result that was given up as lost, and comes while its resubmission is about to be paid."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import JUDGED_WITHIN, Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import inbox, paid_results, prepare, receive, stored_files, submit, sweep
from tests.samples import as_json, detection, photo, picture, submitted

pytestmark = pytest.mark.django_db(transaction=True)


def given_up(*, forced: bool = False) -> tuple[ImageScan, ImageScan]:
    """Return a scan whose result counts as lost, and the claimed scan that is to pay in its place."""
    uploaded = photo("meadow.jpg", picture(size=(640, 640)))
    lost = request_scan(uploaded, "image", force=True) if forced else ImageScan.objects.get()
    (claimed,) = submit.claim(1)
    assert claimed == lost
    submit._note_facts(claimed, prepare.measure(stored_files.stored_file(claimed)))
    submit._store_facts(claimed)
    submitted(lost)
    ImageScan.objects.filter(pk=lost.pk).update(submitted_at=timezone.now() - timedelta(hours=2))
    sweep.end_lost_scans(timezone.now())
    (again,) = submit.claim(1)
    assert again.resubmission_of == lost
    return lost, again


def send(scan: ImageScan, *, when_waiting_for_its_turn: Callable[[], object]) -> None:
    called: list[float] = []

    def sleep(seconds: float) -> None:
        if not called:
            when_waiting_for_its_turn()
        called.append(seconds)

    submit.work_on(scan, sleep=sleep)
    assert called


@pytest.mark.sockets
@pytest.mark.parametrize("forced", [False, True])
def test_result_that_arrives_before_its_resubmission_is_sent__is_waited_for(forced: bool, emulator: Emulator) -> None:
    lost, again = given_up(forced=forced)

    send(again, when_waiting_for_its_turn=lambda: receive.store(lost, as_json(detection(lost)), Source.WEBHOOK))

    again.refresh_from_db()
    assert (again.status, again.error_code, again.attempts) == (Status.QUEUED, "result_arriving", 0)
    receive.settle(WebhookReceipt.objects.get())
    ImageScan.objects.update(next_attempt_at=timezone.now())
    for scan in submit.claim(2):
        submit.work_on(scan)
    lost.refresh_from_db()
    again.refresh_from_db()
    assert (lost.status, again.status) == (Status.COMPLETED, Status.COMPLETED)
    assert lost.result == again.result
    assert not emulator.ledger.entries()


@pytest.mark.sockets
def test_result_that_was_applied_before_its_resubmission_is_sent__is_shared(emulator: Emulator) -> None:
    lost, again = given_up(forced=True)

    send(again, when_waiting_for_its_turn=lambda: receive.deliver(lost, as_json(detection(lost)), Source.WEBHOOK))
    ImageScan.objects.update(next_attempt_at=timezone.now())
    for scan in submit.claim(1):
        submit.work_on(scan)

    again.refresh_from_db()
    assert again.status == Status.COMPLETED
    assert not emulator.ledger.entries()


@pytest.mark.sockets
def test_result_that_arrives_after_an_uncertain_try__does_not_hold_back_the_next(emulator: Emulator) -> None:
    lost, again = given_up()
    ImageScan.objects.filter(pk=again.pk).update(may_have_arrived=True, sent_at=timezone.now())
    again.refresh_from_db()

    send(again, when_waiting_for_its_turn=lambda: receive.store(lost, as_json(detection(lost)), Source.WEBHOOK))

    assert [entry.scan_id for entry in emulator.ledger.entries()] == [again.scan_id]


def test_receipt_that_cannot_be_judged__holds_nothing_back_for_ever() -> None:
    lost, again = given_up()
    receipt = receive.store(lost, as_json(detection(lost)), Source.WEBHOOK)
    assert receipt.outcome == Outcome.RECEIVED
    assert paid_results.is_arriving_for(again)

    WebhookReceipt.objects.update(judged_since=timezone.now() - JUDGED_WITHIN - timedelta(seconds=2))
    assert inbox.could_not_judge(receipt)

    assert not paid_results.is_arriving_for(again)
    assert not paid_results.exists_or_arrives_for(again)
    assert receive.judge_due() == 0


def test_receipt_that_no_worker_has_seen_for_days__still_counts_as_arriving_and_is_judged() -> None:
    lost, again = given_up()
    receive.store(lost, as_json(detection(lost)), Source.WEBHOOK)
    long_ago = timezone.now() - 10 * JUDGED_WITHIN
    WebhookReceipt.objects.update(received_at=long_ago, judging_due_at=long_ago)

    assert paid_results.is_arriving_for(again)
    assert receive.judge_due() == 1
    lost.refresh_from_db()
    assert lost.status == Status.COMPLETED
