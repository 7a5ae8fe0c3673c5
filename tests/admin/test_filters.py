import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.admin import paginator
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import Desk, Standing
from django_copyleaks_image.reviewing.decide import decide
from tests.admin.scans_to_show import failed, measured_photo, scan_of
from tests.samples import photo, submitted

LIST = "/admin/copyleaks_image/imagescan/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(paginator, "BOUND", 3)
    return 3


def listed(client: Client, **parameters: Any) -> list[ImageScan]:
    response = client.get(LIST, parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def second_look(configure: Any) -> ImageScan:
    """Return a scan that somebody confirmed and another person is to judge blind."""
    configure(SECOND_LOOK_SHARE=1)
    scan = measured_photo("second.jpg")
    decide(scan.pk, user=User.objects.create_user("first"), kind=Kind.CONFIRMED, version=0)
    scan.refresh_from_db()
    assert scan.desk == Desk.SECOND_LOOK
    return scan


def test_stuck__is_what_was_due_for_ten_minutes_or_has_no_result_in_time(moderator: Client, configure: Any) -> None:
    configure(RESULT_DEADLINE=7200)
    now = timezone.now()
    scan_of(photo("waits"), next_attempt_at=now - timedelta(minutes=9))
    due = scan_of(photo("due"), next_attempt_at=now - timedelta(minutes=11))
    awaited, overdue = (submitted(scan_of(photo(name))) for name in ("awaited", "overdue"))
    ImageScan.objects.filter(pk=awaited.pk).update(submitted_at=now - timedelta(minutes=119))
    ImageScan.objects.filter(pk=overdue.pk).update(submitted_at=now - timedelta(minutes=121))
    measured_photo("done.jpg", created_at=now - timedelta(days=9), submitted_at=now - timedelta(days=9))
    assert listed(moderator, stuck="yes") == [overdue, due]
    assert len(listed(moderator, stuck="nonsense")) == 5


def test_decision__is_a_filter(moderator: Client) -> None:
    undecided, cleared = measured_photo("a.jpg"), measured_photo("b.jpg")
    decide(cleared.pk, user=User.objects.create_user("first"), kind=Kind.CLEARED, version=0)
    assert listed(moderator, decision="cleared") == [cleared]
    assert listed(moderator, decision="") == [undecided]
    assert listed(moderator, decision="confirmed") == []
    assert len(listed(moderator, decision="nonsense")) == 2


def test_queue_of_the_desk__is_a_filter(moderator: Client) -> None:
    pending, lost = measured_photo("a.jpg"), failed(photo("lost"))
    escalated = measured_photo("b.jpg", desk=Desk.ESCALATED, decision=Standing.ESCALATED)
    measured_photo("c.jpg", detected=False, ai_ratio=0.0, mask=None)
    assert listed(moderator, desk="review") == [pending]
    assert listed(moderator, desk="escalated") == [escalated]
    assert listed(moderator, desk="unmeasured") == [lost]
    assert len(listed(moderator, desk="nonsense")) == 4


def test_filters__do_not_tell_second_looks_from_first_ones(staff: Any, configure: Any) -> None:
    scan = second_look(configure)
    other = measured_photo("first.jpg")
    decider = staff("view_imagescan", "view_photo", "decide_imagescan")
    assert listed(decider, desk="review") == [other, scan]
    assert listed(decider, decision="") == [other, scan]
    assert listed(decider, decision="confirmed") == []


def test_filters__show_the_decision_to_those_who_take_no_second_look(moderator: Client, configure: Any) -> None:
    scan = second_look(configure)
    assert listed(moderator, desk="review") == []
    assert listed(moderator, decision="confirmed") == [scan]


@pytest.mark.parametrize("page", [LIST, f"{LIST}export/"])
@pytest.mark.parametrize(
    "lookup",
    [
        "decision__exact=confirmed",
        "decision__in=confirmed",
        "decision__gt=a",
        "review__exact=decided",
        "review=decided",
        "review_version__gt=0",
        "desk__exact=second_look",
        "claimed_by__isnull=1",
        "claimed_until__isnull=1",
        "decisions__kind=confirmed",
        "resubmission_of__decision=confirmed",
    ],
)
def test_lookups__written_by_hand_do_not_tell_second_looks_from_first_ones(staff: Any, page: str, lookup: str) -> None:
    assert staff("view_imagescan", "decide_imagescan").get(f"{page}?{lookup}").status_code == 400


def test_lookups__of_the_filters_are_allowed(moderator: Client) -> None:
    scan = measured_photo()
    parameters = {"decision": "", "desk": "review", "status__exact": "completed", "sandbox__exact": "0"}
    assert listed(moderator, **parameters, created_at__gte="2020-01-01 00:00:00+00:00", error_code__exact="") == [scan]


def test_filters__cost_no_query_to_be_shown(moderator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    measured_photo()

    def show() -> tuple[str, int]:
        with CaptureQueriesContext(connection) as captured:
            return moderator.get(LIST).content.decode(), len(captured)

    page, queries = show()
    for title in ("verdict", "decision", "queue of the desk", "status", "delay", "sandbox", "field", "created at"):
        assert f"By {title}" in page
    monkeypatch.setattr("django_copyleaks_image.admin.scans.ImageScanAdmin.list_filter", ())
    page, queries_without = show()
    assert "By verdict" not in page
    assert queries == queries_without


def test_count__ends_at_a_bound_that_is_named(moderator: Client, bound: int) -> None:
    for number in range(bound + 1):
        photo(f"{number}")
    with CaptureQueriesContext(connection) as captured:
        page = moderator.get(LIST).content.decode()
    assert "There are more than 3; these are the first." in page
    assert " results (" not in page
    counts = [query["sql"] for query in captured if "COUNT(" in query["sql"] and "imagescan" in query["sql"]]
    assert len(counts) == 1
    assert re.search(r"LIMIT 4\b", counts[0])


def test_bound__is_written_with_separators() -> None:
    assert paginator.BoundedPaginator(ImageScan.objects.order_by("pk"), 50).bound == "10,000"


def test_count__is_exact_up_to_the_bound(moderator: Client, bound: int) -> None:
    for number in range(bound):
        photo(f"{number}")
    page = moderator.get(LIST).content.decode()
    assert "There are more than" not in page
    assert "3 results (" in page
    assert "3 image scans" in page


def test_pages__end_at_the_bound(moderator: Client, bound: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_copyleaks_image.admin.scans.ImageScanAdmin.list_per_page", 2)
    for number in range(bound + 2):
        photo(f"{number}")
    assert [len(listed(moderator, p=number)) for number in (1, 2)] == [2, 1]
    beyond = moderator.get(LIST, {"p": 3})
    assert beyond.headers["Location"] == f"{LIST}?e=1"


class KnowsObjects(ModelBackend):
    """A backend that permits something for single objects."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return super().has_perm(user_obj, perm) or (obj is not None and perm == "copyleaks_image.decide_imagescan")


def test_filters__do_not_tell_whoever_may_decide_about_single_pictures(
    moderator: Client, configure: Any, settings: Any
) -> None:
    scan = second_look(configure)
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.KnowsObjects"]
    client = Client()
    client.force_login(User.objects.get(pk=moderator.session["_auth_user_id"]))
    assert listed(client, decision="confirmed") == []
    assert listed(client, decision="") == [scan]
    assert "Confirmed as AI" not in client.get(f"{LIST}{scan.pk}/change/").content.decode().split("kind")[0]


def test_filters__do_not_tell_where_the_project_has_a_rule_for_single_pictures(
    moderator: Client, configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = second_look(configure)
    scans = site.get_model_admin(ImageScan)
    monkeypatch.setattr(scans, "has_decide_permission", lambda request, obj=None: obj is not None)
    assert listed(moderator, decision="confirmed") == []
    assert listed(moderator, decision="") == [scan]
