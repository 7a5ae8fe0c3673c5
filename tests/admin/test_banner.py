"""What is wrong with all scans is said above lists, at the desk and on the page of the app, to each as they need it."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan, account_row
from django_copyleaks_image.scanning import account, circuit
from tests.admin.scans_to_show import measured_photo, receipt_of
from tests.samples import photo
from tests.scanning.test_losses import lost

BANNER = 'class="copyleaks-warning copyleaks-banner copyleaks-surface"'
PAGES = ["", "imagescan/", "watchedimage/", "watchedimage/review/", "decision/"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _worker_is_there() -> None:
    account.heartbeat()


@pytest.fixture
def moderator(staff: Any) -> Client:
    client: Client = staff("view_watchedimage", "view_imagescan", "view_decision", "decide_watchedimage", "view_photo")
    return client


def page_of(client: Client, address: str) -> str:
    response = client.get(f"/admin/copyleaks_image/{address}")
    assert response.status_code == 200
    return unescape(response.content.decode())


def worker_is_gone() -> None:
    photo()
    ImageScan.objects.update(created_at=timezone.now() - timedelta(hours=1))
    account_row().update(worker_seen_at=timezone.now() - timedelta(hours=1))


def pause() -> None:
    circuit.hold("no_credits", "None.")


def restored() -> None:
    account_row().update(restored_at=timezone.now())


def results_are_lost() -> None:
    lost(3)


TROUBLES: list[tuple[Callable[[], None], str, str]] = [
    (pause, "Resume when the reason is gone", "Meanwhile no new pictures are checked"),
    (restored, "run copyleaks_restored", "because the database was restored. Whoever runs this site"),
    (worker_is_gone, "run copyleaks_worker", "Tell whoever runs this site"),
    (results_are_lost, "Of the last 3 scans that were sent, 3 ended", "because their results did not arrive"),
]


@pytest.mark.parametrize("address", PAGES)
def test_banner__is_not_there_while_all_is_well(address: str, admin_client: Client, moderator: Client) -> None:
    photo()
    # Nothing waits for long, so that nobody misses a worker.
    account_row().update(worker_seen_at=None)
    assert BANNER not in page_of(admin_client, address)
    assert BANNER not in page_of(moderator, address)


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize(("begin", "to_do", "plainly"), TROUBLES)
def test_banner__says_what_to_do_and_to_moderators_what_it_means(
    begin: Callable[[], None], to_do: str, plainly: str, address: str, admin_client: Client, moderator: Client
) -> None:
    begin()
    for_admins, for_moderators = page_of(admin_client, address), page_of(moderator, address)
    assert BANNER in for_admins
    assert BANNER in for_moderators
    assert to_do in for_admins
    assert '<a href="/admin/copyleaks_image/accountstate/">' in for_admins
    assert plainly in for_moderators
    assert to_do not in for_moderators
    assert "Open the page of the account" not in for_moderators


def test_used_up_budget__is_said_too(admin_client: Client, moderator: Client, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=5)
    account_row().update(budget_day=timezone.now().date(), budget_spent=5)
    assert "Today's budget is used up" in page_of(admin_client, "imagescan/")
    assert "new pictures are checked after midnight UTC" in page_of(moderator, "watchedimage/review/")


def test_page_of_the_app__says_how_results_come_while_all_is_well(admin_client: Client, moderator: Client) -> None:
    now = timezone.now()
    scan = measured_photo("a.jpg", sent_at=now, finished_at=now, notified_at=now)
    assert "Results lost: 0 of the last 1 that ended in the last day. No callback has ever come." in page_of(
        admin_client, ""
    )
    receipt_of(scan)
    page = page_of(admin_client, "")
    assert "the last callback came." in page
    # The time may end in "a.m.", which no other full stop follows.
    assert ".m.." not in page
    assert "Results lost" not in page_of(moderator, "")


def test_what_runs_out__is_said_to_those_who_may_see_the_account(
    admin_client: Client, moderator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_copyleaks_image.scanning.ledger.a_day", lambda: 10.0)
    AccountState.objects.update(credits_left=25, credits_left_at=timezone.now())
    assert "25 credits are left on the account" in page_of(admin_client, "imagescan/")
    assert BANNER not in page_of(moderator, "imagescan/")
