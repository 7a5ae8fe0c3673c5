import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from django_copyleaks_image.admin import chart
from django_copyleaks_image.admin.figures import DayFigures
from django_copyleaks_image.models import Day, Decision, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing.decide import decide, undo
from django_copyleaks_image.scanning import account, days
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import DESK
from tests.admin.inline_code import inline_code
from tests.admin.scans_to_show import failed, measured_photo, scan_of
from tests.admin.test_figures import NO_AI, judge
from tests.samples import count_days, photo

OVERVIEW = "/admin/copyleaks_image/imagescan/overview/"
LIST = "/admin/copyleaks_image/imagescan/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna")


@pytest.fixture
def bert() -> User:
    return User.objects.create_user("bert")


def page_of(client: Client, **parameters: Any) -> str:
    count_days()
    response = client.get(OVERVIEW, parameters)
    assert response.status_code == 200
    return response.content.decode()


def forget() -> None:
    """Let the next page count anew."""
    cache.clear()
    Day.objects.all().delete()


def on_card(page: str, label: str) -> str:
    """Return the number that stands beside a label."""
    found = re.search(rf"<dt>(?:<a [^>]*>)?{re.escape(label)}(?:</a>)?</dt><dd>([^<]*)</dd>", page)
    assert found, f"{label} is not on the page"
    return found[1]


def test_page__says_it_all(moderator: Client, configure: Any, anna: User, bert: User) -> None:
    configure(DAILY_BUDGET=2000, SECOND_LOOK_SHARE=1)
    row = account.state()
    row.budget_day, row.budget_spent, row.budget_reserved = timezone.now().date(), 1234, 6
    row.save()
    scan = measured_photo("a.jpg", credits=8)
    judge(scan, anna, Kind.CLEARED)
    judge(scan, bert, Kind.CLEARED)
    judge(measured_photo("b.jpg"), anna, Kind.CONFIRMED)
    measured_photo("c.jpg")
    failed(photo("lost"))
    failed(photo("small"), "too_small", Status.SKIPPED)
    scan_of(photo("stuck"), next_attempt_at=timezone.now() - timedelta(hours=1))
    page = page_of(moderator)
    assert on_card(page, "Review") == "2"
    assert "of these, second looks" not in page
    assert on_card(page, "Escalated") == "0"
    assert on_card(page, "Not measured") == "2"
    assert on_card(page, "Queued") == "1"
    assert on_card(page, "Stuck") == "1"
    assert "<strong>1,234</strong> of 2,000 credits today" in page
    assert 'value="62"' in page
    assert on_card(page, "Reserved today") == "6"
    assert on_card(page, "This month") == "1,234"
    assert "<strong>100 %</strong> of 1 flagged picture" in page
    assert on_card(page, "Decisions") == "1"
    assert on_card(page, "Overturned") == "0 (0 %)"
    assert on_card(page, "Skipped") == "0"
    assert on_card(page, "of these, in agreement") == "1 (100 %)"
    assert "<strong>2</strong> of 6 scans" in page
    assert "The picture is too small: 512 × 512 pixels are needed." in page
    assert "No worker has been seen yet" in page
    assert "Scans of the sandbox are left out." in page


@pytest.mark.parametrize(("spent_today", "month"), [(26, "34"), (1, "10")])
def test_month__is_never_less_than_today(
    moderator: Client, monkeypatch: pytest.MonkeyPatch, spent_today: int, month: str
) -> None:
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    row = account.state()
    row.budget_day, row.budget_spent = now.date(), spent_today  # What was charged without a result is among it.
    row.save()
    measured_photo("a.jpg", credits=8, received_at=now - timedelta(days=2))
    measured_photo("b.jpg", credits=2, received_at=now)
    assert on_card(page_of(moderator), "This month") == month


def test_page__links_to_the_lists_of_what_it_counts(moderator: Client) -> None:
    waiting, lost = measured_photo("a.jpg"), failed(photo("lost"))
    failed(photo("older"), created_at=timezone.now() - timedelta(days=40))
    stuck = scan_of(photo("stuck"), next_attempt_at=timezone.now() - timedelta(hours=1))
    measured_photo("mock.jpg", sandbox=True)
    page = page_of(moderator)

    def listed(label: str) -> list[Any]:
        found = re.search(rf'<a href="([^"]+)">{re.escape(label)}</a>', page)
        assert found
        return list(moderator.get(found[1].replace("&amp;", "&")).context["cl"].result_list)

    assert listed("Review") == [waiting.image]
    assert listed("Stuck") == [stuck]
    assert listed("Queued") == [stuck]
    assert listed("The provider accepted the picture, but no result came.") == [lost]


