"""What is bought is decided when it is paid, by the settings of then; what may have been paid stays as it was sent."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_copyleaks_image.api import request_scan
from django_copyleaks_image.copyleaks.client import Client, Submission
from django_copyleaks_image.copyleaks.errors import RateLimitError, TransientError
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, duplicates, receive, submit, sweep
from tests.gallery.models import Photo
from tests.samples import as_json, detection, only_scan, photo, picture, submitted

from .fake_provider import Provider
from .fake_provider import work as work_on_all
from .test_duplicates import answer, by_age, copies, lose, work

pytestmark = pytest.mark.django_db(transaction=True)

Configure = Callable[..., None]


@pytest.fixture
def bought(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, str, str]]:
    """Collect what is bought: sandbox, model and mask type of each submission."""
    seen: list[tuple[bool, str, str]] = []

    def take(client: Client, submission: Submission) -> None:
        seen.append((submission.sandbox, submission.model, submission.mask_type))
        provider.take(submission)

    monkeypatch.setattr(Client, "submit", take)
    return seen


def test_scan_that_was_measured_before__is_bought_by_the_settings_of_now(
    bought: list[tuple[bool, str, str]], configure: Configure
) -> None:
    configure(SANDBOX=True, MODEL="old", MASK_TYPE="", DAILY_BUDGET=0)
    photo()
    (scan,) = submit.claim(1) or [only_scan()]
    configure(DAILY_BUDGET=1)
    (scan,) = submit.claim(1)
    configure(DAILY_BUDGET=0)
    submit.work_on(scan, sleep=lambda seconds: None)
    before = only_scan()
    assert (before.sandbox, before.model, before.error_code, bought) == (True, "old", "budget_exhausted", [])

    configure(SANDBOX=False, MODEL="new", MASK_TYPE="heatmap", DAILY_BUDGET=1)
    work_on_all()

    scan = only_scan()
    assert bought == [(False, "new", "heatmap")]
    assert (scan.sandbox, scan.model, scan.mask_type, scan.status) == (False, "new", "heatmap", Status.SUBMITTED)
    assert scan.content_key == scan.pay_key != before.content_key


def test_try_that_was_refused_for_certain__is_decided_anew(
    bought: list[tuple[bool, str, str]], provider: Provider, configure: Configure
) -> None:
    configure(SANDBOX=False)
    photo()
    provider.fail_next([RateLimitError()])
    work_on_all()

    configure(SANDBOX=True)
    work_on_all()

    assert [sandbox for sandbox, _, _ in bought] == [False, True]


def test_try_that_may_have_arrived__keeps_what_it_was_sent_with(
    bought: list[tuple[bool, str, str]], provider: Provider, configure: Configure
) -> None:
    configure(SANDBOX=False)
    photo()
    provider.fail_next([TransientError(slug="timeout", uncertain=True)])
    work_on_all()
    key = only_scan().content_key

    configure(SANDBOX=True)
    work_on_all()

    assert [sandbox for sandbox, _, _ in bought] == [False, False]
    assert (only_scan().content_key, only_scan().sandbox) == (key, False)


def test_duplicates_of_a_mock__are_paid_once_the_site_is_live(
    bought: list[tuple[bool, str, str]], configure: Configure
) -> None:
    configure(SANDBOX=True)
    payer, *_ = copies(3)
    configure(SANDBOX=False)

    receive.deliver(payer, as_json(detection(payer)), Source.WEBHOOK)
    assert [scan.status for scan in by_age()] == [Status.COMPLETED, Status.QUEUED, Status.QUEUED]
    work()

    assert [sandbox for sandbox, _, _ in bought] == [True, False]
    _, second, third = by_age()
    assert (second.status, third.error_code) == (Status.SUBMITTED, "waits_for_duplicate")
    receive.deliver(second, as_json(detection(second)), Source.WEBHOOK)
    third.refresh_from_db()
    assert (third.status, third.sandbox, third.result) == (Status.COMPLETED, False, by_age()[1].result)


def test_duplicates_of_what_is_bought_otherwise_by_now__are_not_failed_with_it(
    bought: list[tuple[bool, str, str]], configure: Configure
) -> None:
    configure(SANDBOX=True)
    payer, _ = copies(2)
    configure(SANDBOX=False)

    receive.deliver(payer, as_json({"surprise": True}), Source.WEBHOOK)
    work()

    assert [scan.status for scan in by_age()] == [Status.FAILED, Status.SUBMITTED]
    assert [sandbox for sandbox, _, _ in bought] == [True, False]


def test_payer_that_buys_something_else_by_now__takes_those_that_wait_along(
    bought: list[tuple[bool, str, str]], provider: Provider, configure: Configure
) -> None:
    configure(SANDBOX=True)
    provider.fail_next([RateLimitError()])
    payer, duplicate = copies(2)
    assert duplicate.error_code == "waits_for_duplicate"
    configure(SANDBOX=False)
    ImageScan.objects.filter(pk=payer.pk).update(next_attempt_at=timezone.now())

    work()
    duplicate.refresh_from_db()
    assert duplicate.next_attempt_at is not None
    assert duplicate.next_attempt_at <= timezone.now()
    work()

    payer, duplicate = by_age()
    assert (payer.status, payer.sandbox) == (Status.SUBMITTED, False)
    assert (duplicate.error_code, duplicate.content_key) == ("waits_for_duplicate", payer.content_key)
    assert [sandbox for sandbox, _, _ in bought] == [True, False]


def test_payer_that_would_buy_by_now_what_another_pays__waits_for_it(
    bought: list[tuple[bool, str, str]], provider: Provider, configure: Configure
) -> None:
    configure(SANDBOX=True)
    provider.fail_next([RateLimitError()])
    copies(1)
    configure(SANDBOX=False)
    photo("live.jpg")
    work()
    ImageScan.objects.filter(status=Status.QUEUED).update(next_attempt_at=timezone.now())
    work()

    first, live = by_age()
    assert (first.error_code, first.pay_key, live.pay_key) == ("waits_for_duplicate", None, live.content_key)
    receive.deliver(live, as_json(detection(live)), Source.WEBHOOK)

    assert [scan.status for scan in by_age()] == [Status.COMPLETED] * 2
    assert [sandbox for sandbox, _, _ in bought] == [True, False]


def test_late_mock_of_a_lost_scan__is_no_result_of_what_is_paid_again_on_purpose(
    provider: Provider, configure: Configure
) -> None:
    configure(SANDBOX=True)
    uploaded = photo()
    work()
    request_scan(uploaded, "image", force=True)
    work()
    lost = by_age()[-1]
    lose(lost)
    configure(SANDBOX=False)
    receive.deliver(lost, as_json(detection(lost)), Source.WEBHOOK)

    work()

    again = ImageScan.objects.get(resubmission_of=lost)
    assert (again.status, again.sandbox, again.result) == (Status.SUBMITTED, False, None)


def test_results_of_five_credits__hold_what_would_pass_the_budget(provider: Provider, configure: Configure) -> None:
    configure(DAILY_BUDGET=14)
    photo()
    work()
    scan = only_scan()
    receive.deliver(
        scan, as_json(detection(scan, scannedDocument={"scanId": scan.scan_id, "actualCredits": 5})), Source.WEBHOOK
    )
    assert (account.state().budget_spent, account.budget_left()) == (5, 9)

    for number in range(4):
        photo(f"{number}.jpg", picture(colour=(number * 40, 0, 0)))
    work()

    # Two would make fifteen.
    assert ImageScan.objects.filter(status=Status.SUBMITTED).count() == 1
    assert set(ImageScan.objects.filter(status=Status.QUEUED).values_list("error_code", flat=True)) <= {
        "budget_exhausted",
        "",
    }
    assert account.budget_left() == 0
    assert submit.claim(10) == []


def test_budget_that_buys_no_scan_at_the_last_price__holds_all_until_the_price_is_forgotten(
    provider: Provider, configure: Configure
) -> None:
    configure(DAILY_BUDGET=4)
    photo()
    work()
    scan = only_scan()
    receive.deliver(
        scan, as_json(detection(scan, scannedDocument={"scanId": scan.scan_id, "actualCredits": 5})), Source.WEBHOOK
    )
    AccountState.objects.update(budget_day=timezone.now().date() - timedelta(days=1))
    assert (account.budget_left(), account.reserve_credit(timezone.now().date(), 4)) == (0, None)

    scan.refresh_from_db()
    assert scan.result is not None
    scan.result.received_at -= timedelta(days=8)
    scan.result.save()

    assert account.budget_left() == 4


def test_credit_of_yesterday__changes_nothing_of_today(provider: Provider, configure: Configure) -> None:
    configure(DAILY_BUDGET=5)
    photo()
    scan = submitted(only_scan())
    today = timezone.now().date()
    ImageScan.objects.update(budget_day=today - timedelta(days=1))
    account.heartbeat()
    assert account.reserve_credit(today, 5) == today

    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)

    state = account.state()
    assert (state.budget_reserved, state.budget_spent, only_scan().budget_day) == (1, 0, None)


def test_forced_scan__asked_for_twice_is_paid_once(provider: Provider) -> None:
    uploaded = photo()
    work()

    first = request_scan(uploaded, "image", force=True)
    assert request_scan(uploaded, "image", force=True) == first
    work()
    assert request_scan(uploaded, "image", force=True) == first

    answer(first)
    receive.judge_due()
    first.refresh_from_db()
    assert first.status == Status.COMPLETED
    assert len(provider.sent) == 2
    assert request_scan(uploaded, "image", force=True) != first


def test_forced_scan__throws_away_no_result_that_may_be_paid(provider: Provider) -> None:
    uploaded = photo()
    work()
    (first,) = by_age()
    again = request_scan(uploaded, "image", force=True)

    receive.deliver(first, as_json(detection(first)), Source.WEBHOOK)

    first.refresh_from_db()
    assert (first.status, first.result is not None) == (Status.COMPLETED, True)
    again.refresh_from_db()
    assert again.status == Status.QUEUED


def test_forced_scan__takes_the_place_of_one_that_was_not_sent(provider: Provider) -> None:
    uploaded = photo()

    request_scan(uploaded, "image", force=True)

    assert [scan.status for scan in by_age()] == [Status.SUPERSEDED, Status.QUEUED]


def replaced_payer(provider: Provider) -> tuple[ImageScan, ImageScan]:
    payer, duplicate = copies(2)
    Photo.objects.get(pk=payer.object_id).delete()
    payer.refresh_from_db()
    assert (payer.status, payer.pay_key) == (Status.SUPERSEDED, payer.content_key)
    return payer, duplicate


def test_replaced_payer__keeps_its_key_until_its_deadline(provider: Provider, configure: Configure) -> None:
    configure(RESULT_DEADLINE=1000)
    payer, duplicate = replaced_payer(provider)

    sweep.free_pay_keys(timezone.now() + timedelta(seconds=900))
    duplicates.settle_orphans()
    work()
    assert provider.sent == [payer.scan_id]

    sweep.free_pay_keys(timezone.now() + timedelta(seconds=1100))
    duplicates.settle_due()
    work()
    assert provider.sent == [payer.scan_id, duplicate.scan_id]


def test_replaced_payer__keeps_its_key_while_its_result_arrives(provider: Provider) -> None:
    payer, duplicate = replaced_payer(provider)
    answer(payer)

    sweep.free_pay_keys(timezone.now() + timedelta(days=1))
    payer.refresh_from_db()
    assert payer.pay_key == payer.content_key
    receive.judge_due()
    duplicates.settle_due()

    duplicate.refresh_from_db()
    assert duplicate.status == Status.COMPLETED
    assert provider.sent == [payer.scan_id]


def test_worker_that_has_lost_its_lease__supersedes_nothing(provider: Provider) -> None:
    uploaded = photo()
    (scan,) = submit.claim(1)
    ImageScan.objects.update(lease_owner="another worker")
    Photo.objects.filter(pk=uploaded.pk).update(image="photos/another.jpg")

    submit.work_on(scan)

    assert (only_scan().status, only_scan().lease_owner) == (Status.QUEUED, "another worker")
