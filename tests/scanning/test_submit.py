"""From a queued row to its end through real sockets: live site, emulator, and the worker in this process."""

import hashlib
import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.base import ContentFile
from django.db import OperationalError, connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.api import latest_scan, request_scan
from django_copyleaks_image.copyleaks.client import Client, Submission
from django_copyleaks_image.copyleaks.errors import (
    AuthenticationError,
    CopyleaksError,
    PaymentError,
    RateLimitError,
    TokenError,
    TransientError,
    UnknownError,
)
from django_copyleaks_image.emulator import Emulator, accounts
from django_copyleaks_image.emulator.answers import Refusal
from django_copyleaks_image.models import AccountState, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status
from django_copyleaks_image.scanning import (
    account,
    calls,
    circuit,
    duplicates,
    finishing,
    leases,
    prepare,
    rate,
    receive,
    recovery,
    stored_files,
    submit,
)
from django_copyleaks_image.worker import Worker
from tests.gallery.models import Photo
from tests.samples import as_json, detection, judge, only_scan, photo, picture, upload

from .fake_provider import Provider
from .fake_provider import work as fake_work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]


def work() -> None:
    Worker(threads=4, poll_seconds=0.05).run_once()


def finished(count: int = 1, *, within: float = 10.0) -> list[ImageScan]:
    """Wait for the callbacks, judge them, and return every scan by age."""
    deadline = time.monotonic() + within
    while judge() or ImageScan.objects.filter(finished_at__isnull=False).count() < count:
        assert time.monotonic() < deadline, list(ImageScan.objects.values("status", "error_code", "error_message"))
        time.sleep(0.02)
    return list(ImageScan.objects.select_related("result").order_by("pk"))


def make_due() -> None:
    # A while ago: the database's clock, by which a worker goes, may be a bit behind ours.
    a_while_ago = timezone.now() - timedelta(seconds=5)
    ImageScan.objects.filter(status=Status.QUEUED).update(next_attempt_at=a_while_ago)


def test_upload_to_verdict__asynchronously(emulator: Emulator) -> None:
    uploaded = photo("ai-37.jpg")

    work()
    (scan,) = finished()

    assert (scan.status, scan.verdict, scan.image.standing) == ("completed", "partly_ai", "flagged")
    assert scan.result is not None
    assert scan.result.ai_ratio == pytest.approx(0.37, abs=0.01)
    assert scan.result.read_mask().area / (640 * 640) == pytest.approx(scan.result.ai_ratio, rel=1e-6)
    assert scan.result.heatmap  # The provider's gradient, asked for by MASK_TYPE.
    assert scan.sent_at is not None
    assert scan.submitted_at is not None
    assert scan.created_at <= scan.sent_at <= scan.submitted_at
    assert latest_scan(uploaded, "image") == scan
    (entry,) = emulator.ledger.entries()
    assert (entry.scan_id, entry.sha256, entry.charged) == (scan.scan_id, scan.sha256, 1)


def test_upload_to_verdict__synchronously(emulator: Emulator, configure: Callable[..., None]) -> None:
    configure(MODE="sync", PUBLIC_URL="")
    photo("ai-100.jpg")
    photo("meadow.jpg", picture(colour="green"))

    work()
    flagged, clean = finished(2)

    assert (flagged.verdict, clean.verdict) == ("mostly_ai", "no_ai")
    assert set(WebhookReceipt.objects.values_list("source", flat=True)) == {"sync"}
    assert emulator.ledger.charged == 2


def test_thresholds__are_those_of_the_field(emulator: Emulator, watch: Callable[..., None]) -> None:
    watch(Photo, "image", review_area=0.5, mostly_ai_area=0.3)
    photo("ai-37.jpg")

    work()
    (scan,) = finished()

    assert (scan.verdict, scan.image.standing) == ("mostly_ai", "clean")


def test_skipped__costs_nothing(emulator: Emulator) -> None:
    photo("small.jpg", picture(size=(100, 100)))

    work()
    (scan,) = finished()

    assert (scan.status, scan.error_code, scan.verdict) == ("skipped", "too_small", "")
    assert not emulator.ledger.entries()