def test_page__leads_from_every_figure_of_decisions_to_what_it_counts(
    admin_client: Client, configure: Any, anna: User, bert: User
) -> None:
    configure(SECOND_LOOK_SHARE=0, REVIEW_REASONS={"confirm": ["Hands"], "clear": ["Filter"]})

    def decides(name: str, user: User, kind: Kind, reason: str = "") -> Decision:
        scan = ImageScan.objects.filter(file_name__contains=name).first() or measured_photo(f"{name}.jpg")
        image = WatchedImage.objects.get(scan=scan)
        return decide(image.pk, user=user, kind=kind, version=image.version, reason=reason)

    decides("kept", anna, Kind.CLEARED, "Filter")
    decides("replaced", anna, Kind.CONFIRMED, "Hands")
    decides("replaced", bert, Kind.CLEARED, "Filter")
    undo(decides("undone", anna, Kind.CONFIRMED, "Hands").pk, user=anna)
    decides("escalated", bert, Kind.ESCALATED)
    decides("skipped", bert, Kind.SKIPPED)
    configure(SECOND_LOOK_SHARE=1, REVIEW_REASONS=[])
    for name, kind in (("agreed", Kind.CONFIRMED), ("disagreed", Kind.CLEARED)):
        decides(name, anna, Kind.CONFIRMED)
        decides(name, bert, kind)
    page = page_of(admin_client)
    links = [
        (unescape(address), text) for address, text in re.findall(r'<a href="([^"]*/decision/\?[^"]*)">(.*?)</a>', page)
    ]
    links += [
        (unescape(address), number)
        for address, _label, number in re.findall(
            r'<dt><a href="([^"]*/decision/[^"]*)">(.*?)</a></dt><dd>(.*?)</dd>', page
        )
    ]
    counted = [(address, int(text.split()[0])) for address, text in links if text[0].isdigit()]
    assert len(counted) > 15
    for address, number in counted:
        answer = admin_client.get(address)
        assert answer.status_code == 200, address
        assert len(answer.context["cl"].result_list) == number, address


def test_page__tells_of_people_only_who_may_read_the_log(staff: Any, anna: User) -> None:
    judge(measured_photo("a.jpg"), anna, Kind.CLEARED)
    forget()
    assert "Decisions by moderator" in page_of(staff("view_imagescan", "view_decision"))
    page = page_of(staff("view_imagescan", "view_watchedimage", "decide_watchedimage"))
    assert "Decisions by moderator" not in page
    assert "/decision/" not in page.partition("copyleaks-cards")[2]
    assert on_card(page, "Decisions") == "1"


def test_page__shows_any_month(moderator: Client) -> None:
    measured_photo("a.jpg", created_at=datetime(2026, 2, 28, 18, tzinfo=UTC))
    measured_photo("b.jpg")
    page = page_of(moderator, month="2026-02")
    assert '<h2 class="copyleaks-period">February 2026</h2>' in page
    assert '<option value="2026-02" selected>February 2026</option>' in page
    assert page.count("copyleaks-chart-room") == 28
    assert "<strong>0</strong> of 1 scan" in page


@pytest.mark.parametrize("month", ["nonsense", "2026-13", "9999-12", "0001-01", "\0"])
def test_page__takes_no_other_month_amiss(moderator: Client, month: str) -> None:
    measured_photo("a.jpg")
    assert "copyleaks-chart-room" in page_of(moderator) or month
    assert moderator.get(OVERVIEW, {"month": month}).status_code == 200


def test_page__alarms_only_when_something_is_stuck(moderator: Client) -> None:
    assert "copyleaks-alarming" not in page_of(moderator)
    forget()
    scan_of(photo("stuck"), next_attempt_at=timezone.now() - timedelta(hours=1))
    assert "copyleaks-alarming" in page_of(moderator)


def test_page__is_friendly_when_there_is_nothing(moderator: Client) -> None:
    page = page_of(moderator)
    assert "No picture was uploaded." in page
    assert "<svg class" not in page
    assert "without a limit" in page


def test_page__is_kept_for_a_minute(moderator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days, "SEEN_AS_NEW", timedelta(hours=1))  # The machine may be slow.
    measured_photo("a.jpg")
    with CaptureQueriesContext(connection) as anew:
        page_of(moderator)
    measured_photo("b.jpg")
    with CaptureQueriesContext(connection) as kept:
        assert on_card(page_of(moderator), "Review") == "1"
    assert len(kept) < len(anew)
    assert not any("daycount" in query["sql"] for query in kept)
    forget()
    assert on_card(page_of(moderator), "Review") == "2"


def test_page__shows_the_sandbox_apart(moderator: Client) -> None:
    measured_photo("mock.jpg", sandbox=True)
    assert on_card(page_of(moderator), "Review") == "0"
    page = page_of(moderator, sandbox="1")
    assert on_card(page, "Review") == "1"
    assert "these are mock results and no evidence" in page
    assert "credits" not in page


def test_page__costs_the_same_number_of_queries_for_3_and_30_scans(moderator: Client, anna: User) -> None:
    def add(number: int) -> None:
        for _ in range(number):
            name = f"{ImageScan.objects.count()}.jpg"
            judge(measured_photo(name), anna, Kind.CLEARED)
            failed(photo(name))
            photo(name)

    def queries() -> int:
        forget()
        with CaptureQueriesContext(connection) as captured:
            page_of(moderator)
        return len(captured)

    add(1)
    queries()  # Fills the cache of content types.
    few = queries()
    add(9)
    assert queries() == few


