"""Who holds a scan, for how long, and what becomes of it when the database lets somebody down."""

import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from django_copyleaks_image.copyleaks.client import Client, Submission
from django_copyleaks_image.copyleaks.errors import ConflictError
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status
from django_copyleaks_image.scanning import attempts, leases, prepare, rate, spooled, stored_files, submit
from tests.driver_errors import raised
from tests.samples import only_scan, photo, picture

from .fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)


def left() -> timedelta:
    """Return how long the lease of the only scan goes on."""
    until = only_scan().lease_until
    assert until is not None
    return until - timezone.now()


def end_the_lease() -> None:
    ImageScan.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_lease__is_renewed_right_before_the_call(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    photo()
    (scan,) = submit.claim(1)
    ImageScan.objects.update(lease_until=timezone.now() + timedelta(seconds=1))
    seen: list[timedelta] = []

    def take(_client: Client, submission: Submission) -> None:
        seen.append(left())
        provider.take(submission)

    monkeypatch.setattr(Client, "submit", take)

    submit.work_on(scan)

    assert seen
    assert seen[0] > leases.LEASE - timedelta(seconds=10)


def test_work_that_takes_long__keeps_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=0.6))
    photo()
    (scan,) = submit.claim(1)

    with leases.working(scan):
        time.sleep(1.5)
        assert left() > timedelta(0)
        leases.release(scan)


def test_work_that_hangs__keeps_its_lease_no_longer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    photo()
    (scan,) = submit.claim(1)
    ImageScan.objects.update(lease_until=timezone.now() + timedelta(seconds=5))
    monkeypatch.setattr(leases, "LONGEST_WORK", timedelta(0))

    leases._keeper().renew()
    leases._keeper().renew()

    assert left() < timedelta(seconds=6)
    assert caplog.text.count(f"Scan {scan.scan_id}: the work on it hangs") == 1


def test_process__never_claims_what_it_holds_itself() -> None:
    photo()
    (scan,) = submit.claim(1)
    end_the_lease()

    assert submit.claim(1) == []
    assert leases.take([scan.pk]) == []
    leases.forget_everything()  # Another process.
    assert leases.take([scan.pk]) == [scan]


def test_what_is_held__keeps_no_other_from_being_claimed() -> None:
    photo("held.jpg")
    submit.claim(1)
    end_the_lease()
    photo("next.jpg", picture(colour="red"))

    (following,) = submit.claim(1)

    assert following == ImageScan.objects.latest("pk")


def test_renewal__leaves_alone_what_another_has_taken() -> None:
    photo()
    submit.claim(1)
    until = timezone.now() + timedelta(seconds=5)
    ImageScan.objects.update(lease_owner="another", lease_until=until)

    leases._keeper().renew()

    assert only_scan().lease_until == until


def test_finished_scan__is_held_no_longer(provider: Provider) -> None:
    photo()
    work()

    assert only_scan().status == Status.SUBMITTED
    assert leases._keeper().held() == []


@pytest.mark.parametrize(
    "error",
    [
        raised(OperationalError(), "could not serialize access", sqlstate="40001"),
        raised(OperationalError(), "server closed the connection unexpectedly"),
    ],
)
def test_race_or_connection_that_is_lost__is_begun_again_at_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, error: OperationalError
) -> None:
    photo()
    measure, failures = prepare.measure, [error]

    def fail_once(*arguments: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return measure(*arguments, **named)

    monkeypatch.setattr(prepare, "measure", fail_once)

    work()

    scan = only_scan()
    assert (scan.status, scan.attempts) == (Status.SUBMITTED, 1)
    assert provider.sent == [scan.scan_id]


def test_race_after_the_call__is_no_second_call_by_a_scan_that_has_ended(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo()

    def take(_client: Client, submission: Submission) -> None:
        provider.take(submission)
        ImageScan.objects.update(status=Status.SUBMITTED, submitted_at=timezone.now(), lease_owner="")
        raise raised(OperationalError(), 1213, "Deadlock")

    monkeypatch.setattr(Client, "submit", take)

    work()

    assert len(provider.sent) == 1


def test_begun_again_after_the_call__knows_that_it_may_have_arrived(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo()

    def take(_client: Client, submission: Submission) -> None:
        provider.take(submission)
        if len(provider.sent) == 1:
            raise raised(OperationalError(), 2013, "Lost connection")
        raise ConflictError("Exists.", status=409)

    monkeypatch.setattr(Client, "submit", take)

    work()

    assert len(provider.sent) == 2
    assert only_scan().status == Status.SUBMITTED


def test_race_for_the_row_of_a_scan_that_was_taken__sends_nothing_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo()
    original, failures = ImageScanQuerySet.update, [raised(OperationalError(), 1213, "Deadlock")]

    def update(rows: ImageScanQuerySet, **columns: Any) -> int:
        if columns.get("status") == Status.SUBMITTED and failures:
            raise failures.pop()
        return original(rows, **columns)

    monkeypatch.setattr(ImageScanQuerySet, "update", update)

    work()

    assert failures == []
    assert only_scan().status == Status.SUBMITTED
    assert len(provider.sent) == 1


def test_error_of_the_row__is_not_taken_for_a_lost_database(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo()

    def refuse(*_: Any) -> None:
        raise raised(OperationalError(), "value out of range", sqlstate="22003")

    monkeypatch.setattr(prepare, "measure", refuse)

    work()

    scan = only_scan()
    assert (scan.error_code, scan.lease_until) == ("unforeseen_error", None)


def test_database_that_is_lost_meanwhile__gives_the_scan_back_at_the_next_claim(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo()
    (scan,) = submit.claim(1)

    def nobody_can_connect(*_: Any) -> None:
        raise raised(OperationalError(), 2002, "Can't connect to server")

    with monkeypatch.context() as patch, pytest.raises(OperationalError):
        patch.setattr(prepare, "measure", nobody_can_connect)
        submit.work_on(scan)
    assert left() > timedelta(minutes=1)

    leases.take([])

    assert (only_scan().lease_until, only_scan().lease_owner) == (None, "")
    assert submit.claim(1) == [scan]


def test_stopped_while_it_waits_for_its_slot__is_given_back(provider: Provider, configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=0.2)
    rate.reserve_slot(within=timedelta(minutes=1))
    photo()
    (scan,) = submit.claim(1)

    def stop(_seconds: float) -> None:
        raise submit.Stopped

    submit.work_on(scan, sleep=stop)

    scan = only_scan()
    assert (scan.attempts, scan.lease_until, scan.sent_at, scan.error_code) == (0, None, None, "")
    assert provider.sent == []


def test_storage_that_drips__is_left_in_the_end(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    photo()
    monkeypatch.setattr(stored_files, "READ_SECONDS", -1.0)

    work()

    assert only_scan().error_code == "slow_file"
    assert "took longer than" in only_scan().error_message


def test_no_directory_for_temporary_files__large_pictures_stay_in_memory(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    large = picture() + b"\0" * (spooled.IN_MEMORY + 1)
    photo("large.jpg", large)

    work()

    assert (only_scan().status, only_scan().byte_size) == (Status.SUBMITTED, len(large))


def test_given_back__before_it_was_begun() -> None:
    photo()
    (scan,) = submit.claim(1)

    attempts.give_back(scan)

    assert submit.claim(1) == [scan]
