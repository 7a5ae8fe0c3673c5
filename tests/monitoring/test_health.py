"""Whether scans go on, as a function and at an address."""

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.api import Health, health
from django_copyleaks_image.models import AccountState, DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Lane, Status
from django_copyleaks_image.monitoring import bounded
from django_copyleaks_image.monitoring import health as health_module
from django_copyleaks_image.monitoring.health import Failing, Noticed
from django_copyleaks_image.scanning import account, receive
from tests.samples import as_json, detection, judge, only_scan, photo, picture, submitted

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.monitoring.urls")]


def ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def the_account(**columns: object) -> None:
    """Let a worker be there, unless the columns say otherwise."""
    AccountState.objects.update_or_create(defaults={"worker_seen_at": ago(0), "swept_at": ago(1)} | columns)


def failing(found: Health | None = None) -> tuple[str, ...]:
    return (found or health()).failing


def due(minutes: float, lane: Lane = Lane.UPLOAD) -> None:
    """Queue a picture that is due for so long."""
    photo()
    ImageScan.objects.update(created_at=ago(minutes), next_attempt_at=ago(minutes), lane=lane)


def ended(number: int, *, lost: int, minutes: float = 5) -> None:
    """Let scans have ended, some of them without their results."""
    for place in range(number):
        photo(f"{place}.jpg", picture(colour=(place, 0, 0)))
        scan = ImageScan.objects.latest("pk")
        outcome: dict[str, Any] = {"status": Status.SKIPPED, "error_code": "too_small"}
        if place < lost:
            outcome = {"status": Status.FAILED, "error_code": "result_lost"}
        if place >= lost:
            result = DetectionResult.objects.create(is_ai_detected=False)
            outcome = {"status": Status.COMPLETED, "verdict": "no_ai", "result": result}
        ImageScan.objects.filter(pk=scan.pk).update(
            finished_at=ago(minutes), notified_at=ago(minutes), sent_at=ago(minutes + 1), **outcome
        )


def test_all_is_well() -> None:
    the_account()
    photo()
    found = health()
    assert found.is_ok
    assert (found.noticed, found.queued, found.awaited, found.unjudged, found.budget_left) == ((), 1, 0, 0, None)
    assert found.worker_seen_seconds is not None
    assert found.worker_seen_seconds < 60


def test_fresh_site__has_no_worker() -> None:
    found = health()
    assert failing(found) == (Failing.NO_WORKER,)
    assert found.worker_seen_seconds is None
    assert not AccountState.objects.exists()


def test_worker__that_is_silent() -> None:
    the_account(worker_seen_at=ago(3))
    assert failing() == (Failing.NO_WORKER,)


def test_pause__says_why_and_since_when() -> None:
    the_account(paused_at=ago(4), pause_reason="payment_required", pause_cause="account", pause_message="secret words")
    due(60)
    found = health()
    assert failing(found) == (Failing.PAUSED,)
    assert found.pause_reason == "payment_required"
    assert found.pause_seconds == pytest.approx(240, abs=10)


def test_restored_database() -> None:
    the_account(restored_at=ago(4))
    assert failing() == (Failing.RESTORED,)


def test_budget_that_is_used_up__is_told_and_no_failure(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=5)
    the_account(budget_day=timezone.now().date(), budget_spent=5)
    due(60)
    found = health()
    assert (failing(found), found.noticed, found.budget_left) == ((), (Noticed.BUDGET_USED_UP, Noticed.LATE), 0)


def test_budget__is_what_the_workers_go_by(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=20)
    assert health().budget_left == account.budget_left() == 20
    DetectionResult.objects.create(is_ai_detected=False, credits=3)
    DetectionResult.objects.create(is_ai_detected=False, credits=None)
    the_account(budget_day=timezone.now().date(), budget_spent=5, budget_reserved=2)
    assert health().budget_left == account.budget_left() == 9


def test_nothing_is_submitted_although_a_worker_is_there() -> None:
    the_account()
    due(9)
    assert health().is_ok
    ImageScan.objects.update(next_attempt_at=ago(11))
    assert failing() == (Failing.NOT_SUBMITTED,)


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.SKIPPED])
def test_long_queue__of_which_something_went_on(status: Status) -> None:
    the_account()
    due(30)
    photo("another.jpg", picture(colour="red"))
    scan = ImageScan.objects.latest("pk")
    if status == Status.SUBMITTED:
        submitted(scan)
    else:
        columns = {"status": status, "error_code": "x", "finished_at": ago(1), "notified_at": ago(1)}
        ImageScan.objects.filter(pk=scan.pk).update(**columns)
    found = health()
    assert (failing(found), found.noticed) == ((), (Noticed.LATE,))
    assert found.due_seconds == pytest.approx(1800, abs=10)


def test_long_backfill__is_not_late() -> None:
    the_account()
    due(600, Lane.BACKFILL)
    photo("another.jpg", picture(colour="red"))
    submitted(ImageScan.objects.latest("pk"))
    found = health()
    assert (failing(found), found.noticed, found.due_seconds) == ((), (), 0.0)


def test_callbacks_that_nobody_judges() -> None:
    the_account()
    photo()
    scan = submitted(only_scan())
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    found = health()
    assert (failing(found), found.unjudged) == ((), 1)
    WebhookReceipt.objects.update(judging_due_at=ago(11))
    assert failing() == (Failing.NOT_JUDGED,)
    judge()
    assert health().is_ok


