"""What was spent: written when it is spent, corrected when more is known, and never more than once."""

import json
import zlib
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import ImageScanQuerySet, Spent
from django_copyleaks_image.scanning import account, duplicates, finishing, ledger, lost_results, paykey, receive
from tests.admin.scans_to_show import measured_photo
from tests.samples import as_json, detection, judge, photo, picture, submitted

pytestmark = pytest.mark.django_db


def sent(name: str = "a.jpg", **changes: Any) -> ImageScan:
    """Return a scan whose result is awaited, with its credit reserved today."""
    scan = submitted(
        ImageScan.objects.get(object_id=photo(name, picture(colour=zlib.crc32(name.encode()) % 0xFFFFFF)).pk)
    )
    account.state()
    day = account.reserve_credit(timezone.now().date(), None)
    ImageScan.objects.filter(pk=scan.pk).update(budget_day=day, **changes)
    scan.refresh_from_db()
    return scan


def answer(scan: ImageScan, credits_charged: int | None = 1, **changes: Any) -> None:
    body = detection(scan, **changes)
    body["scannedDocument"] = {"scanId": scan.scan_id} | (
        {} if credits_charged is None else {"actualCredits": credits_charged}
    )
    receive.deliver(ImageScan.objects.get(pk=scan.pk), as_json(body), Source.WEBHOOK)
    judge()


def lose(scan: ImageScan, *, may_resubmit: bool = False) -> None:
    lost_results.end_or_resubmit(ImageScan.objects.get(pk=scan.pk), "result_lost", may_resubmit=may_resubmit)


def spent_for(scan: ImageScan) -> tuple[str, int | None]:
    found = ImageScan.objects.get(pk=scan.pk)
    return found.spent_as, found.credits


def total() -> int:
    """Return what was spent today, which the budget has spent as well."""
    today = timezone.now().date()
    ledger.count_now(today, today)
    found = sum(it.credits for it in ledger.spent(today, today))
    assert found == AccountState.objects.get().budget_spent
    return found


def test_result__costs_what_it_says() -> None:
    scan = sent()
    answer(scan, 3)
    assert spent_for(scan) == (Spent.RESULT, 3)
    assert total() == 3


def test_result_that_does_not_say_so__costs_one() -> None:
    scan = sent()
    answer(scan, None)
    assert spent_for(scan) == (Spent.RESULT, 1)
    assert total() == 1


def test_sandbox__is_free_whatever_is_said(configure: Any) -> None:
    scan = sent(sandbox=True)
    answer(scan, 5)
    lose(sent("b.jpg", sandbox=True))
    assert spent_for(scan) == (Spent.RESULT, 0)
    assert total() == 0


def test_lost_result__counts_as_one_and_its_resubmission_as_another() -> None:
    scan = sent()
    lose(scan, may_resubmit=True)
    again = submitted(ImageScan.objects.get(resubmission_of=scan))
    ImageScan.objects.filter(pk=again.pk).update(budget_day=account.reserve_credit(timezone.now().date(), None))
    answer(again)
    assert (spent_for(scan), spent_for(again)) == ((Spent.LOST, 1), (Spent.RESULT, 1))
    assert total() == 2


def test_result_that_comes_after_all__corrects_what_was_lost() -> None:
    scan = sent()
    lose(scan)
    assert (spent_for(scan), total()) == ((Spent.LOST, 1), 1)
    answer(scan, 4)
    assert (spent_for(scan), total()) == ((Spent.RESULT, 4), 4)
    answer(scan, 4)
    assert total() == 4


def test_result_of_the_day_before__counts_on_the_day_on_which_it_was_lost() -> None:
    yesterday = timezone.now().date() - timedelta(days=1)
    scan = sent()
    ImageScan.objects.update(budget_day=yesterday)
    AccountState.objects.update(budget_reserved=0)
    lose(scan)
    answer(scan, 2)
    assert total() == 0
    ledger.count_now(yesterday, yesterday)
    assert [(it.outcome, it.credits) for it in ledger.spent(yesterday, yesterday)] == [("result", 2)]


@pytest.mark.parametrize("body", [{"isAiDetected": "yes"}, {"error": {"code": 5, "message": "No."}}])
def test_answer_that_is_no_result__is_paid_in_vain(configure: Any, body: dict[str, Any]) -> None:
    configure(ON_LOST_RESULT="fail")
    scan = sent()
    answer(scan, **body)
    assert spent_for(scan) == (Spent.IN_VAIN, 1)
    assert total() == 1


