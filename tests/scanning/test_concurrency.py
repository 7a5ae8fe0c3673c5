"""What holds when several workers and callbacks meet: real threads, each with a connection of its own.

The same tests run on SQLite, PostgreSQL and MariaDB; ``DATABASE_URL`` chooses.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from django.utils import timezone

from django_copyleaks_image.models import AccountState, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Spent, Status
from django_copyleaks_image.scanning import account, paykey, prepare, rate, receive, stored_files, submit
from tests.samples import as_json, clean, detection, only_scan, photo, picture, submitted
from tests.threads import together

T = TypeVar("T")

pytestmark = pytest.mark.django_db(transaction=True)


def test_claims__no_row_is_given_twice() -> None:
    for number in range(24):
        photo("meadow.jpg", picture(colour=(number * 10, 0, 0)))

    claimed = [scan.pk for batch in together(*[lambda: submit.claim(8)] * 6) for scan in batch]

    assert len(claimed) == len(set(claimed))
    assert claimed


def test_same_callback_at_once__is_applied_once() -> None:
    photo()
    scan = submitted(only_scan())
    body = as_json(detection(scan))

    outcomes = together(*[lambda: receive.deliver(scan, body, Source.WEBHOOK)] * 8)

    # Whoever comes while it is being judged leaves that to the first.
    assert set(outcomes) <= {Outcome.APPLIED, Outcome.RECEIVED}
    assert DetectionResult.objects.count() == 1
    receipt = WebhookReceipt.objects.get()
    assert (receipt.deliveries, receipt.outcome) == (8, Outcome.APPLIED)


def test_several_workers__no_receipt_is_judged_by_two(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        uploaded = photo("meadow.jpg", picture(colour=(number * 20, 0, 0)))
        scan = submitted(ImageScan.objects.get(object_id=str(uploaded.pk)))
        receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    apply, judged = receive.apply, []

    def noting(receipt: WebhookReceipt, **known: object) -> Outcome:
        judged.append(receipt.pk)
        return apply(receipt, **known)  # type: ignore[arg-type]

    monkeypatch.setattr(receive, "apply", noting)

    counts = together(*[receive.judge_due] * 4)

    assert sorted(judged) == sorted(WebhookReceipt.objects.values_list("pk", flat=True))
    assert sum(counts) == 12
    assert set(WebhookReceipt.objects.values_list("outcome", flat=True)) == {Outcome.APPLIED}


def test_different_callbacks_at_once__one_wins_and_all_are_kept() -> None:
    photo()
    scan = submitted(only_scan())
    bodies = [as_json(clean(scan) if number % 2 else detection(scan, model=f"m{number}")) for number in range(6)]

    outcomes = together(*[lambda body=body: receive.deliver(scan, body, Source.WEBHOOK) for body in bodies])

    # Three of the bodies are the same one.
    assert set(outcomes) <= {Outcome.APPLIED, Outcome.REPEATED, Outcome.RECEIVED}
    assert Outcome.APPLIED in outcomes
    assert DetectionResult.objects.count() == 1
    assert only_scan().result == DetectionResult.objects.get()
    assert WebhookReceipt.objects.count() == len(set(bodies))


def test_identical_bytes_at_once__one_pays() -> None:
    for _ in range(6):
        photo("same.jpg")
    scans = submit.claim(6)

    def takes_the_key(scan: ImageScan) -> bool:
        submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
        return paykey.take(scan, **submit._facts(scan))

    pays = together(*[lambda scan=scan: takes_the_key(scan) for scan in scans])

    assert pays.count(True) == 1
    assert ImageScan.objects.filter(pay_key__isnull=False).count() == 1


def test_budget__is_never_passed() -> None:
    account.heartbeat()
    today = timezone.now().date()

    reserved = together(*[lambda: account.reserve_credit(today, 5)] * 12)

    assert reserved.count(today) == 5
    assert AccountState.objects.get().budget_reserved == 5


def test_budget__of_two_machines_whose_clocks_differ_around_midnight() -> None:
    account.heartbeat()
    today = timezone.now().date()
    tomorrow = today + timedelta(days=1)

    counted_on = together(*[lambda day=day: account.reserve_credit(day, 5) for day in [today, tomorrow] * 8])

    row = account.state()
    assert (row.budget_day, row.budget_reserved) == (tomorrow, 5)
    assert counted_on.count(tomorrow) == 5
    assert counted_on.count(today) <= 5


def test_credit__is_settled_once() -> None:
    photo()
    account.heartbeat()
    today = timezone.now().date()
    account.reserve_credit(today, None)
    ImageScan.objects.update(budget_day=today)
    scan = only_scan()

    together(*[lambda: account.settle_credit(scan, 1, Spent.RESULT)] * 6)

    state = AccountState.objects.get()
    assert (state.budget_reserved, state.budget_spent) == (0, 1)


def test_rate__slots_are_apart_whoever_takes_them(configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=5)
    account.heartbeat()

    def take() -> list[datetime]:
        slots = []
        for _ in range(3):
            assert rate.reserve_slot(within=timedelta(minutes=1))[1]
            slots.append(account.state().next_slot_at)
        return [slot for slot in slots if slot is not None]

    before = timezone.now()
    together(*[take] * 5)

    last = account.state().next_slot_at
    assert last is not None
    assert last - before >= timedelta(seconds=15 * 0.2)


def test_rate__slot_taken_by_another_meanwhile_is_not_given_twice(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(RATE_LIMIT=0.1)
    account.heartbeat()
    read = rate._pace
    taken = timezone.now() + timedelta(seconds=10)

    def read_while_another_process_takes_the_slot(now: datetime) -> tuple[datetime | None, float]:
        seen = read(now)
        AccountState.objects.update(next_slot_at=taken)
        return seen

    monkeypatch.setattr(rate, "_pace", read_while_another_process_takes_the_slot)

    assert rate.reserve_slot(within=timedelta(0))[1] is False
    assert account.state().next_slot_at == taken


def test_slot_that_is_too_far_away__is_left_to_others(configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=0.1)
    account.heartbeat()
    assert rate.reserve_slot(within=timedelta(seconds=5)) == (timedelta(0), True)
    mark = account.state().next_slot_at

    wait, reserved = rate.reserve_slot(within=timedelta(seconds=5))

    assert (reserved, wait > timedelta(seconds=5)) == (False, True)
    assert account.state().next_slot_at == mark


def test_callback_and_replacement_at_once__one_end() -> None:
    uploaded = photo()
    scan = submitted(only_scan())
    body = as_json(detection(scan))

    def replace() -> None:
        uploaded.image = ""
        uploaded.save()

    together(lambda: receive.deliver(scan, body, Source.WEBHOOK), replace)

    scan.refresh_from_db()
    assert scan.status in (Status.COMPLETED, Status.SUPERSEDED)
    assert scan.result == DetectionResult.objects.get()