def test_nobody_sweeps() -> None:
    the_account(swept_at=ago(61))
    assert health().is_ok
    photo()
    scan = submitted(only_scan())
    ImageScan.objects.filter(pk=scan.pk).update(submitted_at=ago(62))
    found = health()
    assert (failing(found), found.noticed) == ((Failing.NO_SWEEP,), (Noticed.RESULTS_OVERDUE,))
    assert found.awaited == 1
    assert found.awaited_seconds == pytest.approx(62 * 60, abs=10)


@pytest.mark.parametrize(
    ("number", "lost", "expected"),
    [
        (5, 5, ((Failing.RESULTS_LOST,), ())),
        (5, 4, ((), (Noticed.SOME_RESULTS_LOST,))),
        (51, 5, ((), (Noticed.SOME_RESULTS_LOST,))),
        (3, 0, ((), ())),
    ],
)
def test_lost_results__many_are_no_accident(number: int, lost: int, expected: object) -> None:
    the_account()
    ended(number, lost=lost)
    found = health()
    assert (found.failing, found.noticed) == expected
    assert (found.sent_lately, found.lost_lately) == (number, lost)


def test_lost_results__of_last_week_are_past() -> None:
    the_account()
    ended(6, lost=6, minutes=60 * 25)
    assert health().is_ok


def test_at_its_worst__five_queries(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=5, RESULT_DEADLINE=60)
    the_account(worker_seen_at=ago(60), swept_at=ago(120), budget_day=timezone.now().date(), budget_spent=4)
    ended(6, lost=6)
    photo("a.jpg", picture(colour="red"))
    scan = submitted(ImageScan.objects.latest("pk"))
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    WebhookReceipt.objects.update(judging_due_at=ago(70))
    ImageScan.objects.filter(pk=scan.pk).update(submitted_at=ago(200))
    photo("b.jpg", picture(colour="blue"))
    ImageScan.objects.filter(status=Status.QUEUED).update(next_attempt_at=ago(300))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = health()
    assert len(failing(found)) >= 3
    assert len(asked) == 5
    assert all(query["sql"].startswith("SELECT") for query in asked)


def test_view__answers_200_to_anybody(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    the_account()
    photo("private-name.jpg")
    response = client.get("/health/")
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response["Cache-Control"] == "no-store"
    found = response.json()
    assert (found["status"], found["failing"], found["queued"]) == ("ok", [], 1)
    assert not {"budget_left"} & set(found)
    assert client.head("/health/").status_code == 200


def test_view__tells_no_secret(client: Client, settings: Any) -> None:
    the_account(paused_at=ago(4), pause_reason="x", pause_message=f"of {settings.COPYLEAKS_IMAGE['EMAIL']}")
    photo("private-name.jpg")
    content = client.get("/health/").content.decode()
    for secret in ("private-name", *settings.COPYLEAKS_IMAGE.values()):
        assert str(secret) not in content


def test_view__answers_503_when_something_is_wrong(client: Client) -> None:
    response = client.get("/health/")
    assert (response.status_code, response["Cache-Control"]) == (503, "no-store")
    assert response.json()["failing"] == ["no_worker"]


def test_view__takes_no_other_method() -> None:
    strict = Client(enforce_csrf_checks=True)
    for method in ("post", "put", "delete", "options"):
        response = getattr(strict, method)("/health/")
        assert (response.status_code, response["Allow"], response["Cache-Control"]) == (405, "GET, HEAD", "no-store")


def test_settings_that_are_wrong(client: Client, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET="much")
    response = client.get("/health/")
    assert (response.status_code, response.json()["failing"]) == (503, ["settings"])


@pytest.mark.parametrize("error", [DatabaseError("no such table"), bounded.NoAnswer()])
def test_database_that_refuses(client: Client, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Health:
        raise error

    monkeypatch.setattr(health_module, "read", refuse)
    response = client.get("/health/")
    assert (response.status_code, response["Cache-Control"]) == (503, "no-store")
    assert response.json()["failing"] == ["database"]
    assert json.loads(response.content)["queued"] is None


@pytest.mark.django_db(transaction=True)
def test_database_that_hangs__is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = Event()
    monkeypatch.setattr(bounded, "SECONDS", 0.2)
    monkeypatch.setattr(health_module, "read", lambda: hangs.wait(60))
    started, before = time.monotonic(), threading.active_count()
    try:
        for _ in range(6):  # More than there are threads for it.
            response = client.get("/health/")
            assert (response.status_code, response.json()["failing"]) == (503, ["database"])
        assert threading.active_count() - before <= 4
    finally:
        hangs.set()
    assert time.monotonic() - started < 20


@pytest.mark.django_db(transaction=True)
def test_what_is_asked_in_a_thread__leaves_no_connection_and_raises_here() -> None:
    the_account()
    assert health().is_ok

    def fail() -> None:
        raise ImproperlyConfigured("no such thing")

    with pytest.raises(ImproperlyConfigured, match="no such thing"):
        bounded.within(5, fail)
    for _ in range(8):
        assert bounded.within(5, lambda: 1) == 1
