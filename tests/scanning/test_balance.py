"""Whether the credits of the account are enough for some days."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import checks
from django.test import Client
from django.utils import timezone

from django_copyleaks_image.copyleaks import client
from django_copyleaks_image.copyleaks.errors import UnknownError
from django_copyleaks_image.models import AccountState, account_row
from django_copyleaks_image.scanning import account, balance
from tests.admin.scans_to_show import measured_photo
from tests.samples import count_days

pytestmark = pytest.mark.django_db


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what the account answers, one after the other; an error is raised."""
    answers: list[Any] = []

    def credits_left(self: client.Client) -> Decimal:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Decimal(answer)

    monkeypatch.setattr(client.Client, "credits", credits_left)
    return answers


def spend(credits_a_day: int) -> None:
    """Spend so many credits on each of the last seven days."""
    for ago in range(1, 8):
        then = timezone.now() - timedelta(days=ago)
        measured_photo(f"{ago}.jpg", credits=credits_a_day, received_at=then)
    count_days()


def due() -> None:
    account_row().update(balance_due_at=None)


def test_account__is_asked_once_an_hour(left: list[Any]) -> None:
    spend(10)
    left += ["69.9", "500"]
    balance.refresh_if_due()
    balance.refresh_if_due()
    assert (account.state().credits_left, left) == (69, ["500"])
    assert balance.runs_low(account.state()) == balance.RunsLow(69, 10.0, 6)
    account_row().update(balance_due_at=timezone.now() - timedelta(seconds=1))
    balance.refresh_if_due()
    assert account.state().credits_left == 500
    assert balance.runs_low(account.state()) is None


def test_account__is_not_asked_where_nothing_is_spent(left: list[Any]) -> None:
    balance.refresh_if_due()
    assert account.state().credits_left is None


@pytest.mark.parametrize("setting", [{"BALANCE_WARNING_DAYS": None}, {"SANDBOX": True}])
def test_account__is_not_asked_by_settings(left: list[Any], configure: Any, setting: dict[str, Any]) -> None:
    spend(10)
    configure(**setting)
    account.state()
    AccountState.objects.update(credits_left=1, credits_left_at=timezone.now())
    balance.refresh_if_due()
    assert balance.runs_low(account.state()) is None


def test_account_that_does_not_answer__keeps_what_was_known_for_two_days(left: list[Any]) -> None:
    spend(10)
    left += ["20", UnknownError("No.")]
    balance.refresh_if_due()
    due()
    balance.refresh_if_due()
    assert balance.runs_low(account.state()) == balance.RunsLow(20, 10.0, 2)
    AccountState.objects.update(credits_left_at=timezone.now() - timedelta(days=3))
    assert balance.runs_low(account.state()) is None


def test_low_balance__is_told_by_a_check_and_by_the_overview(left: list[Any], admin_client: Client) -> None:
    spend(10)
    left.append("25")

    def warned() -> list[str]:
        found = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
        return [message.msg for message in found if message.id == "copyleaks_image.W050"]

    assert warned() == []
    balance.refresh_if_due()
    assert warned() == [
        "The account has 25 credits left, and 10.0 a day were spent in the last week: that is enough for 2 days."
    ]
    for address in ("imagescan/overview", f"accountstate/{AccountState.SINGLETON}/change"):
        page = admin_client.get(f"/admin/copyleaks_image/{address}/").content.decode()
        assert "25 credits are left on the account, enough for 2 days" in page
