import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.admin import asking
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.standings import Kind, Queue, Standing
from tests.admin.desk_requests import IMAGES, SCANS, awaiting_second_look, decided
from tests.admin.scans_to_show import measured_photo, pictured, scan_of, unmeasured
from tests.samples import photo, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(asking, "BOUND", 3)
    return 3


def rows(client: Client, address: str, **parameters: Any) -> list[Any]:
    response = client.get(address, parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def scans(client: Client, **parameters: Any) -> list[ImageScan]:
    return rows(client, SCANS, **parameters)


def pictures(client: Client, **parameters: Any) -> list[WatchedImage]:
    return rows(client, IMAGES, **parameters)


def second_look() -> WatchedImage:
    """Return a picture that somebody confirmed and another person is to judge blind."""
    return awaiting_second_look(pictured("second.jpg"), User.objects.create_user("first"), Kind.CONFIRMED)


def test_stuck__is_what_was_due_for_ten_minutes_or_has_no_result_in_time(moderator: Client, configure: Any) -> None:
    configure(RESULT_DEADLINE=7200)
    now = timezone.now()
    scan_of(photo("waits"), next_attempt_at=now - timedelta(minutes=9))
    due = scan_of(photo("due"), next_attempt_at=now - timedelta(minutes=11))
    awaited, overdue = (submitted(scan_of(photo(name))) for name in ("awaited", "overdue"))
    ImageScan.objects.filter(pk=awaited.pk).update(submitted_at=now - timedelta(minutes=119))
    ImageScan.objects.filter(pk=overdue.pk).update(submitted_at=now - timedelta(minutes=121))
    measured_photo("done.jpg", created_at=now - timedelta(days=9), submitted_at=now - timedelta(days=9))
    assert scans(moderator, stuck="yes") == [overdue, due]
    assert len(scans(moderator, stuck="nonsense")) == 5


def test_standing__is_a_filter(moderator: Client) -> None:
    undecided, cleared, lost = pictured("a.jpg"), pictured("b.jpg"), unmeasured(photo("lost"))
    decided(cleared, User.objects.create_user("first"), Kind.CLEARED)
    assert pictures(moderator, standing="cleared") == [cleared]
    assert pictures(moderator, standing="flagged") == [undecided]
    assert pictures(moderator, standing="not_measured") == [lost]
    assert pictures(moderator, standing="confirmed") == []
    assert len(pictures(moderator, standing="nonsense")) == 3


def test_queue_of_the_desk__is_a_filter(moderator: Client) -> None:
    pending, lost = pictured("a.jpg"), unmeasured(photo("lost"))
    escalated = pictured("b.jpg", queue=Queue.ESCALATED, standing=Standing.ESCALATED)
    pictured("c.jpg", detected=False, ai_ratio=0.0, mask=None)
    assert pictures(moderator, queue="review") == [pending]
    assert pictures(moderator, queue="escalated") == [escalated]
    assert pictures(moderator, queue="unmeasured") == [lost]
    assert len(pictures(moderator, queue="nonsense")) == 4


def test_filters__do_not_tell_second_looks_from_first_ones(staff: Any) -> None:
    image = second_look()
    other = pictured("first.jpg")
    decider = staff("view_watchedimage", "view_photo", "decide_watchedimage")
    assert pictures(decider, queue="review") == [other, image]
    assert pictures(decider, standing="flagged") == [other, image]
    assert pictures(decider, standing="confirmed") == []


def test_filters__show_the_decision_to_those_who_take_no_second_look(moderator: Client) -> None:
    image = second_look()
    assert pictures(moderator, queue="review") == []
    assert pictures(moderator, standing="confirmed") == [image]


@pytest.mark.parametrize("page", [IMAGES, f"{IMAGES}export/"])
@pytest.mark.parametrize(
    "lookup",
    [
        "standing__exact=confirmed",
        "standing__in=confirmed",
        "standing__gt=a",
        "standing_since__gte=2026-01-01",
        "version__gt=0",
        "queue__exact=second_look",
        "claimed_by__isnull=1",
        "claimed_until__isnull=1",
        "decisions__kind=confirmed",
        "scan__image__standing=confirmed",
        "scan__decisions__kind=confirmed",
    ],
)
def test_lookups__written_by_hand_do_not_tell_second_looks_from_first_ones(staff: Any, page: str, lookup: str) -> None:
    assert staff("view_watchedimage", "decide_watchedimage").get(f"{page}?{lookup}").status_code == 400


@pytest.mark.parametrize("lookup", ["image__standing=confirmed", "decisions__kind=confirmed", "image__queue=review"])
def test_lookups__of_scans_tell_nothing_of_decisions(staff: Any, lookup: str) -> None:
    assert staff("view_imagescan", "decide_watchedimage").get(f"{SCANS}?{lookup}").status_code == 400


def test_lookups__of_the_filters_are_allowed(moderator: Client) -> None:
    scan = measured_photo()
    since = "2020-01-01 00:00:00+00:00"
    asked = {"status__exact": "completed", "sandbox__exact": "0", "error_code__exact": ""}
    assert scans(moderator, **asked, created_at__gte=since) == [scan]
    asked = {"standing": "flagged", "queue": "review", "sandbox__exact": "0", "verdict__exact": "partly_ai"}
    assert pictures(moderator, **asked, uploaded_at__gte=since) == [scan.image]


@pytest.mark.parametrize(
    ("address", "admin", "titles"),
    [
        (SCANS, "scans.ImageScanAdmin", ("verdict", "status", "delay", "sandbox", "field", "created at")),
        (
            IMAGES,
            "images.WatchedImageAdmin",
            ("standing", "verdict", "queue of the desk", "claim", "sandbox", "field", "uploaded at"),
        ),
    ],
)
def test_filters__cost_no_query_to_be_shown(
    moderator: Client, monkeypatch: pytest.MonkeyPatch, address: str, admin: str, titles: tuple[str, ...]
) -> None:
    measured_photo()

    def show() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as captured:
            return moderator.get(address).content.decode(), len(captured)

    page, queries = show()
    for title in titles:
        assert f"By {title}" in page
    monkeypatch.setattr(f"django_copyleaks_image.admin.{admin}.list_filter", ())
    page, queries_without = show()
    assert "By verdict" not in page
    assert queries == queries_without


def test_count__ends_at_a_bound_that_is_named(moderator: Client, bound: int) -> None:
    for number in range(bound + 1):
        photo(f"{number}")
    with CaptureQueriesContext(connection) as captured:
        page = moderator.get(SCANS).content.decode()
    assert "There are more than 3; these are the first." in page
    assert " results (" not in page
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"] and "imagescan" in query["sql"]]
    assert len(counts) == 1
    assert re.search(r"LIMIT 4\b", counts[0])


def test_bound__is_written_with_separators() -> None:
    assert asking.BoundedPaginator(ImageScan.objects.order_by("pk"), 50).bound == "10,000"


def test_count__is_exact_up_to_the_bound(moderator: Client, bound: int) -> None:
    for number in range(bound):
        photo(f"{number}")
    page = moderator.get(SCANS).content.decode()
    assert "There are more than" not in page
    assert "3 results (" in page
    assert "3 image scans" in page


def test_pages__end_at_the_bound(moderator: Client, bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_copyleaks_image.admin.scans.ImageScanAdmin.list_per_page", 2)
    for number in range(bound + 2):
        photo(f"{number}")
    assert [len(scans(moderator, p=number)) for number in (1, 2)] == [2, 1]
    beyond = moderator.get(SCANS, {"p": 3})
    assert beyond.headers["Location"] == f"{SCANS}?e=1"


class KnowsObjects(ModelBackend):
    """A backend that permits something for single objects."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return super().has_perm(user_obj, perm) or (obj is not None and perm == "copyleaks_image.decide_watchedimage")


def test_filters__do_not_tell_whoever_may_decide_about_single_pictures(moderator: Client, settings: Any) -> None:
    image = second_look()
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.KnowsObjects"]
    client = Client()
    client.force_login(User.objects.get(pk=moderator.session["_auth_user_id"]))
    assert pictures(client, standing="confirmed") == []
    assert pictures(client, standing="flagged") == [image]
    assert "Confirmed as AI" not in client.get(f"{IMAGES}{image.pk}/change/").content.decode()


def test_filters__do_not_tell_where_the_project_has_a_rule_for_single_pictures(
    moderator: Client, rule: Callable[..., None]
) -> None:
    image = second_look()
    rule(may_decide=lambda access, image=None: image is not None)
    assert pictures(moderator, standing="confirmed") == []
    assert pictures(moderator, standing="flagged") == [image]
