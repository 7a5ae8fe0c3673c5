"""The page of what was spent, and its CSV."""

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Spent
from tests.admin.scans_to_show import measured_photo
from tests.samples import count_days

LEDGER = "/admin/copyleaks_image/accountstate/spent/"

pytestmark = pytest.mark.django_db


def test_page__shows_a_month_and_the_csv_has_the_same_sum(admin_client: Client) -> None:
    then = datetime(2026, 9, 3, tzinfo=UTC)
    measured_photo("a.jpg", credits=3, received_at=then)
    shared = measured_photo("b.jpg", received_at=then)
    ImageScan.objects.filter(pk=shared.pk).update(spent_as=Spent.SHARED, credits=0)
    measured_photo("c.jpg", credits=9)
    count_days()
    page = admin_client.get(LEDGER, {"month": "2026-09"}).content.decode()
    assert "<strong>3</strong> credits" in page
    assert '<option value="2026-09" selected>September 2026</option>' in page
    answer_csv = admin_client.get(f"{LEDGER}csv/", {"month": "2026-09"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(answer_csv)))
    assert [(row["day"], row["outcome"], row["scans"], row["credits"]) for row in rows] == [
        ("2026-09-03", "result", "1", "3"),
        ("2026-09-03", "shared", "1", "0"),
    ]


@pytest.mark.parametrize("month", ["", "nonsense", "2026-99"])
def test_page__shows_this_month_unless_another_is_named(admin_client: Client, month: str) -> None:
    measured_photo("a.jpg", credits=9)
    count_days()
    page = admin_client.get(LEDGER, {"month": month})
    assert "<strong>9</strong> credits" in page.content.decode()


def test_page__is_closed_to_those_who_may_not_see_the_account(staff: Any, client: Client) -> None:
    for address in (LEDGER, f"{LEDGER}csv/"):
        assert staff("view_imagescan").get(address).status_code == 403
        assert client.get(address).status_code == 302
        assert staff("view_accountstate").get(address).status_code == 200
