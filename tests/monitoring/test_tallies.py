"""What has happened is counted once it is committed, never down, and by whom it does not matter."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from django_copyleaks_image.copyleaks.errors import RateLimitError
from django_copyleaks_image.models import ImageScan, Tally
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Spent, Status
from django_copyleaks_image.models.tally import What
from django_copyleaks_image.scanning import account, attempts, finishing, lost_results, receive, submit, tallies
from tests.samples import as_json, clean, detection, judge, only_scan, photo, submitted
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


def numbers(what: What) -> dict[tuple[str, str], int]:
    return {(it.kind, it.code): it.number for it in Tally.objects.filter(what=what)}


def awaited() -> ImageScan:
    photo()
    return submitted(only_scan())


def test_result__is_counted_with_its_verdict_and_its_time() -> None:
    scan = awaited()
    ImageScan.objects.update(created_at=timezone.now() - timedelta(seconds=45))
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    judge()
    assert numbers(What.CALLBACK) == {("applied", ""): 1}
    assert numbers(What.ENDED) == {("completed", "partly_ai"): 1}
    assert numbers(What.LATENCY) == {("upload", "60"): 1}
    assert Tally.objects.get(what=What.LATENCY).amount == pytest.approx(45, abs=10)
    assert Tally.objects.get(what=What.CREDITS).kind == Spent.RESULT
    # Another delivery is the same callback.
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    judge()
    assert numbers(What.CALLBACK) == {("applied", ""): 1}


def test_callback__that_is_no_json() -> None:
    scan = awaited()
    receive.keep(receive.addressed(scan.scan_id) or scan, b"<html>")
    assert numbers(What.CALLBACK) == {("malformed", ""): 1}


def test_lost_result__that_comes_late_counts_both_times() -> None:
    scan = awaited()
    lost_results.end_or_resubmit(scan, "result_lost", may_resubmit=False)
    assert numbers(What.ENDED) == {("failed", "result_lost"): 1}
    scan.refresh_from_db()
    receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK)
    assert ImageScan.objects.get().status == Status.COMPLETED
    assert numbers(What.ENDED) == {("failed", "result_lost"): 1, ("completed", "no_ai"): 1}


def test_credits__that_are_corrected_are_not_counted_twice() -> None:
    scan = awaited()
    for charged in (1, 1, 3, 2):
        account.settle_credit(scan, charged, Spent.RESULT)
    assert sum(it.amount for it in Tally.objects.filter(what=What.CREDITS)) == 3


def test_mock_results__are_counted_apart() -> None:
    scan = awaited()
    ImageScan.objects.update(sandbox=True)
    scan.refresh_from_db()
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    assert set(Tally.objects.values_list("sandbox", flat=True)) == {True}
    assert not Tally.objects.filter(what=What.CREDITS).exists()


def test_code_of_nobody__is_another() -> None:
    photo()
    scan = only_scan()
    finishing.fail(scan, "vendor_4711")
    assert numbers(What.ENDED) == {("failed", "other"): 1}


@pytest.mark.parametrize(
    ("fail", "kind"),
    [
        (lambda scan: attempts.refused(scan, RateLimitError("slow down")), "passing"),
        (lambda scan: attempts.failed(scan, Cause.STORAGE, "storage_failed", ""), "shared"),
    ],
)
def test_error__is_counted_by_what_follows(fail: Callable[[ImageScan], None], kind: str) -> None:
    photo()
    (scan,) = submit.claim(1)
    fail(scan)
    assert numbers(What.ERROR) == {(kind, ""): 1}


def test_count__waits_for_the_commit() -> None:
    photo()
    with transaction.atomic():
        finishing.fail(only_scan(), "result_lost")
        assert not Tally.objects.exists()
    assert numbers(What.ENDED) == {("failed", "result_lost"): 1}


def test_what_is_rolled_back__is_not_counted() -> None:
    photo()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        finishing.fail(only_scan(), "result_lost")
        raise ZeroDivisionError
    assert not Tally.objects.exists()


def test_count_that_fails__changes_nothing_of_what_happened(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        raise DatabaseError("no such table")

    monkeypatch.setattr(tallies, "_count", fail)
    photo()
    assert finishing.fail(only_scan(), "result_lost")
    assert ImageScan.objects.get().status == Status.FAILED
    assert "no such table" in caplog.text


def test_several_at_once__lose_none() -> None:
    together(*[lambda: tallies._count(What.SUBMITTED, "", "", sandbox=False, amount=0.5)] * 4)
    (tally,) = Tally.objects.all()
    assert (tally.number, tally.amount) == (4, 2.0)