def test_replaced_picture__costs_what_its_result_costs() -> None:
    scan = sent()
    finishing.supersede(ImageScan.objects.filter(pk=scan.pk), "file_replaced")
    answer(scan, 2)
    assert (spent_for(scan), total()) == ((Spent.RESULT, 2), 2)


def test_replaced_picture_without_a_result__is_lost() -> None:
    scan = sent()
    finishing.supersede(ImageScan.objects.filter(pk=scan.pk), "file_replaced")
    assert lost_results.give_key_up(ImageScan.objects.get(pk=scan.pk))
    assert (spent_for(scan), total()) == ((Spent.LOST, 1), 1)


def test_duplicate__shares_a_result_for_nothing() -> None:
    payer = sent()
    duplicate = photo("b.jpg")
    ImageScan.objects.update(content_key="the same bytes", **paykey.purchase_of_now())
    answer(payer, 2)
    duplicates.settle("the same bytes")
    shared = ImageScan.objects.get(object_id=duplicate.pk)
    assert (shared.spent_as, shared.credits, shared.result_id is not None) == (Spent.SHARED, 0, True)
    assert total() == 2


def test_scan_that_another_settles_meanwhile__is_spent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = sent()
    read = ImageScanQuerySet.first
    meanwhile = [lambda: account.settle_credit(scan, 1, Spent.RESULT)]

    def first(self: ImageScanQuerySet) -> ImageScan | None:
        found = read(self)
        if meanwhile:
            meanwhile.pop()()
        return found

    monkeypatch.setattr(ImageScanQuerySet, "first", first)
    account.settle_credit(scan, 1, Spent.LOST)
    assert (spent_for(scan), total()) == ((Spent.RESULT, 1), 1)


def test_refused_scan__costs_nothing() -> None:
    scan = sent(may_have_arrived=False)
    account.release_credit(scan)
    assert spent_for(scan) == ("", None)
    assert (total(), AccountState.objects.get().budget_reserved) == (0, 0)


def test_result_without_a_reservation__is_spent_all_the_same() -> None:
    """As after a restore: what was sent before is not known to be reserved."""
    sent("b.jpg")
    scan = sent()
    ImageScan.objects.filter(pk=scan.pk).update(budget_day=None)
    answer(scan, 2)
    assert (spent_for(scan), total()) == ((Spent.RESULT, 2), 2)


def entries_of(month: str) -> dict[str, Any]:
    out = StringIO()
    call_command("copyleaks_spent", "--month", month, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_command__tells_a_month_by_day_field_and_outcome() -> None:
    for name, day, cost in (("a.jpg", 1, 3), ("b.jpg", 30, 4)):
        measured_photo(name, credits=cost, received_at=datetime(2026, 9, day, 23, tzinfo=UTC))
    measured_photo("c.jpg", credits=9, received_at=datetime(2026, 10, 1, 0, tzinfo=UTC))
    lost = measured_photo("d.jpg", received_at=datetime(2026, 9, 1, tzinfo=UTC))
    ImageScan.objects.filter(pk=lost.pk).update(spent_as=Spent.LOST)
    found = entries_of("2026-09")
    assert (found["month"], found["credits"]) == ("2026-09", 8)
    assert found["by_field"] == {"gallery.Photo.image": {"scans": 3, "credits": 8}}
    assert found["by_outcome"] == {"lost": {"scans": 1, "credits": 1}, "result": {"scans": 2, "credits": 7}}
    assert [(it["day"], it["outcome"], it["credits"]) for it in found["entries"]] == [
        ("2026-09-01", "lost", 1),
        ("2026-09-01", "result", 3),
        ("2026-09-30", "result", 4),
    ]
    assert entries_of("2026-08")["credits"] == 0


def test_command__tells_people(capsys: Any) -> None:
    scan = measured_photo("a.jpg", credits=3)
    assert scan.spent_on
    call_command("copyleaks_spent")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["gallery.Photo.image", "result", "1", "scans", "3", "credits"]
    assert lines[-1].split() == ["total", "1", "scans", "3", "credits"]


@pytest.mark.parametrize("month", ["2026-13", "November", "9999-12"])
def test_command__wants_a_month(month: str) -> None:
    with pytest.raises(CommandError, match="--month 2026-11"):
        call_command("copyleaks_spent", "--month", month)


def test_use_a_day__is_the_average_of_the_last_whole_days() -> None:
    today = timezone.now()
    for ago, cost in ((0, 100), (1, 10), (7, 4), (8, 1000)):
        measured_photo(f"{ago}.jpg", credits=cost, received_at=today - timedelta(days=ago))
    first = date.today() - timedelta(days=10)  # noqa: DTZ011 - near enough
    ledger.count_now(first, today.date())
    assert ledger.a_day() == 2
