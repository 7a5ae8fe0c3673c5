"""Filters, pages and limits of what may be asked."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils.http import urlencode
from rest_framework.test import APIClient

from django_copyleaks_image.rest import throttles
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import decided
from tests.admin.scans_to_show import pictured, unmeasured
from tests.rest.conftest import API
from tests.samples import photo

pytestmark = pytest.mark.django_db


def found(client: APIClient, address: str) -> list[int]:
    response = client.get(f"{API}{address}")
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["results"]]


def test_filters__find_what_they_say(reader: APIClient, bert: User) -> None:
    flagged, confirmed, mock = pictured("a.jpg"), pictured("b.jpg"), pictured("c.jpg", sandbox=True)
    unread = unmeasured(photo())
    decided(confirmed, bert, Kind.CONFIRMED)

    for asked, expected in {
        "images/?standing=confirmed": [confirmed.pk],
        "images/?queue=review": [mock.pk, flagged.pk],
        "images/?queue=review&sandbox=false": [flagged.pk],
        "images/?verdict=": [unread.pk],
        f"images/?object_id={flagged.object_id}&field=gallery.Photo.image": [flagged.pk],
        "images/?uploaded_before=2000-01-01T00:00:00Z": [],
        "images/?uploaded_after=2000-01-01T00:00:00Z&sandbox=true": [mock.pk],
        "scans/?status=failed": [unread.scan_id],
        f"scans/?scan_id={mock.scan.scan_id if mock.scan else ''}": [mock.scan_id],
        "scans/?error_code=result_lost": [unread.scan_id],
        f"decisions/?image={confirmed.pk}&kind=confirmed&field=gallery.Photo.image": [confirmed.decisions.get().pk],
        f"decisions/?image={flagged.pk}": [],
    }.items():
        assert found(reader, asked) == expected, asked


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "standing=decided",
            "queue=second_look",
            "sandbox=perhaps",
            "field=gallery.Photo.title",
            "uploaded_after=soon",
        ),
        *("standng=flagged", "page_size=0", "page_size=101", "page_size=x", "object_id=%00", f"object_id={'x' * 256}"),
        "owner=1",
    ],
)
def test_what_nothing_can_be_asked_by__is_refused_with_its_name(asked: str, reader: APIClient) -> None:
    response = reader.get(f"{API}images/?{asked}")

    assert response.status_code == 400
    assert list(response.json()) == [asked.partition("=")[0]]


def test_pages__follow_each_other_whatever_comes_between(reader: APIClient) -> None:
    keys = [pictured(f"{number}.jpg").pk for number in range(5)]

    first = reader.get(f"{API}images/?page_size=2").json()
    pictured("later.jpg")
    second = reader.get(first["next"]).json()
    third = reader.get(second["next"]).json()

    listed = [row["id"] for page in (first, second, third) for row in page["results"]]
    assert listed == keys[::-1]
    assert third["next"] is None
    assert [row["id"] for row in reader.get(third["previous"]).json()["results"]] == keys[2:0:-1]


@pytest.mark.parametrize("position", ["x", "1e9", "9" * 30, "-1"])
def test_a_cursor_that_somebody_made_up__is_none(position: str, reader: APIClient) -> None:
    cursor = base64.b64encode(urlencode({"p": position}).encode()).decode()

    assert reader.get(f"{API}images/", {"cursor": cursor}).status_code == 404
    assert reader.get(f"{API}images/", {"cursor": "x"}).status_code == 404


@pytest.mark.parametrize("key", ["0", "4711", "x", "9" * 30, "-1", "1.0"])
def test_a_row_that_is_not_there__is_not_found(key: str, reader: APIClient) -> None:
    for name in ("images", "scans", "decisions"):
        assert reader.get(f"{API}{name}/{key}/").status_code == 404


def test_limit__is_each_users_and_the_projects_to_change(
    reader: APIClient, api: Callable[..., APIClient], settings: Any
) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"copyleaks_read": "2/hour"}}
    cache.clear()

    assert [reader.get(f"{API}images/").status_code for _ in range(3)] == [200, 200, 429]
    assert api("view_watchedimage").get(f"{API}images/").status_code == 200
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"copyleaks_read": None}}
    assert reader.get(f"{API}images/").status_code == 200
    assert {it.otherwise for it in (throttles.ReadThrottle, throttles.WriteThrottle, throttles.PaidThrottle)} == {
        "600/minute",
        "120/minute",
        "60/minute",
    }


def test_defaults_of_the_project__change_nothing(reader: APIClient, settings: Any) -> None:
    """What it sets for its own API opens nothing here, and closes nothing."""
    settings.REST_FRAMEWORK = {
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
        "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
    }

    assert APIClient().get(f"{API}images/").status_code == 403
    assert reader.get(f"{API}images/").json() == {"next": None, "previous": None, "results": []}


def test_site__is_the_one_that_is_named(reader: APIClient, configure: Callable[..., None]) -> None:
    configure(REST_ADMIN_SITE="nowhere")

    with pytest.raises(Exception, match="No admin site is named 'nowhere'"):
        reader.get(f"{API}images/")
