"""What a message does, whichever task backend brings it: nothing that the row does not allow."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import pytest
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, DetectionResult, ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, finishing, heatmaps, leases, prepare, receive, stored_files, submit
from django_copyleaks_image.task_backends import claims, steps
from tests.samples import as_json, detection, only_scan, photo, picture, submitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

woken: list[str] = []


def note(scan_id: str) -> None:
    woken.append(scan_id)


@pytest.fixture(autouse=True)
def _synchronous_mode(configure: Callable[..., None]) -> None:
    woken.clear()
    configure(MODE="sync")


@pytest.fixture(autouse=True)
def _heartbeat_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_heartbeat_due", {})


@pytest.fixture
def noting(configure: Callable[..., None]) -> list[str]:
    """Return what a task backend would be sent."""
    configure(DISPATCHER="tests.task_backends.test_steps.note")
    return woken


def long_due(minutes: int) -> None:
    """Let all scans wait for so long already."""
    ImageScan.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=minutes))


def test_due_scan__is_brought_to_its_end(emulator: Emulator) -> None:
    photo("ai-37.jpg")

    assert steps.work_on(only_scan().scan_id) == {}
    assert only_scan().status == Status.COMPLETED


def test_message_that_comes_twice__pays_once(emulator: Emulator) -> None:
    photo()

    for _ in range(2):
        steps.work_on(only_scan().scan_id)

    assert only_scan().attempts == 1
    assert emulator.ledger.charged == 1


def test_unknown_scan__is_no_error() -> None:
    assert steps.work_on("nobody") == {}


@pytest.mark.parametrize("changes", [{"next_attempt_at": 60}, {"lease_until": 60}])
def test_scan_that_is_not_due_or_anothers__is_left_alone(changes: dict[str, int], emulator: Emulator) -> None:
    photo()
    later = {name: timezone.now() + timedelta(seconds=seconds) for name, seconds in changes.items()}
    ImageScan.objects.update(**later)

    assert steps.work_on(only_scan().scan_id) == {}
    assert only_scan().attempts == 0


def test_passing_error__asks_for_a_message_when_the_row_is_due(emulator: Emulator) -> None:
    photo("fault-status-503.jpg")

    again = steps.work_on(only_scan().scan_id)

    scan = only_scan()
    assert scan.next_attempt_at is not None
    assert (scan.status, again) == (Status.QUEUED, {scan.scan_id: scan.next_attempt_at + steps.MARGIN})


def three_scans() -> list[ImageScan]:
    """Queue scans of three pictures, of which none is a duplicate."""
    for colour in ("red", "green", "blue"):
        photo(f"{colour}.jpg", picture(colour=colour))
    return list(ImageScan.objects.order_by("pk"))


def attempts_made() -> list[int]:
    return list(ImageScan.objects.order_by("pk").values_list("attempts", flat=True))


def test_message__wakes_whoever_takes_it_for_others_that_are_due(emulator: Emulator) -> None:
    _, scan, _ = three_scans()

    assert steps.work_on(scan.scan_id) == {}

    assert set(ImageScan.objects.values_list("status", flat=True)) == {Status.COMPLETED}


def test_message_for_a_scan_that_went_on__wakes_all_the_same(emulator: Emulator) -> None:
    first, *_ = three_scans()
    ImageScan.objects.filter(pk=first.pk).update(status=Status.SUPERSEDED, finished_at=timezone.now())

    steps.work_on(first.scan_id)

    assert attempts_made() == [0, 1, 1]


def test_whoever_was_woken__claims_no_more_after_a_while(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "AWAKE_SECONDS", 0.0)
    _, scan, _ = three_scans()

    steps.work_on(scan.scan_id)

    assert attempts_made() == [0, 1, 0]


def test_message_in_a_request__is_for_its_own_scan_alone(emulator: Emulator) -> None:
    _, scan, _ = three_scans()

    steps.work_on(scan.scan_id, and_others=False)

    assert attempts_made() == [0, 1, 0]


def test_passing_error_of_another__asks_for_a_message_for_it(emulator: Emulator) -> None:
    photo("fault-status-503.jpg")
    other = only_scan()
    photo("meadow.jpg", picture(colour="green"))

    again = steps.work_on(ImageScan.objects.latest("pk").scan_id)

    assert list(again) == [other.scan_id]


def test_threads_that_are_awake__claim_together_and_leave_nothing_waiting() -> None:
    first, second, _ = three_scans()
    with claims.awake(), claims.awake():
        taken = [claims.next_scan(may_claim=True), claims.next_scan(may_claim=False)]
        assert attempts_made() == [1, 1, 0]
        assert claims.next_scan(may_claim=False) is None

    assert taken == [first, second]


def test_scan_that_nobody_took_because_of_an_error__is_given_back() -> None:
    three_scans()
    with claims.awake():
        with claims.awake():
            claims.next_scan(may_claim=True)
        # Somebody is still awake, who might take it.
        assert attempts_made() == [1, 1, 0]

    assert attempts_made() == [1, 0, 0]
    assert ImageScan.objects.filter(lease_until=None).count() == 2


def test_duplicate__gets_a_message_when_it_takes_the_payers_place(emulator: Emulator, noting: list[str]) -> None:
    for name in ("a.jpg", "b.jpg"):
        photo(name)
    payer, duplicate = ImageScan.objects.order_by("pk")
    (claimed,) = leases.take([payer.pk])
    submit._note_facts(claimed, prepare.measure(stored_files.stored_file(claimed)))
    assert submit._becomes_payer(claimed)
    noting.clear()

    assert steps.work_on(duplicate.scan_id) == {}
    assert noting == []

    finishing.fail(claimed, "invalid_file")
    steps.sweep()
    assert noting[0] == duplicate.scan_id


def test_paused_account__leaves_scans_to_the_sweep(emulator: Emulator, noting: list[str]) -> None:
    photo()
    long_due(minutes=5)
    noting.clear()
    AccountState.objects.create(paused_at=timezone.now(), pause_reason="payment_required")

    assert steps.work_on(only_scan().scan_id) == {}
    steps.sweep()

    assert only_scan().attempts == 0
    assert noting == []


def test_used_up_budget__lets_only_reserved_credits_through(emulator: Emulator, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=1)
    account.heartbeat()
    today = timezone.now().date()
    account.reserve_credit(today, 1)
    photo("reserved.jpg", picture(colour="red"))
    ImageScan.objects.update(budget_day=today)
    photo("too-late.jpg")

    for scan in ImageScan.objects.all():
        assert steps.work_on(scan.scan_id) == {}

    assert list(ImageScan.objects.order_by("pk").values_list("status", "attempts")) == [
        (Status.COMPLETED, 1),
        (Status.QUEUED, 0),
    ]


def test_sweep__shows_itself_and_sends_what_was_left_lying(noting: list[str]) -> None:
    photo("old.jpg")
    long_due(minutes=5)
    photo("new.jpg")
    noting.clear()

    steps.sweep()

    assert noting == [ImageScan.objects.earliest("pk").scan_id]
    state = AccountState.objects.get()
    assert None not in (state.worker_seen_at, state.swept_at, state.reconciled_at)


def test_sweep__judges_and_fetches_what_waits(noting: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        photo(f"{number}.jpg")
    ImageScan.objects.update(sha256=hashlib.sha256(picture()).hexdigest())
    for scan in map(submitted, ImageScan.objects.all()):
        receive.store(scan, as_json(detection(scan, heatmap="https://example.org/h.png")), Source.WEBHOOK)
    monkeypatch.setattr(heatmaps, "fetch_public", lambda *args, **kwargs: picture("PNG"))
    AccountState.objects.update_or_create(pk=AccountState.SINGLETON, defaults={"swept_at": timezone.now()})

    steps.sweep()

    assert set(ImageScan.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert not DetectionResult.objects.filter(heatmap=b"").exists()


def test_worked_on_scan__shows_now_and_then_that_somebody_works(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work_on_another() -> bool:
        photo()
        AccountState.objects.update(worker_seen_at=None)
        steps.work_on(ImageScan.objects.latest("pk").scan_id)
        return AccountState.objects.exclude(worker_seen_at=None).exists()

    assert [work_on_another(), work_on_another()] == [True, False]
    clock = monotonic() + steps.HEARTBEAT_SECONDS
    monkeypatch.setattr(steps, "monotonic", lambda: clock)
    assert work_on_another()


def test_message_for_nobody__shows_nothing() -> None:
    steps.work_on("nobody")

    assert not AccountState.objects.exclude(worker_seen_at=None).exists()


def test_sweeps_one_after_the_other__only_the_one_whose_turn_it_is_sends(noting: list[str]) -> None:
    for number in range(5):
        photo(f"{number}.jpg")
    long_due(minutes=5)
    noting.clear()

    for _ in range(17):
        steps.sweep()

    assert len(noting) == 5


def test_sweep__sends_as_many_as_the_account_took_since_the_last(
    noting: list[str], configure: Callable[..., None]
) -> None:
    configure(RATE_LIMIT=0.1)
    for number in range(5):
        photo(f"{number}.jpg")
    long_due(minutes=5)
    noting.clear()
    AccountState.objects.create(swept_at=timezone.now() - timedelta(seconds=20))

    steps.sweep()

    assert len(noting) == 3


def test_sweep__sends_no_more_than_the_account_takes_until_the_next(
    noting: list[str], configure: Callable[..., None]
) -> None:
    configure(RATE_LIMIT=0.05)
    for number in range(5):
        photo(f"{number}.jpg")
    long_due(minutes=5)
    noting.clear()

    steps.sweep()

    assert noting == list(ImageScan.objects.order_by("pk").values_list("scan_id", flat=True)[:3])
