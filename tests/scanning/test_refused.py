"""Refused callbacks that look like our own: counted, bounded, and told to those who run the site, not to the caller."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan, WebhookReceipt
from django_copyleaks_image.models.scan import new_scan_id
from django_copyleaks_image.scanning import account, addresses, finishing, refused
from tests.samples import as_json, clean, only_scan, photo, submitted

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_allowance() -> None:
    refused.allowance.renew()


@pytest.fixture
def scan() -> ImageScan:
    photo()
    return submitted(only_scan())


def call(scan_id: str, token: str) -> tuple[int, bytes]:
    url = reverse("copyleaks_image:webhook", args=(scan_id, token))
    response = Client().post(url, b"{}", content_type="application/json")
    return response.status_code, response.content


def test_changed_secret_key__leaves_a_trace(scan: ImageScan, settings: Any) -> None:
    token = addresses.webhook_token(scan.scan_id)
    settings.SECRET_KEY = "another one"

    answers = {call(scan.scan_id, token) for _ in range(3)} | {call("nonsense", "nonsense")}

    assert len(answers) == 1
    assert refused.lately() == (3, 0)
    settings.SECRET_KEY_FALLBACKS = ["for tests only"]
    assert call(scan.scan_id, token)[0] == 200
    assert refused.lately() == (3, 0)


def test_wrong_token__of_a_scan_that_does_not_wait_leaves_nothing(scan: ImageScan) -> None:
    finishing.fail(scan, "result_lost")
    ImageScan.objects.update(may_have_arrived=False)

    for scan_id in (scan.scan_id, new_scan_id(), "doctor", "x" * 36, "\x00" * 36):
        assert call(scan_id, "wrong")[0] == 404

    assert refused.lately() == (0, 0)
    assert not AccountState.objects.exclude(wrong_tokens=0).exists()


def test_good_token_of_a_scan_that_is_not_there__tells_that_the_database_is_older(scan: ImageScan) -> None:
    lost = new_scan_id()

    assert call(lost, addresses.webhook_token(lost)) == call(scan.scan_id, "wrong")

    assert refused.lately() == (1, 1)
    assert not WebhookReceipt.objects.exists()


def test_flood__costs_a_bounded_number_of_statements(scan: ImageScan) -> None:
    account.state()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3 * refused.LOOKS):
            call(scan.scan_id, "wrong")

    verbs = [query["sql"].split()[0] for query in queries]
    assert verbs.count("UPDATE") == refused.LOOKS
    assert len(verbs) <= 5 * refused.LOOKS
    assert refused.lately() == (refused.LOOKS, 0)


def test_flood__ends_with_its_period(scan: ImageScan, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(refused, "monotonic", lambda: now[0])
    for _ in range(2 * refused.LOOKS):
        call(scan.scan_id, "wrong")

    now[0] += refused.PERIOD_SECONDS
    call(scan.scan_id, "wrong")

    assert refused.lately() == (refused.LOOKS + 1, 0)


def test_flood_of_what_cannot_be_a_scan__is_not_looked_for(scan: ImageScan) -> None:
    with CaptureQueriesContext(connection) as queries:
        for _ in range(2 * refused.LOOKS):
            call("no-such-scan", "wrong")
    assert not queries

    call(scan.scan_id, "wrong")

    assert refused.lately() == (1, 0)


def test_callback_that_cannot_be_counted__gets_the_same_answer(
    scan: ImageScan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(kind: str) -> None:
        raise DatabaseError("disk full")

    strange = call("no-such-scan", "wrong")
    monkeypatch.setattr(refused, "_add_one", broken)

    assert call(scan.scan_id, "wrong") == strange
    assert "could not be counted" in caplog.text


def test_days__are_counted_apart_and_forgotten(scan: ImageScan) -> None:
    call(scan.scan_id, "wrong")
    call(scan.scan_id, "wrong")
    today = timezone.now().date()

    AccountState.objects.update(wrong_tokens_on=today - timedelta(days=1))
    assert refused.lately() == (2, 0)
    call(scan.scan_id, "wrong")
    assert refused.lately() == (1, 0)
    AccountState.objects.update(wrong_tokens_on=today - timedelta(days=2))
    assert refused.lately() == (0, 0)


def test_sound_callback__is_not_looked_at_twice(scan: ImageScan, configure: Callable[..., None]) -> None:
    with CaptureQueriesContext(connection) as queries:
        url = reverse("copyleaks_image:webhook", args=(scan.scan_id, addresses.webhook_token(scan.scan_id)))
        assert Client().post(url, as_json(clean(scan)), content_type="application/json").status_code == 200
    verbs = [query["sql"].split()[0] for query in queries]
    assert [verb for verb in verbs if verb not in ("BEGIN", "COMMIT")] == ["SELECT", "INSERT"]
