"""A site of the project's own beside Django's: with register_admin() it has everything, and without it is told."""

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.core import checks
from django.test import Client
from django.urls import include, path

from django_copyleaks_image.admin import CopyleaksImageMixin, DecisionAdmin, register_admin
from django_copyleaks_image.models import AccountState, Decision, ImageScan, ReviewDesk, WatchedImage, WebhookReceipt
from tests.admin.scans_to_show import measured_photo
from tests.gallery.models import Photo

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

OURS = {AccountState, Decision, ImageScan, ReviewDesk, WatchedImage, WebhookReceipt}

pytestmark = pytest.mark.django_db


class ShowingAdmin(CopyleaksImageMixin, Base):
    pass


class OwnDecisionAdmin(DecisionAdmin):
    pass


@pytest.fixture
def site(settings: Any) -> AdminSite:
    """A second site, with the photos of the gallery; its addresses are made when they are first asked for."""
    made = AdminSite(name="moderation")
    made.register(Photo, ShowingAdmin)

    class Addresses:
        @property
        def urlpatterns(self) -> list[Any]:
            return [
                path("moderation/", made.urls),
                path("admin/", admin.site.urls),
                path("copyleaks/", include("django_copyleaks_image.urls")),
            ]

    settings.ROOT_URLCONF = Addresses()
    return made


def found() -> list[checks.CheckMessage]:
    return [it for it in checks.run_checks(databases=[]) if it.id == "copyleaks_image.W062"]


def test_site_without_desk__is_told(site: AdminSite) -> None:
    (message,) = found()

    assert "'moderation'" in message.msg
    assert "ShowingAdmin" in message.msg
    assert "register_admin" in str(message.hint)


def test_register_admin__has_all_of_our_pages_on_the_site(site: AdminSite) -> None:
    register_admin(site)

    assert found() == []
    assert {model for model in site._registry if model._meta.app_label == "copyleaks_image"} == OURS
    assert {type(it) for it in site._registry.values()} - {ShowingAdmin} == {
        type(admin.site.get_model_admin(model)) for model in OURS
    }
    measured_photo()
    image, photo = WatchedImage.objects.get(), Photo.objects.get()
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    for page in (
        "",
        "gallery/photo/",
        f"gallery/photo/{photo.pk}/change/",
        "copyleaks_image/watchedimage/",
        f"copyleaks_image/watchedimage/{image.pk}/change/",
        "copyleaks_image/watchedimage/review/",
        "copyleaks_image/imagescan/",
        "copyleaks_image/imagescan/overview/",
        "copyleaks_image/decision/",
        "copyleaks_image/webhookreceipt/",
        "copyleaks_image/accountstate/",
        "copyleaks_image/reviewdesk/",
    ):
        answer = client.get(f"/moderation/{page}", follow=True)
        assert answer.status_code == 200, page
        assert all(hop.startswith("/moderation/") for hop, _ in answer.redirect_chain)
        assert re.findall(r'(?:href|src|action)="(/admin/[^"]*)"', answer.content.decode()) == [], page


def test_register_admin__keeps_what_the_site_has(site: AdminSite) -> None:
    site.register(Decision, OwnDecisionAdmin)

    register_admin(site)
    register_admin(site)

    assert type(site.get_model_admin(Decision)) is OwnDecisionAdmin
    assert site.is_registered(WatchedImage)