def test_same_bytes__are_paid_once(emulator: Emulator) -> None:
    for number in range(5):
        photo(f"ai-37-{number}.jpg")

    work()
    make_due()
    work()
    scans = finished(5)

    assert {scan.status for scan in scans} == {Status.COMPLETED}
    assert DetectionResult.objects.count() == 1
    assert emulator.ledger.charged == 1


def test_result_that_exists__is_shared_and_force_pays_again(emulator: Emulator) -> None:
    uploaded = photo("ai-37.jpg")
    work()
    finished()

    request_scan(uploaded, "image")
    work()
    finished(2)
    assert emulator.ledger.charged == 1

    request_scan(uploaded, "image", force=True)
    work()
    scans = finished(3)
    assert emulator.ledger.charged == 2
    assert len({scan.result_id for scan in scans}) == 2


@pytest.mark.parametrize(
    "fault",
    [
        "status-503",
        "status-520",
        "status-429",
        "error-html",
        "error-empty",
        "reset-before",
        "reset-after",
        "status-401",
        "status-403",
    ],
)
def test_passing_faults__are_retried_under_the_same_id(fault: str, emulator: Emulator) -> None:
    photo(f"fault-{fault}.jpg")
    # As if an earlier try had arrived, and its picture been fetched long ago.
    ImageScan.objects.update(fetched_at=timezone.now() - timedelta(days=1))

    for _ in range(4):
        work()
        make_due()
    (scan,) = finished()

    assert scan.status == Status.COMPLETED
    (entry,) = emulator.ledger.entries()
    assert entry.charged == 1


def test_retry_later__leaves_time_and_reason_on_the_row(emulator: Emulator) -> None:
    photo("fault-status-503.jpg")

    before = timezone.now()
    work()

    scan = only_scan()
    assert (scan.status, scan.error_code, scan.attempts) == (Status.QUEUED, "temporarily_unavailable", 1)
    assert scan.next_attempt_at is not None
    assert timedelta(seconds=0.9) < scan.next_attempt_at - before < timedelta(seconds=4)
    assert scan.lease_owner == ""


