"""Late, lost, stuck, pending and forgotten."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image import notify
from django_copyleaks_image.models import AccountState, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Spent, Status
from django_copyleaks_image.outcomes import Code, in_words
from django_copyleaks_image.scanning import (
    account,
    duplicates,
    finishing,
    heatmaps,
    lost_results,
    paykey,
    receive,
    reconcile,
    sweep,
)
from django_copyleaks_image.signals import scan_completed, scan_failed
from tests.gallery.models import Listing, Photo, Poster
from tests.samples import as_json, clean, detection, only_scan, photo, picture, submitted, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any]]]:
    """Record the signals the project would hear."""
    calls: list[tuple[str, Any]] = []

    def completed(*, scan: ImageScan, instance: object, **kwargs: Any) -> None:
        calls.append(("completed", instance))

    def failed(*, scan: ImageScan, instance: object, **kwargs: Any) -> None:
        calls.append((f"failed:{scan.status}:{scan.error_code}", instance))

    scan_completed.connect(completed, sender=Photo)
    scan_failed.connect(failed, sender=Photo)
    yield calls
    scan_completed.disconnect(completed, sender=Photo)
    scan_failed.disconnect(failed, sender=Photo)


def waiting(name: str = "meadow.jpg", content: bytes | None = None) -> ImageScan:
    uploaded = photo(name, content)
    return submitted(ImageScan.objects.get(object_id=str(uploaded.pk)))


def as_duplicates(payer: ImageScan, parked: list[ImageScan]) -> None:
    """Let the scans be about the same bytes, and all but the first wait for it."""
    ImageScan.objects.update(content_key="k", **paykey.purchase_of_now())
    ImageScan.objects.filter(pk=payer.pk).update(pay_key="k")
    ImageScan.objects.filter(pk__in=[scan.pk for scan in parked]).update(
        status=Status.QUEUED,
        sent_at=None,
        submitted_at=None,
        may_have_arrived=False,
        error_code=Code.WAITS_FOR_DUPLICATE,
        next_attempt_at=timezone.now() + paykey.PARKED,
    )


def age(scan: ImageScan, **by: float) -> None:
    ImageScan.objects.filter(pk=scan.pk).update(submitted_at=timezone.now() - timedelta(**by))


def deliver(scan: ImageScan, body: dict[str, Any]) -> Outcome:
    return receive.deliver(scan, as_json(body), Source.WEBHOOK)


def test_completed_scan__is_told_once(heard: list[tuple[str, Any]]) -> None:
    scan = waiting()

    deliver(scan, detection(scan))
    deliver(scan, detection(scan))
    sweep.sweep()

    assert heard == [("completed", Photo.objects.get())]
    assert only_scan().notified_at is not None


def test_failure_callback__fails_the_scan(heard: list[tuple[str, Any]]) -> None:
    scan = waiting()
    error = {"type": "invalid_request_error", "id": "invalid_file", "code": 14, "message": "Invalid file."}

    assert deliver(scan, {"status": 1, "error": error, "developerPayload": scan.scan_id}) == Outcome.FAILURE

    scan.refresh_from_db()
    assert scan.status == Status.FAILED
    assert scan.error_message == "Invalid file."
    assert [name for name, _ in heard] == [f"failed:failed:{scan.error_code}"]


def test_failure_that_passes__earns_one_resubmission(heard: list[tuple[str, Any]]) -> None:
    scan = waiting()

    deliver(scan, {"error": {"code": 5, "message": "Download failed."}})

    old, new = ImageScan.objects.order_by("pk")
    assert (old.status, new.status, new.resubmission_of) == (Status.FAILED, Status.QUEUED, old)
    assert old.scan_id != new.scan_id
    assert heard == []

    submitted(new)
    deliver(new, {"error": {"code": 5, "message": "Download failed."}})
    assert ImageScan.objects.count() == 2
    assert [name for name, _ in heard] == [f"failed:failed:{old.error_code}"]


def test_overdue_result__is_lost_and_resubmitted_once(heard: list[tuple[str, Any]]) -> None:
    scan = waiting()
    age(scan, seconds=3500)
    sweep.sweep()
    assert only_scan().status == Status.SUBMITTED

    age(scan, seconds=3700)
    sweep.sweep()
    sweep.sweep()

    old, new = ImageScan.objects.order_by("pk")
    assert (old.status, old.error_code) == (Status.FAILED, "result_lost")
    assert (new.status, new.resubmission_of_id) == (Status.QUEUED, old.pk)
    assert heard == []

    submitted(new)
    age(new, hours=2)
    sweep.sweep()
    assert ImageScan.objects.count() == 2
    assert [name for name, _ in heard] == ["failed:failed:result_lost"]


def test_overdue_result_that_is_being_judged__is_not_lost() -> None:
    scan = waiting()
    age(scan, hours=2)
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)

    sweep.end_lost_scans(timezone.now())

    assert only_scan().status == Status.SUBMITTED


def test_overdue_result__fails_if_the_settings_say_so(configure: Callable[..., None]) -> None:
    configure(ON_LOST_RESULT="fail")
    scan = waiting()
    age(scan, hours=2)

    sweep.sweep()

    assert (only_scan().status, only_scan().error_code) == (Status.FAILED, "result_lost")


def test_late_callback__after_the_deadline_completes(
    heard: list[tuple[str, Any]], configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT="fail")
    scan = waiting()
    age(scan, hours=2)
    sweep.sweep()

    assert deliver(scan, detection(scan)) == Outcome.APPLIED

    assert (only_scan().status, only_scan().error_code) == (Status.COMPLETED, "")
    assert [name for name, _ in heard] == ["failed:failed:result_lost", "completed"]


def test_late_callback__after_the_file_was_replaced_is_kept_and_silent(heard: list[tuple[str, Any]]) -> None:
    scan = waiting()
    uploaded = Photo.objects.get()
    uploaded.image = upload("other.jpg", picture(colour="red"))
    uploaded.save()

    assert deliver(scan, detection(scan)) == Outcome.SHARED

    scan.refresh_from_db()
    assert (scan.status, scan.verdict, scan.result) == (Status.SUPERSEDED, "", DetectionResult.objects.get())
    assert heard == []


def test_late_callback__after_the_object_was_deleted(heard: list[tuple[str, Any]]) -> None:
    scan = waiting()
    Photo.objects.all().delete()

    assert deliver(scan, detection(scan)) == Outcome.SHARED
    assert heard == []


def test_replaced_payer__still_completes_its_duplicate() -> None:
    payer, duplicate = waiting("a.jpg"), waiting("b.jpg")
    as_duplicates(payer, [duplicate])
    payer.refresh_from_db()
    assert isinstance(payer.target, Photo)
    payer.target.delete()

    deliver(payer, clean(payer))

    duplicate.refresh_from_db()
    payer.refresh_from_db()
    assert (payer.status, payer.pay_key) == (Status.SUPERSEDED, None)
    assert (duplicate.status, duplicate.verdict, duplicate.result) == (Status.COMPLETED, "no_ai", payer.result)


def test_replaced_payer_whose_result_never_comes__gives_the_key_up() -> None:
    payer = waiting()
    ImageScan.objects.update(content_key="k", pay_key="k")
    Photo.objects.all().delete()
    payer.refresh_from_db()
    assert payer.pay_key == "k"

    sweep.free_pay_keys(timezone.now() + timedelta(hours=2))

    payer.refresh_from_db()
    assert payer.pay_key is None


def test_signal_of_a_process_that_died__is_sent_by_the_sweep(
    heard: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = waiting()
    with monkeypatch.context() as patch:
        patch.setattr(notify, "after_commit", lambda pk: None)
        deliver(scan, detection(scan))
    assert heard == []

    sweep.send_pending_signals(timezone.now())
    assert heard == []  # Its own process may still be about to send it.
    sweep.send_pending_signals(timezone.now() + timedelta(minutes=1))
    sweep.send_pending_signals(timezone.now() + timedelta(minutes=1))

    assert [name for name, _ in heard] == ["completed"]


def test_signal__is_sent_by_one_of_two_that_want_to(heard: list[tuple[str, Any]]) -> None:
    scan = waiting()
    deliver(scan, detection(scan))

    notify.send(scan.pk)

    assert [name for name, _ in heard] == ["completed"]


def test_receiver_that_raises__changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(**kwargs: Any) -> None:
        raise RuntimeError("receiver")

    scan = waiting()
    scan_completed.connect(broken, sender=Photo)
    try:
        assert deliver(scan, detection(scan)) == Outcome.APPLIED
    finally:
        scan_completed.disconnect(broken, sender=Photo)

    assert only_scan().status == Status.COMPLETED
    assert only_scan().notified_at is not None


def test_unreadable_receipt__is_replayable_after_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = waiting()

    def broken(body: bytes, **kwargs: Any) -> None:
        raise KeyError("a bug of ours")

    with monkeypatch.context() as patch:
        patch.setattr(receive, "parse_callback", broken)
        assert deliver(scan, detection(scan)) == Outcome.UNREADABLE
    assert only_scan().error_code == "unreadable_result"

    assert receive.apply(WebhookReceipt.objects.get()) == Outcome.APPLIED
    assert only_scan().status == Status.COMPLETED


def test_unreadable_result__is_never_paid_again() -> None:
    scan = waiting()

    deliver(scan, {"surprise": True})
    sweep.sweep()

    assert ImageScan.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "verdict", "standing"),
    [
        ({"isAiDetected": True, "summary": {}, "result": {}}, "partly_ai", "flagged"),
        (
            {"isAiDetected": True, "summary": {"ai": 0.0}, "result": {"starts": [], "lengths": []}},
            "partly_ai",
            "flagged",
        ),
        ({"isAiDetected": False, "summary": {"ai": 0.3}}, "no_ai", "clean"),
        ({"isAiDetected": None, "summary": {"ai": 0.0004}, "result": {}}, "partly_ai", "flagged"),
        ({"isAiDetected": None, "summary": {}}, "partly_ai", "flagged"),
        ({"summary": {"ai": 0.5}}, "partly_ai", "flagged"),
        ({"summary": {"ai": 0.51}}, "mostly_ai", "flagged"),
    ],
)
def test_verdict__from_what_the_body_states(changes: dict[str, Any], verdict: str, standing: str) -> None:
    scan = waiting()

    deliver(scan, detection(scan, **changes))

    assert (only_scan().verdict, only_scan().image.standing) == (verdict, standing)


def test_variants_of_the_body__are_all_understood() -> None:
    scan = waiting()
    body = detection(scan)
    body["scannedImage"] = body.pop("scannedDocument")
    del body["developerPayload"]
    body["imageInfo"]["metadata"] = {"issuedBy": "OpenAI\x00", "contentSummary": "<script>"}

    deliver(scan, body)

    result = DetectionResult.objects.get()
    assert (result.credits, result.metadata) == (1, {"issuedBy": "OpenAI", "contentSummary": "<script>"})
    assert result.scanned_at is not None
    assert result.scanned_at.isoformat() == "2026-07-20T20:46:58.510474+00:00"


def test_mask_that_does_not_fit__is_kept_out_and_said() -> None:
    scan = waiting()

    deliver(scan, detection(scan, result={"starts": [4999], "lengths": [10]}))

    result = DetectionResult.objects.get()
    assert (result.mask_runs, bool(result.mask_problem), result.ai_ratio) == (0, True, 0.02)
    assert only_scan().status == Status.COMPLETED


def test_heatmap_as_an_address__is_fetched_by_the_worker(
    monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    from django_copyleaks_image.emulator import Emulator

    scan = waiting()
    deliver(scan, detection(scan, heatmap="http://169.254.169.254/latest/meta-data"))
    result = DetectionResult.objects.get()
    assert (bytes(result.heatmap), result.heatmap_due_at is not None) == (b"", True)

    heatmaps.fetch_due()

    result.refresh_from_db()
    assert result.heatmap_due_at is None
    assert result.heatmap_problem
    with Emulator() as emulator:
        configure(API_URL=emulator.url)
        DetectionResult.objects.update(heatmap_due_at=timezone.now(), heatmap_url=f"{emulator.url}/_emulator/health")
        heatmaps.fetch_due()
        result.refresh_from_db()
        # It answers with JSON.
        assert (bytes(result.heatmap), "no PNG" in in_words(result.heatmap_problem)) == (b"", True)
        monkeypatch.setattr(heatmaps, "is_picture", lambda data: True)
        DetectionResult.objects.update(heatmap_due_at=timezone.now())
        heatmaps.fetch_due()
    result.refresh_from_db()
    assert (bytes(result.heatmap) != b"", result.heatmap_problem) == (True, {})


def test_heatmaps__are_fetched_one_at_a_time_and_one_that_fails_holds_back_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def fetch(url: str, **limits: object) -> bytes:
        asked.append(url)
        if url.endswith("a.png"):
            raise UnicodeError("label too long")
        return picture("PNG")

    monkeypatch.setattr(heatmaps, "fetch_public", fetch)
    for name in ("a", "b", "c"):
        scan = waiting(f"{name}.jpg")
        deliver(scan, detection(scan, heatmap=f"https://example.org/{name}.png"))

    assert [heatmaps.fetch_due() for _ in range(4)] == [1, 1, 1, 0]
    assert asked == [f"https://example.org/{name}.png" for name in ("a", "b", "c")]
    assert DetectionResult.objects.exclude(heatmap=b"").count() == 2
    assert "Could not fetch the heatmap" in caplog.text


def test_reconciliation__finds_what_signals_never_told_of() -> None:
    photo("before.jpg")
    reconcile.reconcile()
    Photo.objects.bulk_create([Photo(image="photos/bulk.jpg"), Photo(image="")])

    assert reconcile.reconcile() == 1
    assert reconcile.reconcile() == 0

    assert ImageScan.objects.order_by("-pk")[0].file_name == "photos/bulk.jpg"


def test_reconciliation__finds_a_replacement_whose_process_died() -> None:
    reconcile.reconcile()
    uploaded = photo("first.jpg")
    Photo.objects.filter(pk=uploaded.pk).update(image="photos/second.jpg")

    assert reconcile.reconcile() == 1

    old, new = ImageScan.objects.order_by("pk")
    assert (old.status, old.error_code, new.file_name) == (Status.SUPERSEDED, "file_replaced", "photos/second.jpg")


def test_reconciliation__leaves_files_from_before_the_app_alone() -> None:
    Photo.objects.bulk_create([Photo(image="photos/old.jpg")])

    assert reconcile.reconcile() == 0


def test_reconciliation__its_mark_trails_the_highest_key(monkeypatch: pytest.MonkeyPatch) -> None:
    reconcile.reconcile()
    (late,) = Photo.objects.bulk_create([Photo(image="photos/a.jpg")])
    Photo.objects.bulk_create([Photo(image="photos/b.jpg")])
    Photo.objects.filter(pk=late.pk).delete()  # Its transaction has not committed yet, as it were.
    reconcile.reconcile()

    Photo.objects.bulk_create([Photo(pk=late.pk, image="photos/a.jpg")])

    assert reconcile.reconcile() == 1


def test_reconciliation__asks_when(watch: Callable[..., None]) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)
    reconcile.reconcile()
    Listing.objects.bulk_create([Listing(front="a.jpg"), Listing(front="b.jpg", published=True)])

    assert reconcile.reconcile() == 1


def test_copyleaks_scan__queues_what_has_no_scan(
    capsys: pytest.CaptureFixture[str], watch: Callable[..., None]
) -> None:
    from django.core.management import CommandError, call_command

    watch(Poster, "file")
    Poster.objects.bulk_create([Poster(file=f"pictures/{number}.jpg") for number in range(5)])

    call_command("copyleaks_scan", "gallery.Poster.file", "--dry-run", "--sample", "0")
    assert "files that would be queued: 5." in capsys.readouterr().out
    assert not ImageScan.objects.exists()

    call_command("copyleaks_scan", "gallery.Poster.file", "--limit", "2", "--yes")
    call_command("copyleaks_scan", "gallery.poster.file", "--yes")
    assert "files queued: 2." in (out := capsys.readouterr().out)
    assert "files queued: 3." in out
    assert ImageScan.objects.count() == 5

    with pytest.raises(CommandError, match=r"gallery\.Poster\.file"):
        call_command("copyleaks_scan", "gallery.Poster.nothing", "--yes")


def test_one_sweep_at_a_time() -> None:
    assert sweep.sweep_if_due()
    assert not sweep.sweep_if_due()
    AccountState.objects.update(swept_at=timezone.now() - timedelta(minutes=1))
    assert sweep.sweep_if_due()


def waiting_duplicates(count: int) -> tuple[ImageScan, list[ImageScan]]:
    payer = waiting("a.jpg")
    duplicates = [waiting(f"duplicate-{number}.jpg") for number in range(count)]
    as_duplicates(payer, duplicates)
    return ImageScan.objects.get(pk=payer.pk), duplicates


def test_unreadable_answer__ends_the_duplicates_unpaid() -> None:
    payer, _ = waiting_duplicates(2)

    deliver(payer, {"surprise": True})

    assert set(ImageScan.objects.values_list("status", "error_code")) == {(Status.FAILED, "unreadable_result")}


def test_lost_result__its_resubmission_pays_and_the_duplicates_go_on_waiting() -> None:
    payer, _ = waiting_duplicates(2)
    age(payer, hours=2)

    sweep.sweep()

    again = ImageScan.objects.get(resubmission_of=payer)
    assert (again.pay_key, again.content_key, again.sha256) == ("k", "k", payer.sha256)
    assert ImageScan.objects.filter(status=Status.QUEUED).count() == 3
    submitted(again)
    age(again, hours=2)
    sweep.sweep()
    duplicates.settle_due()
    assert set(ImageScan.objects.values_list("status", "error_code")) == {(Status.FAILED, "result_lost")}

    deliver(again, clean(again))
    assert ImageScan.objects.filter(status=Status.COMPLETED, verdict="no_ai").count() == 3


def test_failure_of_a_replaced_payer__hands_the_key_on() -> None:
    payer, duplicates = waiting_duplicates(1)
    finishing.supersede(ImageScan.objects.filter(pk=payer.pk), "file_replaced")

    assert deliver(payer, {"error": {"code": 14, "message": "Invalid file."}}) == Outcome.FAILURE

    payer.refresh_from_db()
    duplicates[0].refresh_from_db()
    assert payer.pay_key is None
    assert duplicates[0].next_attempt_at is not None
    assert duplicates[0].next_attempt_at <= timezone.now()


def test_payer_that_was_never_accepted__frees_the_key_when_replaced() -> None:
    payer, _ = waiting_duplicates(1)
    ImageScan.objects.filter(pk=payer.pk).update(
        status=Status.QUEUED, submitted_at=None, may_have_arrived=False, next_attempt_at=timezone.now()
    )

    finishing.supersede(ImageScan.objects.filter(pk=payer.pk), "file_replaced")

    payer.refresh_from_db()
    assert payer.pay_key is None


def test_when_that_raises__stops_neither_reconciliation_nor_the_worker(watch: Callable[..., None]) -> None:
    watch(Listing, "front", when=lambda listing: 1 / 0)
    reconcile.reconcile()
    Listing.objects.bulk_create([Listing(front="a.jpg")])
    Photo.objects.bulk_create([Photo(image="photos/b.jpg")])

    assert reconcile.reconcile() == 1


STEPS = {
    "end_lost_scans",
    "free_pay_keys",
    "duplicates.settle_orphans",
    "send_pending_signals",
    "erasure.erase_due",
    "requeue.carry_on",
    "recovery.step",
    "certificates.refresh_if_due",
}


def test_sweep__does_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for step in STEPS:
        monkeypatch.setattr(f"django_copyleaks_image.scanning.sweep.{step}", lambda *args, step=step: done.append(step))

    sweep.sweep()

    assert set(done) == STEPS
    assert len(done) == len(STEPS)
    # What may wait for the network keeps nothing else waiting.
    assert set(done[-2:]) == {"recovery.step", "certificates.refresh_if_due"}


@pytest.mark.parametrize("failing", sorted(STEPS))
def test_step_that_fails__keeps_no_other_from_its_turn(
    failing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: set[str] = set()

    def take(*args: object, step: str) -> None:
        if step == failing:
            raise ConnectionError("the cache is down")
        done.add(step)

    for step in STEPS:
        monkeypatch.setattr(f"django_copyleaks_image.scanning.sweep.{step}", partial(take, step=step))

    sweep.sweep()

    assert done == STEPS - {failing}
    assert "the rest goes on" in caplog.text


@pytest.mark.parametrize("is_lost", [True, False])
def test_database_error__ends_the_sweep_only_when_the_database_is_lost(
    is_lost: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(now: object) -> None:
        raise OperationalError("could not connect to the archive")

    monkeypatch.setattr(sweep, "end_lost_scans", broken)
    monkeypatch.setattr(connection, "is_usable", lambda: not is_lost)

    with pytest.raises(OperationalError) if is_lost else nullcontext():
        sweep.sweep()


@pytest.mark.parametrize(
    "poison", [{"object_id": "not-a-number"}, {"database": "an-alias-that-is-gone"}, {"object_id": "9" * 200}]
)
def test_scan_whose_object_cannot_be_found_any_more__is_told_without_it(
    poison: dict[str, str], heard: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, other = waiting("a.jpg"), waiting("b.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(notify, "after_commit", lambda pk: None)
        deliver(poisoned, detection(poisoned))
        deliver(other, detection(other))
    ImageScan.objects.filter(pk=poisoned.pk).update(**poison)
    ImageScan.objects.update(finished_at=timezone.now() - timedelta(minutes=1))

    sweep.sweep()

    assert sorted(heard, key=str) == [("completed", other.target), ("completed", None)]
    assert not ImageScan.objects.filter(notified_at=None).exists()


def test_row_that_fails__keeps_no_other_from_its_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scans = [waiting(f"{number}.jpg") for number in range(3)]
    for number, scan in enumerate(scans):
        age(scan, hours=5 - number)
    end = lost_results.end_or_resubmit

    def fail_the_first(scan: ImageScan, *args: Any, **named: Any) -> bool:
        if scan == scans[0]:
            raise ZeroDivisionError
        return end(scan, *args, **named)

    monkeypatch.setattr(lost_results, "end_or_resubmit", fail_the_first)

    sweep.sweep()

    statuses = [ImageScan.objects.get(pk=scan.pk).status for scan in scans]
    assert statuses == [Status.SUBMITTED, Status.FAILED, Status.FAILED]
    assert scans[0].scan_id in caplog.text


def test_nobody_listens__no_signal_is_pending() -> None:
    scan = waiting()

    with CaptureQueriesContext(connection) as queries:
        deliver(scan, detection(scan))

    assert only_scan().notified_at is not None
    assert not any('"notified_at" IS NULL' in query["sql"] for query in queries)


def test_budget_warnings__are_logged_once_each(
    configure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    configure(DAILY_BUDGET=10)
    photo()
    for _ in range(10):
        today = timezone.now().date()
        account.heartbeat()
        assert account.reserve_credit(today, 10)
        ImageScan.objects.update(budget_day=today, spent_on=None, credits=None)
        account.settle_credit(only_scan(), 1, Spent.RESULT)

    warned = [record.getMessage() for record in caplog.records if "budget" in record.getMessage()]

    assert [message.split()[0] for message in warned] == ["50", "80", "100"]


def test_duplicate_that_was_just_being_sent__keeps_no_credit_reserved() -> None:
    payer, duplicates = waiting_duplicates(1)
    today = timezone.now().date()
    account.heartbeat()
    assert account.reserve_credit(today, None)
    ImageScan.objects.filter(pk=duplicates[0].pk).update(budget_day=today)

    deliver(payer, clean(payer))

    duplicates[0].refresh_from_db()
    assert (duplicates[0].status, duplicates[0].budget_day) == (Status.COMPLETED, None)
    state = AccountState.objects.get()
    assert (state.budget_reserved, state.budget_spent) == (0, 2), "the payer's, and what may have been charged as well"
