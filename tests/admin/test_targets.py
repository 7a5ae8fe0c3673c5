"""Whose objects a user may see where the model that owns the column has no admin, but a proxy or a child has one."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.admin.sites import site
from django.db.models import Model
from django.test import Client
from django.urls import include, path

from django_copyleaks_image.models import ImageScan
from tests.admin.desk_requests import SCANS, next_keys
from tests.admin.drawn_pictures import get_drawn
from tests.admin.scans_to_show import measured, measured_photo, pictured
from tests.gallery.admin import PhotoAdmin
from tests.gallery.models import Panorama, Photo, ProxyPhoto
from tests.samples import picture, upload

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

Register = Callable[[type[Model], Callable[[Any], bool]], None]

pytestmark = pytest.mark.django_db


@pytest.fixture
def only(settings: Any) -> Iterator[Register]:
    """Register admins in the place of that of photos, each with a rule of who may view an object (or None)."""
    registered: list[type[Model]] = []

    def register(model: type[Model], rule: Callable[[Any], bool]) -> None:
        class Heirs(Base):
            def has_view_permission(self, request: Any, obj: Any = None) -> bool:
                assert obj is None or type(obj) is model
                return rule(obj)

        site.register(model, Heirs)
        registered.append(model)
        # The addresses of a site are those of the admins that it has when it is asked for them.
        settings.ROOT_URLCONF = (
            path("admin/", site.urls),
            path("copyleaks/", include("django_copyleaks_image.urls")),
        )

    site.unregister(Photo)
    yield register
    for model in registered:
        site.unregister(model)
    site.register(Photo, PhotoAdmin)


def panorama(name: str = "wide.jpg") -> ImageScan:
    return measured(Panorama.objects.create(title=name, image=upload(name, picture(colour="navy"))))


def status(client: Client, scan: ImageScan) -> int:
    response = get_drawn(client, f"{SCANS}original/{scan.pk}/")
    assert b"".join(response)
    return int(response.status_code)


def test_picture__is_closed_where_the_admin_of_a_proxy_is_the_only_one_and_denies(
    moderator: Client, only: Register
) -> None:
    secret, public = measured_photo("secret.jpg"), measured_photo("public.jpg")
    only(ProxyPhoto, lambda photo: photo is None or photo.title != "secret.jpg")
    assert (status(moderator, secret), status(moderator, public)) == (404, 200)


def test_picture__is_closed_where_the_admin_of_a_child_is_the_only_one_and_denies(
    moderator: Client, only: Register
) -> None:
    scan = panorama()
    only(Panorama, lambda photo: photo is None)
    assert status(moderator, scan) == 404


def test_picture__is_open_when_one_of_several_admins_permits(moderator: Client, only: Register) -> None:
    wide, plain = panorama(), measured_photo()
    only(Panorama, lambda photo: True)
    only(ProxyPhoto, lambda photo: False)
    assert (status(moderator, wide), status(moderator, plain)) == (200, 404)


def test_picture__of_no_admin_s_object_is_open_to_those_who_may_view_the_model_there(
    moderator: Client, only: Register
) -> None:
    scan = measured_photo()
    allowed = True
    only(Panorama, lambda photo: allowed)
    assert status(moderator, scan) == 200
    allowed = False
    assert status(moderator, scan) == 404


@pytest.mark.usefixtures("only")
def test_picture__is_open_where_no_admin_shows_its_object(moderator: Client) -> None:
    assert status(moderator, measured_photo()) == 200


def test_queue__leaves_out_what_the_admin_of_a_proxy_denies(staff: Any, only: Register) -> None:
    reviewer = staff("view_watchedimage", "decide_watchedimage")
    measured_photo("secret.jpg")
    public = pictured("public.jpg")
    only(ProxyPhoto, lambda photo: photo is None or photo.title != "secret.jpg")
    assert next_keys(reviewer) == [public.pk]


def test_list__links_to_the_page_that_shows_the_object(
    moderator: Client, only: Register, django_assert_max_num_queries: Any
) -> None:
    wide, plain = panorama(), measured_photo()
    only(Panorama, lambda photo: True)
    only(ProxyPhoto, lambda photo: photo is None)
    with django_assert_max_num_queries(15):  # Three are of the banner.
        page = moderator.get(SCANS).content.decode()
    assert f'<a href="/admin/gallery/panorama/{wide.object_id}/change/">wide.jpg</a>' in page
    assert f"Photo {plain.object_id}" in page
    assert f"/proxyphoto/{plain.object_id}/change/" not in page
