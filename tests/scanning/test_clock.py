"""One machine's clock that is wrong, once or always, ahead or behind, holds nobody up and costs nothing."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from django_copyleaks_image.copyleaks.client import Client
from django_copyleaks_image.copyleaks.errors import MAX_RETRY_AFTER
from django_copyleaks_image.models import AccountState, DetectionResult, ImageScan, WatchedImage, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import LONGEST_LEASE, Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.reviewing import claims
from django_copyleaks_image.scanning import (
    account,
    attempts,
    certificates,
    circuit,
    clock,
    inbox,
    leases,
    logins,
    rate,
    receive,
    reconcile,
    recovery,
    submit,
    sweep,
)
from tests.samples import as_json, detection, only_scan, photo, submitted

from .fake_provider import Provider

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
CLOCKS = pytest.mark.parametrize("wrong", [DAY, -DAY, timedelta(hours=1), -timedelta(hours=1)], ids=str)


@pytest.fixture(autouse=True)
def _clocks_are_compared_anew() -> Iterator[None]:
    clock.forget()
    yield
    clock.forget()


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set the clock of this machine; the database's stays as it is."""
    really_now = timezone.now

    def set_to(wrong: timedelta) -> None:
        monkeypatch.setattr(timezone, "now", lambda: really_now() + wrong)
        clock.forget()

    return set_to


def saved() -> ImageScan:
    photo()
    return only_scan()


def in_(duration: timedelta) -> datetime:
    return timezone.now() + duration


def is_near(moment: datetime | None) -> bool:
    return moment is not None and moment < in_(MINUTE)


@CLOCKS
def test_time_of_the_workers__is_the_database_s(set_clock: Callable[[timedelta], None], wrong: timedelta) -> None:
    right = timezone.now()
    set_clock(wrong)

    assert abs(clock.now() - right) < MINUTE


def test_wrong_clock__is_told_once(
    set_clock: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    set_clock(DAY)
    monkeypatch.setattr(clock, "COMPARED_EVERY", 0.0)
    for _ in range(3):
        clock.now()

    assert [record.getMessage() for record in caplog.records if "clock of this machine" in record.getMessage()] == [
        "The clock of this machine is 86400 seconds ahead of the database's. The worker goes by the database's."
    ]


def test_clock_that_jumps__is_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock.now()
    known = clock._compared.copy()
    clock.now()
    assert clock._compared == known

    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + 5)
    clock.now()
    assert clock._compared != known


@CLOCKS
def test_worker_with_a_wrong_clock__takes_no_lease_of_another(
    set_clock: Callable[[timedelta], None], wrong: timedelta
) -> None:
    photo()
    (scan,) = submit.claim(5)
    set_clock(wrong)

    assert submit.claim(5) == []
    sweep.sweep()
    leases.update(scan, error_message="still ours")


@CLOCKS
def test_worker_with_a_wrong_clock__gives_up_no_result(
    set_clock: Callable[[timedelta], None], wrong: timedelta
) -> None:
    submitted(saved())
    ImageScan.objects.update(submitted_at=timezone.now())
    set_clock(wrong)
    sweep.sweep()

    assert only_scan().status == Status.SUBMITTED


@CLOCKS
def test_everything_that_a_wrong_clock_has_touched__goes_on_at_once(
    set_clock: Callable[[timedelta], None], wrong: timedelta, provider: Provider
) -> None:
    with pytest.MonkeyPatch.context():
        set_clock(wrong)
        uploaded = photo()
        sweep.sweep_if_due()
        reconcile.reconcile_if_due()
        rate.reserve_slot(within=MINUTE)
        rate.slow_down(None)
        logins.admit()
        set_clock(timedelta(0))
    assert uploaded.pk
    AccountState.objects.update(swept_at=in_(-MINUTE))
    sweep.sweep_if_due()

    assert rate.reserve_slot(within=MINUTE)[0] < MINUTE
    assert len(submit.claim(5)) == 1


