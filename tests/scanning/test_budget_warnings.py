"""Each warning about the budget is logged once, by the settlement that crosses its threshold."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.scan import Spent
from django_copyleaks_image.scanning import account
from tests.samples import photo, picture
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


def reserved(number: int) -> list[ImageScan]:
    """Return scans each of which holds a reserved credit of today."""
    account.heartbeat()
    for shade in range(number):
        photo(content=picture(colour=(shade, 0, 0)))
        assert account.reserve_credit(timezone.now().date(), 10)
    ImageScan.objects.update(budget_day=timezone.now().date())
    return list(ImageScan.objects.order_by("pk"))


def percentages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return sorted(record.getMessage().split()[0] for record in caplog.records if "budget" in record.getMessage())


def test_settlements_at_once__warn_once(configure: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    configure(DAILY_BUDGET=10)
    scans = reserved(8)

    together(*[lambda scan=scan: account.settle_credit(scan, 1, Spent.RESULT) for scan in scans])

    assert percentages(caplog) == ["50", "80"]


def test_sum__is_read_before_another_settlement_can_add_to_it(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(DAILY_BUDGET=10)
    (scan,) = reserved(1)
    read = account.state
    in_transaction: list[bool] = []

    def note() -> AccountState:
        in_transaction.append(connection.in_atomic_block)
        return read()

    monkeypatch.setattr(account, "state", note)
    account.settle_credit(scan, 1, Spent.RESULT)

    assert in_transaction == [True]


def test_credit_of_another_day__is_no_reason_to_warn(
    configure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    configure(DAILY_BUDGET=10)
    (scan,) = reserved(1)
    ImageScan.objects.update(budget_day=timezone.now().date() - timedelta(days=1))
    AccountState.objects.update(budget_spent=5)

    account.settle_credit(scan, 1, Spent.RESULT)

    assert percentages(caplog) == []
