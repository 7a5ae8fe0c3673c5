"""The API has the users and the rules of one admin site; which one, a project with several has to say."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core import checks
from django.urls import include, path
from rest_framework.test import APIClient

from django_copyleaks_image.admin import register_admin
from tests.admin.scans_to_show import pictured
from tests.gallery.models import Photo
from tests.rest.conftest import API

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Photo]
else:
    Base = admin.ModelAdmin

pytestmark = pytest.mark.django_db


class ClosedPhotoAdmin(Base):
    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return False


def addresses_of(*sites: AdminSite) -> object:
    """Return the addresses of a project with these sites."""

    class Addresses:
        @property
        def urlpatterns(self) -> list[Any]:
            return [
                *(path(f"site{number}/", site.urls) for number, site in enumerate(sites)),
                path("copyleaks/", include("django_copyleaks_image.urls")),
                path("api/copyleaks/", include("django_copyleaks_image.rest.urls")),
            ]

    return Addresses()


@pytest.fixture
def site(settings: Any) -> AdminSite:
    """A second site, at which nobody sees a photo."""
    made = AdminSite(name="moderation")
    made.register(Photo, ClosedPhotoAdmin)
    settings.ROOT_URLCONF = addresses_of(made, admin.site)
    return made


def found() -> list[str]:
    ours = [str(it.id).rpartition(".")[2] for it in checks.run_checks(databases=[])]
    return [it for it in ours if it in ("W073", "W074")]


def test_rules_of_the_named_site__hold(site: AdminSite, reader: APIClient, configure: Callable[..., None]) -> None:
    register_admin(site)
    image = pictured("meadow.jpg")
    assert reader.get(f"{API}images/{image.pk}/").json()["is_visible"] is True

    configure(REST_ADMIN_SITE="moderation")

    assert found() == []
    assert reader.get(f"{API}images/{image.pk}/").json()["is_visible"] is False
    assert reader.get(f"{API}images/{image.pk}/mask/").status_code == 404


def test_site_that_answers_nobody__is_told(site: AdminSite, reader: APIClient, configure: Callable[..., None]) -> None:
    configure(REST_ADMIN_SITE="moderation")

    assert reader.get(f"{API}images/").status_code == 403
    assert found() == ["W073"]
    configure(REST_ADMIN_SITE="nowhere")
    assert found() == ["W073"]


def test_site_without_the_rules_of_another__is_told(site: AdminSite, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found() == []
    registry: dict[Any, Any] = admin.site._registry
    monkeypatch.delitem(registry, Photo)

    assert found() == ["W074"]


def test_api_that_is_not_included__needs_no_site(settings: Any, configure: Callable[..., None]) -> None:
    settings.ROOT_URLCONF = "tests.urls"
    configure(REST_ADMIN_SITE="nowhere")

    assert found() == []


def test_site_in_the_place_of_djangos__is_asked_under_the_same_name(reader: APIClient, settings: Any) -> None:
    """A class of the project's own that is given no name has that of Django's site, which nobody reaches."""
    own = AdminSite()
    own.register(Photo, ClosedPhotoAdmin)
    register_admin(own)
    settings.ROOT_URLCONF = addresses_of(own)
    image = pictured("meadow.jpg")

    assert reader.get(f"{API}images/{image.pk}/").json()["is_visible"] is False
