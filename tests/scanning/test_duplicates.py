"""Scans of the same bytes: one pays, the others are parked, and a pass over the key ends them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.copyleaks.errors import PermanentError, RateLimitError
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.scanning import account, circuit, duplicates, finishing, paykey, receive, submit, sweep
from tests.gallery.models import Photo
from tests.samples import as_json, detection, judge, photo, picture
from tests.threads import together

from .fake_provider import Provider

pytestmark = pytest.mark.django_db(transaction=True)


def by_age() -> list[ImageScan]:
    return list(ImageScan.objects.order_by("pk"))


def statuses() -> list[str]:
    return [scan.status for scan in by_age()]


def work() -> None:
    """Work on what is due, as a worker does: what is parked is not."""
    for scan in submit.claim(100):
        submit.work_on(scan, sleep=lambda seconds: None)


def copies(count: int) -> list[ImageScan]:
    """Upload one picture so many times, and let a worker come by."""
    for number in range(count):
        photo(f"{number}.jpg")
    work()
    return by_age()


def answer(scan: ImageScan, body: dict[str, Any] | None = None) -> None:
    """Store the callback of a scan, which is not judged yet."""
    receive.store(scan, as_json(detection(scan) if body is None else body), Source.WEBHOOK)


def lose(scan: ImageScan) -> None:
    ImageScan.objects.filter(pk=scan.pk).update(submitted_at=timezone.now() - timedelta(days=1))
    sweep.end_lost_scans(timezone.now())


def delete_file(scan: ImageScan) -> None:
    image = Photo.objects.get(pk=scan.object_id).image
    image.storage.delete(str(image.name))


def test_duplicate__is_parked_by_one_update_and_is_not_due_again(provider: Provider) -> None:
    copies(1)
    photo("again.jpg")
    (duplicate,) = submit.claim(5)

    with CaptureQueriesContext(connection) as queries:
        submit.work_on(duplicate, sleep=lambda seconds: None)

    changed = [query["sql"] for query in queries if query["sql"].startswith("UPDATE")]
    assert len(changed) == 1
    duplicate.refresh_from_db()
    assert (duplicate.status, duplicate.error_code, duplicate.attempts) == (Status.QUEUED, "waits_for_duplicate", 0)
    assert (duplicate.lease_owner, submit.claim(5)) == ("", [])


def test_result__completes_all_that_wait_without_a_claim_or_a_second_payment(provider: Provider) -> None:
    payer, *_ = copies(5)
    answer(payer)

    judge()

    assert statuses() == [Status.COMPLETED] * 5
    assert provider.sent == [payer.scan_id]
    assert {scan.attempts for scan in by_age()} == {0, 1}
    assert not ImageScan.objects.exclude(duplicates_due_at=None).exists()


@pytest.mark.parametrize("held_by", ["pause", "budget"])
def test_duplicates__are_ended_while_nothing_may_be_submitted(
    held_by: str, provider: Provider, configure: Callable[..., None]
) -> None:
    payer, *_ = copies(3)
    answer(payer)
    if held_by == "pause":
        circuit.open_for(Cause.ACCOUNT, "payment_required", "No credits.")
    else:
        configure(DAILY_BUDGET=0)

    judge()

    assert statuses() == [Status.COMPLETED] * 3


def test_payer_that_ends_while_a_duplicate_is_parked__is_noticed_by_it(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    (payer,) = copies(1)
    photo("late.jpg")
    park = paykey.park

    def park_too_late(scan: ImageScan, **columns: object) -> None:
        receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)
        park(scan, **columns)

    monkeypatch.setattr(paykey, "park", park_too_late)
    work()

    assert statuses() == [Status.COMPLETED] * 2


def test_payer__looks_for_duplicates_only_after_its_end_is_committed(provider: Provider) -> None:
    payer, duplicate = copies(2)
    ImageScan.objects.filter(pk=duplicate.pk).update(content_key="")
    payer.refresh_from_db()

    with transaction.atomic():
        paykey.look_after_commit(payer)
        ImageScan.objects.filter(pk=duplicate.pk).update(content_key=payer.content_key)

    payer.refresh_from_db()
    assert payer.duplicates_due_at is not None


def test_payer_without_duplicates__leaves_nothing_to_do(provider: Provider) -> None:
    (payer,) = copies(1)

    receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)

    assert by_age()[0].duplicates_due_at is None
    assert duplicates.settle_due() == 0


def test_upload_whose_result_exists__leaves_its_key_alone(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    (payer,) = copies(1)
    receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)
    taken: list[ImageScan] = []
    monkeypatch.setattr(paykey, "take", lambda scan, **columns: taken.append(scan))

    photo("later.jpg")
    work()

    assert (taken, statuses()) == ([], [Status.COMPLETED] * 2)


def test_result_that_came_just_before_the_key_was_taken__is_shared(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    (payer,) = copies(1)
    photo("again.jpg")
    take = paykey.take

    def take_after_the_result(scan: ImageScan, **columns: object) -> bool:
        receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)
        return take(scan, **columns)

    monkeypatch.setattr(paykey, "take", take_after_the_result)
    work()

    assert statuses() == [Status.COMPLETED] * 2
    assert provider.sent == [payer.scan_id]


def test_orphaned_key__is_no_orphan_while_one_of_its_scans_is_due(provider: Provider) -> None:
    payer, first, _ = copies(3)
    ImageScan.objects.filter(pk=payer.pk).update(status=Status.SUPERSEDED, finished_at=timezone.now(), pay_key=None)

    assert paykey.orphaned(10) == [payer.content_key or first.content_key]
    assert paykey.promote(first.content_key)
    assert paykey.orphaned(10) == []
    assert submit.claim(10) == [first]
    assert paykey.orphaned(10) == []


def test_refused_payer__has_one_duplicate_promoted_to_its_place(provider: Provider) -> None:
    provider.fail_next([RateLimitError(), PermanentError("Invalid file.", slug="invalid_file", status=422)])
    payer, first, *_ = copies(4)
    ImageScan.objects.filter(pk=payer.pk).update(next_attempt_at=timezone.now())
    work()

    duplicates.settle_due()
    assert submit.claim(10) == [first]
    duplicates.settle_orphans()

    assert submit.claim(10) == []
    assert [scan.status for scan in by_age()] == [Status.FAILED] + [Status.QUEUED] * 3
    assert not paykey.promote(payer.content_key)


def test_promoted_duplicate__takes_the_place_in_the_queue_that_it_had(provider: Provider) -> None:
    payer, first = copies(2)
    fresh = photo("other.jpg", picture(colour="red"))
    ImageScan.objects.filter(pk=payer.pk).update(status=Status.SUPERSEDED, finished_at=timezone.now(), pay_key=None)

    sweep.sweep()

    assert submit.claim(1) == [first]
    assert submit.claim(1) == [ImageScan.objects.get(object_id=str(fresh.pk))]


def test_process_that_dies_before_it_looks__leaves_the_duplicates_to_the_sweep(provider: Provider) -> None:
    payer, first, _ = copies(3)
    # Replaced in a save, which knows of no duplicates.
    ImageScan.objects.filter(pk=payer.pk).update(may_have_arrived=False)
    finishing.supersede(ImageScan.objects.filter(pk=payer.pk), "file_replaced")

    sweep.sweep()
    assert submit.claim(10) == [first]
    sweep.sweep()

    assert submit.claim(10) == []


def test_process_that_dies_during_a_pass__holds_the_key_for_its_lease_only(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, *_ = copies(3)
    answer(payer)

    def die(content_key: str) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(duplicates, "settle", die)
        with pytest.raises(KeyboardInterrupt):
            judge()
    assert duplicates.settle_due() == 0

    ImageScan.objects.update(duplicates_due_at=timezone.now() - timedelta(seconds=1))
    ImageScan.objects.exclude(pk=payer.pk).update(duplicates_due_at=None)
    assert duplicates.settle_due() == 1
    assert statuses() == [Status.COMPLETED] * 3


def test_clock_that_was_a_day_ahead__holds_no_key_for_a_day(provider: Provider) -> None:
    payer, *_ = copies(3)
    answer(payer)
    receive.judge_due()
    ImageScan.objects.filter(pk=payer.pk).update(duplicates_due_at=timezone.now() + timedelta(days=1))

    duplicates.settle_due()

    assert statuses() == [Status.COMPLETED] * 3


def test_duplicate_that_cannot_be_ended__keeps_no_other_from_its_end(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "BATCH", 2)
    payer, broken, *_ = copies(6)
    answer(payer)
    complete = finishing.complete

    def refuse(scan: ImageScan, *args: Any) -> bool:
        if scan == broken:
            raise ZeroDivisionError
        return complete(scan, *args)

    monkeypatch.setattr(finishing, "complete", refuse)
    judge()
    sum(iter(duplicates.settle_due, 0))

    assert statuses() == [Status.COMPLETED, Status.QUEUED] + [Status.COMPLETED] * 4


def test_end_that_the_database_breaks_off__is_repeated_at_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer, first, _ = copies(3)
    answer(payer)
    receive.judge_due()
    complete, broken_off = finishing.complete, [first]

    def break_off_once(scan: ImageScan, *args: Any) -> bool:
        if scan in broken_off:
            broken_off.remove(scan)
            raise OperationalError("deadlock detected")
        return complete(scan, *args)

    monkeypatch.setattr(finishing, "complete", break_off_once)
    duplicates.settle_due(seconds=0)

    assert statuses() == [Status.COMPLETED] * 3


def test_pass__ends_no_more_than_its_batch_and_goes_on_behind_other_keys(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "BATCH", 2)
    payer, *_ = copies(6)
    answer(payer)
    receive.judge_due()
    queries = CaptureQueriesContext(connection)

    with queries:
        assert duplicates.settle_due(seconds=0) == 1
    # No two are ended in one transaction: whoever holds one of them waits for no other.
    assert statuses().count(Status.COMPLETED) == 3
    payer.refresh_from_db()
    assert payer.duplicates_due_at is not None
    assert payer.duplicates_due_at <= timezone.now()


def test_upload_of_bytes_that_were_paid_twice__shares_the_newest_result(provider: Provider) -> None:
    uploaded = photo("a.jpg")
    work()
    answer(by_age()[0])
    judge()
    again = request_scan(uploaded, "image", force=True)
    work()
    answer(again)
    judge()

    photo("b.jpg")
    work()

    again.refresh_from_db()
    assert len(provider.sent) == 2
    assert by_age()[-1].result == again.result


def test_scan_that_was_sent_itself__is_not_ended_with_the_result_of_another(provider: Provider) -> None:
    payer, duplicate = copies(2)
    # As after a worker that died between the call and noting it, under the settings of before.
    ImageScan.objects.filter(pk=duplicate.pk).update(sent_at=timezone.now(), may_have_arrived=True)

    answer(payer)
    judge()
    duplicates.settle(payer.content_key)

    assert statuses() == [Status.COMPLETED, Status.QUEUED]


def test_forced_scan__is_no_duplicate_of_another(provider: Provider) -> None:
    payer, _ = copies(2)
    forced = request_scan(photo("forced.jpg"), "image", force=True)
    ImageScan.objects.filter(pk=forced.pk).update(content_key=payer.content_key, **paykey.purchase_of_now())

    receive.deliver(payer, as_json({"surprise": True}), Source.WEBHOOK)
    forced.refresh_from_db()
    assert forced.status == Status.QUEUED
    receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)

    forced.refresh_from_db()
    assert (forced.status, statuses()[:2]) == (Status.QUEUED, [Status.COMPLETED] * 2)


def test_forced_scan_that_is_paid_in_vain__ends_no_duplicate_of_a_payer_that_is_out(provider: Provider) -> None:
    payer, duplicate = copies(2)
    forced = request_scan(Photo.objects.get(pk=duplicate.object_id), "image", force=True)
    photo("third.jpg")
    work()
    third = by_age()[-1]
    assert third.error_code == "waits_for_duplicate"

    receive.deliver(forced, as_json({"surprise": True}), Source.WEBHOOK)

    third.refresh_from_db()
    assert third.status == Status.QUEUED
    receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)
    third.refresh_from_db()
    assert third.status == Status.COMPLETED


def test_upload_after_the_payer_has_failed__is_not_failed_with_it(provider: Provider) -> None:
    payer, _ = copies(2)
    answer(payer, {"surprise": True})
    receive.judge_due()
    later = photo("later.jpg")
    ImageScan.objects.filter(object_id=str(later.pk)).update(
        content_key=payer.content_key or by_age()[0].content_key,
        error_code=Code.WAITS_FOR_DUPLICATE,
        next_attempt_at=timezone.now() + paykey.PARKED,
        **paykey.purchase_of_now(),
    )

    sum(iter(duplicates.settle_due, 0))

    assert statuses() == [Status.FAILED, Status.FAILED, Status.QUEUED]
    assert submit.claim(5) == [by_age()[2]]


def test_resubmission_whose_file_is_missing__leaves_the_payment_to_a_duplicate_whose_file_is_there(
    provider: Provider,
) -> None:
    known = photo("known.jpg", picture(colour="red"))
    work()
    answer(ImageScan.objects.get(object_id=str(known.pk)))
    judge()
    provider.sent.clear()
    _known, payer, without_file, with_file = copies(3)
    delete_file(payer)
    delete_file(without_file)

    lose(payer)
    for _ in range(4):
        work()
        duplicates.settle_due()

    again = ImageScan.objects.get(resubmission_of=payer)
    for ended in (again, without_file):
        ended.refresh_from_db()
        assert (ended.status, ended.error_code) == (Status.SKIPPED, "missing_file")
    with_file.refresh_from_db()
    assert with_file.status == Status.SUBMITTED
    assert provider.sent == [payer.scan_id, with_file.scan_id]


def test_lost_payer_whose_object_is_gone__fails_no_duplicate(provider: Provider) -> None:
    payer, duplicate = copies(2)
    Photo.objects.filter(pk=payer.object_id)._raw_delete("default")

    lose(payer)
    duplicates.settle_due()
    work()

    payer.refresh_from_db()
    duplicate.refresh_from_db()
    assert (payer.status, payer.error_code, payer.pay_key) == (Status.SUPERSEDED, "file_removed", None)
    assert duplicate.status == Status.SUBMITTED
    assert account.state().budget_spent == 1


def test_copies_met_by_several_workers_and_their_result__all_end_and_one_is_paid(provider: Provider) -> None:
    (payer,) = copies(1)
    for number in range(24):
        photo(f"copy-{number}.jpg")

    def take_and_work() -> None:
        while claimed := submit.claim(2):
            for scan in claimed:
                submit.work_on(scan, sleep=lambda seconds: None)

    together(*[take_and_work] * 4, lambda: receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK) and None)
    sum(iter(duplicates.settle_due, 0))
    sweep.sweep()
    take_and_work()

    assert set(statuses()) == {Status.COMPLETED}
    assert provider.sent == [payer.scan_id]