def test_retry_after__is_honoured(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    photo("meadow.jpg")
    before = timezone.now()

    def busy(self: Client, submission: object) -> None:
        raise RateLimitError("Slow down.", retry_after=120)

    monkeypatch.setattr(Client, "submit", busy)
    work()

    scan = only_scan()
    assert (scan.error_code, scan.may_have_arrived) == ("rate_limited", False)
    assert scan.next_attempt_at is not None
    assert scan.next_attempt_at - before >= timedelta(seconds=120)


def test_slots_too_far_away__scans_come_back_at_different_times(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate, "reserve_slot", lambda within: (timedelta(seconds=30), False))
    before = timezone.now()
    for number in range(4):
        photo(f"{number}.jpg", picture(colour=(number * 30, 0, 0)))

    work()

    waits = [scan.next_attempt_at - before for scan in ImageScan.objects.all() if scan.next_attempt_at]
    assert all(timedelta(seconds=30) <= wait < timedelta(seconds=65) for wait in waits)
    assert len(waits) == 4
    assert max(waits) - min(waits) > timedelta(seconds=1)


def test_permanent_refusal__gets_one_try(emulator: Emulator) -> None:
    photo("fault-error-code-14.jpg")

    work()
    (scan,) = finished()

    assert (scan.status, scan.attempts) == (Status.FAILED, 1)
    assert scan.error_code


@pytest.mark.parametrize("policy", ["409", "400"])
def test_repeated_id_refused__after_an_uncertain_try__counts_as_submitted(
    policy: str, emulator: Emulator, configure: Callable[..., None]
) -> None:
    with Emulator(latency=0.0, repeated=policy) as strict:
        configure(ID_URL=strict.url, API_URL=strict.url)
        photo("ai-37-fault-reset-after.jpg")

        for _ in range(4):
            work()
            make_due()
        (scan,) = finished()

        assert (scan.status, scan.verdict) == (Status.COMPLETED, "partly_ai")
        assert strict.ledger.charged == 1


@pytest.mark.parametrize("policy", ["409", "400"])
def test_repeated_id_refused__its_result_is_waited_for(
    policy: str, emulator: Emulator, configure: Callable[..., None]
) -> None:
    with Emulator(latency=0.0, repeated=policy) as strict:
        configure(ID_URL=strict.url, API_URL=strict.url)
        photo("ai-37-fault-reset-after-fault-lost.jpg")

        for _ in range(4):
            work()
            make_due()

        assert only_scan().status == Status.SUBMITTED


def test_conflict_on_the_first_try__is_not_believed(emulator: Emulator) -> None:
    photo("fault-status-409.jpg")

    work()

    scan = only_scan()
    assert scan.status != Status.SUBMITTED
    assert not scan.may_have_arrived


@pytest.mark.parametrize(("fault", "code"), [("no-credits", "no_credits"), ("status-402", "payment_required")])
def test_no_credits__pauses_the_account_and_fails_nothing(
    fault: str, code: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts.Account, "credits_left", 0)
    photo(f"fault-{fault}.jpg")
    photo("meadow.jpg", picture(colour="red"))

    work()

    state = AccountState.objects.get()
    assert state.paused_at is not None
    assert state.pause_reason
    assert not ImageScan.objects.filter(status=Status.FAILED).exists()
    # The other picture may have been sent before the pause, and its result may be arriving.
    deadline = time.monotonic() + 10
    while AccountState.objects.get().budget_reserved != ImageScan.objects.exclude(budget_day=None).count():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_pause__is_complete_at_once(provider: Provider) -> None:
    photo("a.jpg")
    provider.fail_next([PaymentError("No credits.")])
    provider.credits = PaymentError("No credits.")

    with CaptureQueriesContext(connection) as queries:
        fake_work()

    # A process that dies in between must not leave a pause without a probe.
    (pausing,) = [each["sql"] for each in queries if re.search(r"SET \W*paused_at", each["sql"])]
    assert "probe_at" in pausing
    state = AccountState.objects.get()
    assert None not in (state.paused_at, state.probe_at)


def test_pause__before_any_worker_was_seen() -> None:
    circuit.hold("payment_required", "No credits.")

    assert circuit.is_open()


def test_pause__holds_the_inline_dispatcher(provider: Provider, configure: Callable[..., None]) -> None:
    circuit.hold("payment_required", "No credits.")
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline", API_URL="https://127.0.0.1")

    photo("a.jpg")

    assert provider.sent == []
    assert (only_scan().attempts, only_scan().error_code) == (0, "")


def test_resubmission__is_not_sent_in_the_providers_own_request(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline", API_URL="https://127.0.0.1")
    photo("a.jpg")
    scan = only_scan()

    receive.deliver(scan, as_json({"error": {"code": 5, "message": "Download failed."}}), Source.WEBHOOK)

    assert ImageScan.objects.get(resubmission_of=scan).status == Status.QUEUED
    assert provider.sent == [scan.scan_id]


def test_pause__ends_by_its_probe(emulator: Emulator) -> None:
    photo("meadow.jpg")
    AccountState.objects.create(
        paused_at=timezone.now(), pause_cause="account", pause_reason="no_credits", probe_at=timezone.now()
    )

    work()
    (scan,) = finished()

    assert scan.status == Status.COMPLETED
    assert AccountState.objects.get().paused_at is None


def test_wrong_key__pauses_after_one_login(emulator: Emulator, configure: Callable[..., None]) -> None:
    with Emulator(email="photos@example.org", key="another") as strict:
        configure(ID_URL=strict.url, API_URL=strict.url)
        for number in range(3):
            photo("meadow.jpg", picture(colour=(number * 10, 0, 0)))

        work()

        assert AccountState.objects.get().paused_at is not None
        assert set(ImageScan.objects.values_list("status", flat=True)) == {Status.QUEUED}
        assert strict.ledger.counted("login") + strict.ledger.counted("login-refused") <= 3


def test_budget__holds_under_concurrency(emulator: Emulator, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=3)
    for number in range(8):
        photo("meadow.jpg", picture(colour=(number * 10, 0, 0)))

    work()
    finished(3)
    work()

    assert emulator.ledger.charged == 3
    assert account.budget_left() == 0
    waiting = ImageScan.objects.filter(status=Status.QUEUED)
    assert waiting.count() == 5
    state = AccountState.objects.get()
    assert (state.budget_spent, state.budget_reserved) == (3, 0)


def test_budget__yesterdays_reservation_is_none_of_today(emulator: Emulator, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=1)
    yesterday = timezone.now().date() - timedelta(days=1)
    for number in range(2):
        photo("meadow.jpg", picture(colour=(number * 30, 0, 0)))
    ImageScan.objects.update(budget_day=yesterday, sent_at=timezone.now())

    work()
    finished(1)
    work()

    assert emulator.ledger.charged == 1


def test_budget__a_reserved_credit_is_not_locked_out_by_itself(
    emulator: Emulator, configure: Callable[..., None]
) -> None:
    configure(DAILY_BUDGET=1)
    photo("fault-status-503.jpg")

    for _ in range(3):
        work()
        make_due()
    (scan,) = finished()

    assert scan.status == Status.COMPLETED


@pytest.mark.parametrize("body", [b"<html>", b'{"summary": ', b"[]"])
def test_synchronous_answer_that_is_no_result__is_not_paid_again(
    body: bytes, emulator: Emulator, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(MODE="sync")
    photo("meadow.jpg")
    monkeypatch.setattr(Client, "check", lambda self, **kwargs: body)

    work()
    (scan,) = finished()

    assert (scan.status, scan.error_code) == (Status.FAILED, "unreadable_result")
    assert WebhookReceipt.objects.get().payload() == body


def test_refused_login__pauses_and_fails_nothing(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    photo("meadow.jpg")

    def refuse(self: Client) -> None:
        raise AuthenticationError("The key field is required.", slug="http_400", status=400)

    monkeypatch.setattr(Client, "log_in", refuse)
    work()

    assert only_scan().status == Status.QUEUED
    assert AccountState.objects.get().paused_at is not None


def test_replacement_whose_process_died__is_queued_by_the_worker(emulator: Emulator) -> None:
    uploaded = photo("first.jpg")
    second = photo("second.jpg", picture(colour="red"))
    ImageScan.objects.filter(object_id=str(second.pk)).delete()
    Photo.objects.filter(pk=uploaded.pk).update(image=second.image.name)

    work()
    finished(2)

    old, new = ImageScan.objects.filter(object_id=str(uploaded.pk)).order_by("pk")
    assert (old.status, new.file_name) == (Status.SUPERSEDED, second.image.name)


def test_budget__of_a_new_day(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=1)
    today = timezone.now().date()

    account.heartbeat()
    assert account.reserve_credit(today - timedelta(days=1), 1)
    assert not account.reserve_credit(today - timedelta(days=1), 1)
    assert account.reserve_credit(today, 1) == today
    assert not account.reserve_credit(today, 1)


def test_budget__of_a_day_that_another_machine_has_begun_early(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(DAILY_BUDGET=2)
    account.heartbeat()
    today = timezone.now().date()
    tomorrow = today + timedelta(days=1)
    assert account.reserve_credit(tomorrow, 2) == tomorrow
    photo("a.jpg")

    fake_work()

    scan = only_scan()
    assert (scan.status, scan.budget_day) == (Status.SUBMITTED, tomorrow)
    assert (account.budget_left(), account.reserve_credit(today, 2)) == (0, None)
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)
    state = account.state()
    assert (state.budget_day, state.budget_reserved, state.budget_spent) == (tomorrow, 1, 1)


def test_budget__of_a_day_that_a_wrong_clock_has_begun(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=1)
    account.heartbeat()
    today = timezone.now().date()
    assert account.reserve_credit(today + timedelta(days=400), 1)

    assert account.budget_left() == 1
    assert account.reserve_credit(today, 1) == today
    assert account.budget_left() == 0


def test_budget__that_is_lowered_below_what_is_reserved() -> None:
    account.heartbeat()
    today = timezone.now().date()
    for _ in range(3):
        assert account.reserve_credit(today, 5)

    assert account.reserve_credit(today, 1) is None


def test_budget__keeps_the_credit_of_a_try_that_may_have_arrived_when_the_account_is_refused(
    provider: Provider, configure: Callable[..., None]
) -> None:
    configure(DAILY_BUDGET=1)
    photo("a.jpg")
    provider.fail_next([TransientError(slug="timeout", uncertain=True), AuthenticationError()])
    provider.credits = AuthenticationError()
    fake_work(rounds=2)
    assert circuit.is_open()
    assert account.budget_left() == 0

    scan = only_scan()
    receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)

    state = account.state()
    assert (state.budget_reserved, state.budget_spent, account.budget_left()) == (0, 1, 0)


def test_refused_token__is_no_attempt_and_the_row_is_due_at_once(provider: Provider) -> None:
    photo("a.jpg")
    provider.fail_next([TokenError(status=401)])
    before = account.state().next_slot_at

    fake_work()
    scan = only_scan()
    assert (scan.status, scan.attempts, scan.may_have_arrived) == (Status.QUEUED, 0, False)
    assert scan.next_attempt_at is not None
    assert scan.next_attempt_at <= timezone.now()
    assert not circuit.is_open()
    first_slot = account.state().next_slot_at

    fake_work()
    assert only_scan().status == Status.SUBMITTED
    assert before != first_slot != account.state().next_slot_at


def test_picture_deleted_while_the_token_is_refused__is_not_sent_again(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded = photo("a.jpg")
    sent: list[object] = []

    def delete_and_refuse(self: Client, submission: object) -> None:
        sent.append(submission)
        uploaded.delete()
        raise TokenError(status=401)

    monkeypatch.setattr(Client, "submit", delete_and_refuse)
    fake_work(rounds=2)

    assert (only_scan().status, only_scan().pay_key) == (Status.SUPERSEDED, None)
    assert len(sent) == 1


def test_account_that_refuses_its_tokens__is_paused_until_it_accepts_a_new_one(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: accounts.Account, authorization: str) -> None:
        raise Refusal(37, status=403)

    def probe() -> None:
        AccountState.objects.update(probe_at=timezone.now())
        recovery.step()

    photo("a.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(accounts.Account, "authorise", refuse)
        work()
        assert circuit.is_open()
        assert (only_scan().status, only_scan().attempts) == (Status.QUEUED, 0)
        probe()
        assert circuit.is_open()
        assert emulator.ledger.counted("login") == 4
    probe()

    assert not circuit.is_open()
    assert emulator.ledger.counted("login") == 5
    make_due()
    work()
    assert finished()[0].status == Status.COMPLETED


def test_account_that_is_refused__gives_the_credit_back(provider: Provider, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=1)
    photo("a.jpg")
    provider.fail_next([PaymentError()])

    fake_work()

    assert (only_scan().budget_day, account.budget_left()) == (None, 1)


@pytest.mark.parametrize(
    "error",
    [
        UnknownError("Compressed.", slug="unreadable_answer", status=201, uncertain=True),
        TransientError("Slow.", slug="timeout", status=200, uncertain=True),
    ],
)
def test_success_whose_body_cannot_be_read__is_a_success(error: CopyleaksError, provider: Provider) -> None:
    photo("a.jpg")
    provider.fail_next([error])

    fake_work(rounds=3)

    assert only_scan().status == Status.SUBMITTED
    assert len(provider.sent) == 1


def test_synchronous_answer_that_breaks_off__is_asked_for_again_under_the_same_id(
    provider: Provider, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(MODE="sync")
    photo("a.jpg")
    asked: list[str] = []

    def check(self: Client, *, scan_id: str, **kwargs: Any) -> bytes:
        asked.append(scan_id)
        if len(asked) == 1:
            raise TransientError("Slow.", slug="timeout", status=200, uncertain=True)
        return as_json(detection(only_scan()))

    monkeypatch.setattr(Client, "check", check)
    fake_work()
    assert (only_scan().status, only_scan().may_have_arrived) == (Status.QUEUED, True)

    fake_work()
    assert only_scan().status == Status.COMPLETED
    assert len(set(asked)) == 1


def test_claim__of_rows_another_worker_was_faster_to_take() -> None:
    photo("meadow.jpg")
    seen_by_both = [only_scan().pk]

    assert len(leases.take(seen_by_both)) == 1
    leases.forget_everything()  # As another process.
    assert leases.take(seen_by_both) == []


def test_claim__that_the_database_breaks_off_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    photo("meadow.jpg")
    original = ImageScanQuerySet.update
    broken_off: list[dict[str, Any]] = []

    def update(rows: ImageScanQuerySet, **columns: Any) -> int:
        if not broken_off:
            broken_off.append(columns)
            raise OperationalError("deadlock detected")
        return original(rows, **columns)

    monkeypatch.setattr(ImageScanQuerySet, "update", update)

    assert submit.claim(1) == [only_scan()]
    assert "lease_owner" in broken_off[0]


def test_lease_of_a_dead_worker__ends_and_the_same_id_is_used(emulator: Emulator) -> None:
    photo("meadow.jpg")
    (dead,) = submit.claim(1)
    leases.forget_everything()
    assert submit.claim(1) == []

    ImageScan.objects.update(lease_until=F("lease_until") - timedelta(minutes=5))
    work()
    (scan,) = finished()

    assert (scan.scan_id, scan.status) == (dead.scan_id, Status.COMPLETED)


def test_lease_lost__sends_nothing(emulator: Emulator) -> None:
    photo("meadow.jpg")
    (scan,) = submit.claim(1)
    ImageScan.objects.update(lease_owner="another worker")

    submit.work_on(scan)

    assert not emulator.ledger.entries()
    assert only_scan().lease_owner == "another worker"


def test_replaced_while_claimed__sends_nothing(emulator: Emulator) -> None:
    uploaded = photo("first.jpg")
    (scan,) = submit.claim(1)
    uploaded.image = upload("second.jpg", picture(colour="red"))
    uploaded.save()

    submit.work_on(scan)

    assert not emulator.ledger.entries()


def test_early_callback__that_is_judged_before_our_201_stays_the_end_of_the_scan() -> None:
    photo()

    class Accepting:
        def submit(self, _submission: object) -> None:
            scan = only_scan()
            receive.deliver(scan, as_json(detection(scan)), Source.WEBHOOK)

    submission = Submission(scan_id="", url="", file_name="", model="", webhook_url="", sandbox=False)
    calls._submit(only_scan(), Accepting(), submission)  # type: ignore[arg-type]

    scan = only_scan()
    assert (scan.status, scan.verdict) == (Status.COMPLETED, "partly_ai")
    assert scan.submitted_at is not None


def test_early_callback__is_not_overwritten_by_our_late_201(emulator: Emulator) -> None:
    photo("ai-37-fault-early.jpg")

    work()
    (scan,) = finished()

    assert (scan.status, scan.verdict) == ("completed", "partly_ai")
    assert scan.submitted_at is not None


def test_workers_that_die_over_a_picture__give_up_in_the_end(emulator: Emulator) -> None:
    photo("meadow.jpg")
    ImageScan.objects.update(attempts=30)

    work()
    (scan,) = finished()

    assert (scan.status, scan.error_code) == (Status.FAILED, "gave_up")


def change_bytes(uploaded: Photo) -> None:
    storage, name = uploaded.image.storage, str(uploaded.image.name)
    storage.delete(name)
    storage.save(name, ContentFile(picture(colour="red")))


def test_other_bytes_under_the_same_name__before_anything_was_sent_are_what_is_scanned(provider: Provider) -> None:
    uploaded = photo("meadow.jpg")
    (scan,) = submit.claim(1)
    submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
    submit._store_facts(scan)
    change_bytes(uploaded)

    submit.work_on(scan, sleep=lambda seconds: None)

    assert only_scan().sha256 == hashlib.sha256(picture(colour="red")).hexdigest()
    assert only_scan().status == Status.SUBMITTED


def test_other_bytes_under_the_same_name__after_a_try_that_may_have_arrived_are_another_scan(
    emulator: Emulator, configure: Callable[..., None]
) -> None:
    configure(MODE="sync")
    uploaded = photo("ai-37.jpg")
    (scan,) = submit.claim(1)
    submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
    submit._store_facts(scan)
    ImageScan.objects.update(may_have_arrived=True, sent_at=timezone.now())
    scan.may_have_arrived = True
    change_bytes(uploaded)

    submit.work_on(scan)

    old, new = ImageScan.objects.order_by("pk")
    assert (old.status, new.status) == (Status.SUPERSEDED, Status.QUEUED)
    assert not emulator.ledger.entries()


def test_inline_dispatcher__submits_at_once(emulator: Emulator, configure: Callable[..., None]) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline", MODE="sync")

    photo("ai-37.jpg")

    assert only_scan().status == Status.COMPLETED


def test_direct_media_access__hands_out_the_storages_address(
    emulator: Emulator, configure: Callable[..., None], live_server: Any, settings: Any
) -> None:
    configure(MEDIA_ACCESS="direct")
    photo("ai-37.jpg")
    from django_copyleaks_image.scanning import addresses

    scan = only_scan()
    scan.image_format = "JPEG"

    assert addresses.media_url(scan, stored_files.stored_file(scan)) == f"{live_server.url}/media/{scan.file_name}"


def test_secrets__are_in_no_row(emulator: Emulator, configure: Callable[..., None]) -> None:
    configure(FETCH_HEADERS=[["X-Fetch", "hush-fetch"]], WEBHOOK_HEADERS=[["X-Endpoint", "hush-endpoint"]])
    from django.core import serializers

    photo("ai-37.jpg")
    work()
    (scan,) = finished()
    assert scan.status == Status.COMPLETED

    from django_copyleaks_image.conf import conf
    from django_copyleaks_image.scanning import addresses

    rows = serializers.serialize(
        "json", [*ImageScan.objects.all(), *DetectionResult.objects.all(), *WebhookReceipt.objects.all()]
    )
    rows += str([receipt.payload() for receipt in WebhookReceipt.objects.all()])
    for secret in (
        "hush-fetch",
        "hush-endpoint",
        conf.API_KEY.reveal(),
        addresses.webhook_token(scan.scan_id),
        addresses.media_token(scan.scan_id),
    ):
        assert secret not in rows


def test_cache_that_is_down__delays_and_fails_nothing(emulator: Emulator, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.scanning.test_submit.BrokenCache"}}
    photo("ai-37.jpg")

    work()

    scan = only_scan()
    assert (scan.attempts, scan.error_code) == (1, "")
    assert len(emulator.ledger.entries()) == 1


class BrokenCache(LocMemCache):
    def get(self, *args: Any, **kwargs: Any) -> Any:
        raise ConnectionError("redis://:hush@cache")


def test_duplicates__are_completed_by_the_payers_end(emulator: Emulator) -> None:
    first = photo("ai-37.jpg")
    second = photo("ai-37.jpg")
    work()
    scans = finished(2)

    assert first != second
    assert [scan.status for scan in scans] == [Status.COMPLETED] * 2
    assert not ImageScan.objects.filter(pay_key__isnull=False).exists()


def test_payer_that_fails__hands_the_key_on_to_one_duplicate() -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        photo(name)
    payer, first, second = submit.claim(3)
    for scan in (payer, first, second):
        submit._note_facts(scan, prepare.measure(stored_files.stored_file(scan)))
    assert submit._becomes_payer(payer)
    assert not submit._becomes_payer(first)
    assert not submit._becomes_payer(second)

    finishing.fail(payer, "error_14")
    duplicates.settle_due()

    (again,) = submit.claim(3)
    assert (again, again.attempts) == (first, 1)
    submit._note_facts(again, prepare.measure(stored_files.stored_file(again)))
    assert submit._becomes_payer(again)
    assert ImageScan.objects.get(pay_key__isnull=False) == again