@pytest.mark.parametrize("ahead", [DAY, timedelta(hours=2)], ids=str)
def test_marks_that_are_further_ahead_than_they_can_be__are_none(
    ahead: timedelta, monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    configure(CLIENT_CERTIFICATE_HEADER="X-Certificate")
    monkeypatch.setattr(Client, "client_certificates", lambda client: frozenset({"a" * 40}))
    monkeypatch.setattr(Client, "credits", lambda client: 5)
    account.state()
    wrong = in_(ahead)
    AccountState.objects.update(
        next_slot_at=wrong,
        swept_at=wrong,
        reconciled_at=wrong,
        certificates_due_at=wrong + DAY,
        paused_at=timezone.now(),
        pause_cause="account",
        pause_reason="authentication_failed",
        probe_at=wrong,
        slowdown=4,
        slowed_at=wrong,
        logins=",".join([str(int(wrong.timestamp()))] * logins.LIMIT),
    )

    assert rate.reserve_slot(within=MINUTE) == (timedelta(0), True)
    assert is_near(account.state().next_slot_at)
    assert logins.admit() == 0
    assert sweep.sweep_if_due()
    reconcile.reconcile_if_due()
    certificates.refresh_if_due()
    state = account.state()
    assert is_near(state.swept_at)
    assert is_near(state.reconciled_at)
    assert state.certificate_thumbprints == ["a" * 40]
    assert state.paused_at is None


def test_honest_marks__are_kept(monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]) -> None:
    configure(CLIENT_CERTIFICATE_HEADER="X-Certificate")
    monkeypatch.setattr(Client, "client_certificates", lambda client: pytest.fail("asked too early"))
    monkeypatch.setattr(Client, "credits", lambda client: pytest.fail("asked too early"))
    account.state()
    lately = in_(-timedelta(seconds=5))
    AccountState.objects.update(
        next_slot_at=in_(timedelta(seconds=15)),
        swept_at=lately,
        reconciled_at=lately,
        certificates_due_at=in_(certificates.REFRESH),
        paused_at=timezone.now(),
        pause_cause="account",
        probe_at=in_(circuit.PROBE_INTERVAL),
        logins=",".join([str(int(lately.timestamp()))] * logins.LIMIT),
    )

    assert rate.reserve_slot(within=timedelta(0))[0] > timedelta(seconds=10)
    assert logins.admit() > 800
    assert not sweep.sweep_if_due()
    assert reconcile.reconcile_if_due() == 0
    assert account.state().reconciled_at == lately
    certificates.refresh_if_due()
    recovery.step()


def test_lease__ends_when_it_must_even_if_it_says_otherwise() -> None:
    photo()
    ImageScan.objects.update(lease_owner="another", lease_until=in_(LONGEST_LEASE))
    assert submit.claim(5) == []

    ImageScan.objects.update(lease_until=in_(DAY))
    assert len(submit.claim(5)) == 1


@pytest.mark.parametrize(
    ("ahead", "columns", "is_due"),
    [
        (DAY, {}, True),
        (2 * MINUTE, {}, True),
        (timedelta(seconds=10), {}, False),
        # Put back for its turn, or after an error: an honest wait is kept, up to the longest that is obeyed.
        (2 * MINUTE, {"error_code": "rate_limit"}, False),
        (2 * MINUTE, {"attempts": 2, "error_code": "http_503"}, False),
        (timedelta(seconds=MAX_RETRY_AFTER), {"attempts": 2, "error_code": "rate_limited"}, False),
        (timedelta(seconds=MAX_RETRY_AFTER) + MINUTE, {"attempts": 2, "error_code": "rate_limited"}, True),
        (DAY, {"attempts": 2, "error_code": "rate_limited"}, True),
    ],
)
def test_queued_scan__waits_as_long_as_it_honestly_can(
    ahead: timedelta, columns: dict[str, object], is_due: bool
) -> None:
    photo()
    ImageScan.objects.update(next_attempt_at=in_(ahead), **columns)
    sweep.sweep()

    assert bool(submit.claim(5)) == is_due


@pytest.mark.parametrize(("ahead", "is_due"), [(DAY, True), (inbox.LEASE, False)], ids=str)
def test_receipt__waits_no_longer_than_it_can(ahead: timedelta, is_due: bool) -> None:
    scan = submitted(saved())
    WebhookReceipt.objects.create(
        scan=scan,
        source="webhook",
        body=WebhookReceipt.compress(b"{}"),
        byte_size=2,
        digest="0",
        judging_due_at=in_(ahead),
    )
    sweep.take_back_marks(clock.now())

    assert bool(list(inbox.claimed())) == is_due


def test_heatmap_and_erasure__wait_no_longer_than_they_can() -> None:

    scan = submitted(saved())
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    DetectionResult.objects.update(heatmap_due_at=in_(DAY))
    ImageScan.objects.update(erasure_due_at=in_(DAY))
    sweep.take_back_marks(clock.now())

    assert is_near(DetectionResult.objects.get().heatmap_due_at)
    assert is_near(only_scan().erasure_due_at)


def test_signal__is_sent_although_its_scan_ended_tomorrow() -> None:

    scan = submitted(saved())
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    ImageScan.objects.update(notified_at=None, finished_at=in_(DAY))
    sweep.sweep()

    assert only_scan().notified_at is not None


def test_claim_of_a_person__ends_when_it_must(django_user_model: type) -> None:
    anna, bert = (django_user_model.objects.create(username=name) for name in ("anna", "bert"))  # type: ignore[attr-defined]
    scan = submitted(saved())
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    WatchedImage.objects.update(claimed_by=anna, claimed_until=in_(claims.CLAIM))
    image = WatchedImage.objects.get()
    assert not claims.claim(image.pk, bert)

    WatchedImage.objects.update(claimed_until=in_(DAY))
    assert claims.claim(image.pk, bert)


def test_put_back_by_a_wrong_clock__comes_again_in_time(set_clock: Callable[[timedelta], None]) -> None:
    photo()
    (scan,) = submit.claim(5)
    set_clock(DAY)
    attempts.put_back(scan, attempts.NotNow(Code.RATE_LIMIT, timedelta(seconds=30)))
    set_clock(timedelta(0))

    assert is_near(only_scan().next_attempt_at)
