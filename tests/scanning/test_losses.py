"""How many results were lost lately, and when the last callback came."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan, WebhookReceipt
from django_copyleaks_image.models.scan import Spent, Status
from django_copyleaks_image.scanning import account, losses
from tests.admin.scans_to_show import failed, measured_photo, receipt_of
from tests.samples import photo

pytestmark = pytest.mark.django_db


def lost(count: int, *, hours_ago: float = 0) -> list[ImageScan]:
    ended = timezone.now() - timedelta(hours=hours_ago)
    changes: dict[str, Any] = {
        "sent_at": ended,
        "finished_at": ended,
        "notified_at": ended,
        "credits": 1,
        "spent_as": Spent.LOST,
    }
    return [failed(photo(f"{number}.jpg"), **changes) for number in range(count)]


def measured(count: int) -> None:
    now = timezone.now()
    for number in range(count):
        measured_photo(f"m{number}.jpg", sent_at=now, finished_at=now, notified_at=now)


def warned() -> list[Any]:
    found = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
    return [message for message in found if message.id == "copyleaks_image.W053"]


def test_losses__are_counted_with_what_they_cost() -> None:
    scans = lost(3)
    measured(1)

    found = losses.lately()

    assert (found.sent, found.lost, found.credits, found.last_callback_at) == (4, 3, 3, None)
    assert found.since == min(scan.finished_at for scan in scans if scan.finished_at)
    assert found.are_many


def test_losses__are_those_of_the_last_day_and_of_what_was_sent() -> None:
    lost(2, hours_ago=25)
    failed(photo("small.jpg"), "too_small", Status.SKIPPED, notified_at=timezone.now())
    failed(photo("unsent.jpg"), notified_at=timezone.now())

    assert losses.lately()[:3] == (0, 0, 0)
    assert not losses.lately().are_many


def test_one_lost_result_in_more_than_ten__is_an_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    lost(1)
    measured(9)
    assert losses.lately().are_many
    measured(1)
    assert not losses.lately().are_many
    # No more than the newest are looked at.
    monkeypatch.setattr(losses, "NEWEST", 5)
    assert losses.lately()[:2] == (5, 0)


def test_last_callback__is_no_synchronous_answer(configure: Callable[..., None]) -> None:
    receipt = receipt_of(lost(1)[0])
    WebhookReceipt.objects.filter(pk=receipt.pk).update(source="sync")
    assert losses.last_callback_at() is None
    WebhookReceipt.objects.filter(pk=receipt.pk).update(source="webhook")
    assert losses.last_callback_at() == receipt.received_at
    configure(MODE="sync")
    assert losses.last_callback_at() is None


def test_losses__cost_two_queries() -> None:
    lost(3)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        losses.lately()
    assert len(queries) == 2


def test_check__says_how_many_what_they_cost_and_when_the_last_callback_came(configure: Callable[..., None]) -> None:
    assert warned() == []
    scans = lost(8)
    [message] = warned()
    assert message.msg == (
        "Of the last 8 scans that were sent, 8 ended in the last day without their result (result_lost), which may "
        "have cost 8 credits. No callback has ever come."
    )
    assert "paid once more" in message.hint
    configure(ON_LOST_RESULT="fail")
    receipt = receipt_of(scans[0])
    [message] = warned()
    assert f"The last callback came at {receipt.received_at:%Y-%m-%d %H:%M} UTC." in message.msg
    assert "paid once more" not in message.hint


def test_pages__say_it_too(admin_client: Client) -> None:
    account.state()
    lost(8)
    words = "Of the last 8 scans that were sent, 8 ended without their result, which may have cost 8 credits."
    for address in ("imagescan/overview", f"accountstate/{AccountState.SINGLETON}/change"):
        page = admin_client.get(f"/admin/copyleaks_image/{address}/").content.decode()
        assert words in page
        assert "No callback has ever come." in page
    overview = admin_client.get("/admin/copyleaks_image/imagescan/overview/").content.decode()
    assert "Lost of the last 8" in overview