def test_page__leads_to_the_desk_those_who_decide(staff: Any) -> None:
    desk = f'href="{DESK}"'
    assert desk not in page_of(staff("view_imagescan", "view_watchedimage"))
    assert desk in page_of(staff("view_imagescan", "view_watchedimage", "decide_watchedimage"))


def test_page__is_linked_in_the_list(moderator: Client) -> None:
    assert f'href="{OVERVIEW}"' in moderator.get(LIST).content.decode()


def test_page__is_closed_without_permission(staff: Any, client: Client) -> None:
    assert staff("view_accountstate").get(OVERVIEW).status_code == 403
    assert client.get(OVERVIEW).status_code == 302
    assert staff("view_imagescan").post(OVERVIEW).status_code == 405


def test_page__holds_no_inline_code(moderator: Client) -> None:
    measured_photo()
    failed(photo())
    assert inline_code(moderator.get(OVERVIEW)) == []


def day_of(scans: int, measured: int = 0, flagged: int = 0, *, number: int = 1) -> DayFigures:
    date = (datetime(2026, 10, 31, tzinfo=UTC) + timedelta(days=number)).date()
    return DayFigures(date=date, scans=scans, measured=measured, flagged=flagged)


def test_chart__is_a_picture_with_a_name_and_a_description(moderator: Client) -> None:
    measured_photo("a.jpg")
    measured_photo("b.jpg", **NO_AI)
    with translation.override("de"):
        page = page_of(moderator)
    (svg,) = re.findall(r'<svg class="copyleaks-chart".*?</svg>', page, re.DOTALL)
    root = ET.fromstring(svg)
    assert root.attrib["role"] == "img"
    by_id = {element.attrib["id"]: element.text for element in root if "id" in element.attrib}
    assert by_id[root.attrib["aria-labelledby"]]
    assert re.search(r": 2 .*50 %", by_id[root.attrib["aria-describedby"]] or "")
    rects = root.findall(".//rect")
    assert len(rects) == 30 + 2  # Room for every day to be pointed at, and the two bars of today.
    for rect in rects:
        for name in ("x", "y", "width", "height"):
            assert re.fullmatch(r"\d+(\.\d+)?%?", rect.attrib[name]), "a browser reads no decimal comma"


def test_chart__has_a_table_beside_it(moderator: Client) -> None:
    measured_photo("a.jpg")
    measured_photo("b.jpg", **NO_AI)
    photo("queued")
    page = re.sub(r"\s+</td>", "</td>", page_of(moderator))
    asked = [unescape(url) for url in re.findall(r'<td><a href="([^"]+)">[321]</a></td>', page)]
    assert [len(moderator.get(url).context["cl"].result_list) for url in asked] == [3, 2, 1]
    page = re.sub(r"</?a\b[^>]*>", "", page)
    assert "<td>3</td><td>2</td><td>1</td><td>50 %</td></tr>" in page
    assert page.count("<td>0</td><td>0</td><td>0</td><td>–</td></tr>") == 29


def test_chart__bars_are_as_high_as_their_values() -> None:
    drawn = chart.draw([day_of(40, 30, 3), day_of(20, 10, 0, number=2), day_of(0, number=3)])
    scans, share = drawn.scales
    assert (scans.caption, share.caption) == ("50 scans", "10 % flagged")
    full, half, none = ({bar.kind: float(bar.height) for bar in column.bars} for column in drawn.columns)
    assert full == {"scans": (scans.base - scans.top) * 0.8, "share": share.base - share.top}
    assert half == {"scans": (scans.base - scans.top) * 0.4, "share": 1.0}
    assert none == {}
    assert drawn.columns[0].words == "November 1: 40 scans, 10 % of the measured ones flagged"
    assert drawn.columns[2].words == "November 3: 0 scans"


def test_chart__bars_stand_on_the_base_inside_their_day() -> None:
    drawn = chart.draw([day_of(7, number=number) for number in range(1, 31)])
    for column in drawn.columns:
        (bar,) = column.bars
        assert float(bar.y) + float(bar.height) == drawn.scales[0].base
        left, room = float(column.x[:-1]), float(column.width[:-1])
        assert left < float(bar.x[:-1]) < float(bar.x[:-1]) + float(bar.width[:-1]) < left + room
    assert float(drawn.columns[-1].x[:-1]) + float(drawn.columns[-1].width[:-1]) == pytest.approx(100, abs=0.01)


def test_chart__names_a_day_in_every_week_in_the_readers_language() -> None:
    days = [day_of(7, number=number) for number in range(1, 31)]
    assert [label.text for label in chart.draw(days).labels] == [
        "Nov 30",
        "Nov 23",
        "Nov 16",
        "Nov 9",
        "Nov 2",
    ]
    with translation.override("de"):
        assert chart.draw(days).labels[0].text == "30. Nov"


@pytest.mark.parametrize(
    ("value", "end"),
    [(0, 1), (0.3, 1), (1, 1), (1.1, 2), (3, 5), (5, 5), (7, 10), (12, 20), (201, 500), (10**6, 10**6)],
)
def test_chart__scales_end_at_a_round_number(value: float, end: int) -> None:
    assert chart.round_up(value) == end
