"""A scan that is given up although a try may have arrived: it may have been paid, and is treated as a lost one."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from django_copyleaks_image.copyleaks.client import Client
from django_copyleaks_image.copyleaks.errors import CopyleaksError, PermanentError, RateLimitError, TransientError
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, attempts, lost_results, receive, submit, sweep
from django_copyleaks_image.signals import scan_failed
from tests.gallery.models import Photo
from tests.samples import as_json, detection, photo, picture, upload

from .fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)


def timeout() -> TransientError:
    return TransientError("ReadTimeout", slug="timeout", uncertain=True)


def by_age() -> list[ImageScan]:
    return list(ImageScan.objects.order_by("pk"))


@pytest.fixture
def failures() -> Iterator[list[str]]:
    """Collect the codes of the failures that the project hears of."""
    heard: list[str] = []

    def note(*, scan: ImageScan, **kwargs: Any) -> None:
        heard.append(scan.error_code)

    scan_failed.connect(note, sender=Photo)
    yield heard
    scan_failed.disconnect(note, sender=Photo)


@pytest.fixture(autouse=True)
def _two_attempts(configure: Callable[..., None]) -> None:
    configure(MAX_ATTEMPTS={"transient": 2, "unknown": 2})


def test_last_uncertain_try__earns_one_resubmission_and_the_duplicate_waits(
    provider: Provider, failures: list[str]
) -> None:
    photo("a.jpg")
    photo("b.jpg")
    provider.fail_next([timeout(), timeout()])

    work(rounds=2)
    payer, duplicate, again = by_age()
    assert (payer.status, payer.error_code) == (Status.FAILED, "timeout")
    assert (again.resubmission_of, again.pay_key) == (payer, payer.content_key)
    assert (duplicate.status, failures) == (Status.QUEUED, [])

    work(rounds=3)
    assert provider.sent == [payer.scan_id, payer.scan_id, again.scan_id]
    assert [scan.status for scan in by_age()] == [Status.FAILED, Status.QUEUED, Status.SUBMITTED]


@pytest.mark.usefixtures("only_the_picture_is_at_fault")
def test_last_uncertain_try_of_a_resubmission__ends_the_duplicate_with_it(
    provider: Provider, failures: list[str]
) -> None:
    photo("a.jpg")
    photo("b.jpg")
    provider.fail_next(timeout() for _ in range(4))

    work(rounds=8)

    assert len(set(provider.sent)) == 2
    assert [(scan.status, scan.error_code) for scan in by_age()] == [(Status.FAILED, "timeout")] * 3
    assert failures == ["timeout", "timeout"]


def test_late_callback__completes_the_duplicates_of_a_scan_that_was_given_up(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT="fail", DAILY_BUDGET=5)
    photo("a.jpg")
    photo("b.jpg")
    provider.fail_next([timeout(), timeout()])
    work(rounds=4)
    payer, duplicate = by_age()
    assert [payer.error_code, duplicate.error_code] == ["timeout", "timeout"]
    state = account.state()
    assert (state.budget_reserved, state.budget_spent) == (0, 1)

    receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)

    assert {scan.status for scan in by_age()} == {Status.COMPLETED}
    assert set(provider.sent) == {payer.scan_id}


def test_result_refused_for_its_size_during_the_try__is_remembered_by_the_next(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo("a.jpg")

    def be_answered_and_time_out(client: Client, submission: object) -> None:
        receive.note_oversized(by_age()[0])
        raise timeout()

    monkeypatch.setattr(Client, "submit", be_answered_and_time_out)
    work()

    (scan,) = by_age()
    assert (scan.status, scan.error_code) == (Status.QUEUED, lost_results.OVERSIZED)


def test_workers_that_die_after_sending__leave_a_lost_result(provider: Provider) -> None:
    photo("a.jpg")
    photo("b.jpg")
    work()
    payer, duplicate = by_age()
    ImageScan.objects.filter(pk=payer.pk).update(
        status=Status.QUEUED, submitted_at=None, attempts=2, next_attempt_at=timezone.now()
    )

    work(rounds=3)

    payer, duplicate, again = by_age()
    assert (payer.error_code, duplicate.status, again.resubmission_of) == ("gave_up", Status.QUEUED, payer)
    assert provider.sent == [payer.scan_id, again.scan_id]


def test_last_certain_refusal__hands_the_key_on(provider: Provider) -> None:
    photo("a.jpg")
    photo("b.jpg")
    provider.fail_next([RateLimitError(), RateLimitError()])

    work(rounds=3)

    payer, duplicate = by_age()
    assert (payer.status, payer.error_code, duplicate.status) == (Status.FAILED, "rate_limited", Status.SUBMITTED)
    assert (payer.budget_day, account.state().budget_reserved) == (None, 1)


def test_refusal_for_good_after_an_uncertain_try__is_not_resubmitted(provider: Provider) -> None:
    photo("a.jpg")
    photo("b.jpg")
    provider.fail_next([timeout(), PermanentError("Invalid file.", slug="invalid_file", status=422)])

    work(rounds=4)

    assert [(scan.status, scan.error_code) for scan in by_age()] == [(Status.FAILED, "invalid_file")] * 2
    assert len(set(provider.sent)) == 1


@pytest.mark.usefixtures("only_the_picture_is_at_fault")
def test_file_that_is_missing_after_an_uncertain_try__leaves_the_payment_to_a_duplicate(
    provider: Provider, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(MODE="sync", DAILY_BUDGET=5, MAX_ATTEMPTS={"transient": 9, "unknown": 9})
    first = photo("a.jpg")
    photo("b.jpg")
    checked: list[str] = []

    def check(client: Client, *, scan_id: str, **kwargs: Any) -> bytes:
        checked.append(scan_id)
        raise timeout()

    monkeypatch.setattr(Client, "check", check)
    work()
    first.image.storage.delete(str(first.image.name))

    work(rounds=3)

    payer, duplicate, again = by_age()
    assert (payer.status, payer.error_code) == (Status.FAILED, "result_lost")
    assert (again.status, again.error_code) == (Status.SKIPPED, "missing_file")
    assert set(checked) == {payer.scan_id, duplicate.scan_id}
    state = account.state()
    assert (state.budget_spent, state.budget_reserved) == (1, 1)


@pytest.mark.parametrize("refusal", [PermanentError("Invalid file.", status=422), RateLimitError()])
def test_refusal_of_a_scan_that_was_replaced_meanwhile__frees_key_and_credit(
    refusal: CopyleaksError, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded = photo("a.jpg")
    photo("b.jpg")

    def replace_and_refuse(client: Client, submission: object) -> None:
        uploaded.image = upload("other.jpg", picture(colour="red"))
        uploaded.save()
        raise refusal

    with monkeypatch.context() as patch:
        patch.setattr(Client, "submit", replace_and_refuse)
        (payer,) = submit.claim(1)
        submit.work_on(payer, sleep=lambda seconds: None)

    payer.refresh_from_db()
    assert (payer.status, payer.pay_key, payer.budget_day) == (Status.SUPERSEDED, None, None)
    assert AccountState.objects.get().budget_reserved == 0
    work()
    assert ImageScan.objects.filter(status=Status.SUBMITTED).count() == 2


def test_refusal_of_a_replaced_scan_that_another_worker_has_sent_since__frees_nothing(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded = photo("a.jpg")

    def be_late(client: Client, submission: object) -> None:
        ImageScan.objects.update(attempts=F("attempts") + 1, lease_owner="another")
        uploaded.delete()
        raise PermanentError("Invalid file.", status=422)

    monkeypatch.setattr(Client, "submit", be_late)
    work()

    (payer,) = by_age()
    assert (payer.status, payer.pay_key, payer.may_have_arrived) == (Status.SUPERSEDED, payer.content_key, True)


def test_uncertain_try_of_a_scan_that_was_replaced_meanwhile__keeps_the_key_until_the_deadline(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    configure(MAX_ATTEMPTS={"transient": 1, "unknown": 1})
    uploaded = photo("a.jpg")

    def delete_and_time_out(client: Client, submission: object) -> None:
        uploaded.delete()
        raise timeout()

    monkeypatch.setattr(Client, "submit", delete_and_time_out)
    work()

    (payer,) = by_age()
    assert (payer.status, payer.pay_key) == (Status.SUPERSEDED, payer.content_key)
    sweep.free_pay_keys(timezone.now() + timedelta(hours=2))
    payer.refresh_from_db()
    assert (payer.pay_key, payer.budget_day, account.state().budget_spent) == (None, None, 1)


def test_many_attempts__do_not_overflow() -> None:
    assert attempts._backoff(30_000) == attempts.LONGEST_WAIT


def test_worker_that_lost_its_lease__does_not_end_a_scan_whose_file_was_replaced(provider: Provider) -> None:
    uploaded = photo("a.jpg")
    work()
    (scan,) = by_age()
    Photo.objects.filter(pk=uploaded.pk).update(image="elsewhere.jpg")
    ImageScan.objects.filter(pk=scan.pk).update(
        status=Status.QUEUED, submitted_at=None, next_attempt_at=timezone.now(), lease_owner="another"
    )

    assert not lost_results.end_or_resubmit(scan, "gave_up", "", may_resubmit=True, owner="the first")
    scan.refresh_from_db()
    assert (scan.status, scan.lease_owner) == (Status.QUEUED, "another")

    assert lost_results.end_or_resubmit(scan, "gave_up", "", may_resubmit=True, owner="another")
    scan.refresh_from_db()
    assert (scan.status, scan.error_code) == (Status.SUPERSEDED, "file_replaced")
