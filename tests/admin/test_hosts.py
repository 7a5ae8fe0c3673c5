"""What a project may do with our admins: unregister, replace and extend each of them, under a model of its own too."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.sites import site
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest
from django.test import Client
from django.urls import include, path

from django_copyleaks_image.admin import ImageScanAdmin, WatchedImageAdmin
from django_copyleaks_image.models import (
    AccountState,
    Decision,
    ImageScan,
    ReviewDesk,
    WatchedImage,
    WebhookReceipt,
)
from django_copyleaks_image.standings import Kind
from tests.admin.desk_requests import DESK, IMAGES, SCANS, decided, next_items, sealed
from tests.admin.drawn_pictures import get_drawn
from tests.admin.scans_to_show import measured_photo, pictured, receipt_of

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin

PHOTOS = "/admin/gallery/photo/"
LOG = "/admin/copyleaks_image/decision/"
RECEIPTS = "/admin/copyleaks_image/webhookreceipt/"
OURS = (AccountState, Decision, ImageScan, ReviewDesk, WatchedImage, WebhookReceipt)

Change = Callable[..., None]

pytestmark = pytest.mark.django_db


class PlainAdmin(Base):
    """An admin that owes nothing to ours."""


@pytest.fixture
def register(settings: Any) -> Iterator[Change]:
    """Unregister models of ours, and register admins of the project by their models."""
    before = dict(site._registry)

    def change(*removed: type[Model], **_: Any) -> None:
        for model in removed:
            site.unregister(model)
        # The addresses of a site are those of the admins that it has when it is asked for them.
        settings.ROOT_URLCONF = (
            path("admin/", site.urls),
            path("copyleaks/", include("django_copyleaks_image.urls")),
        )

    yield change
    site._registry.clear()
    site._registry.update(before)


@pytest.fixture
def proxy(register: Change) -> Iterator[Callable[[type[Model]], type[Model]]]:
    """Make a proxy of a model of ours in the gallery, which is unknown again afterwards."""
    made: list[type[Model]] = []

    def make(model: type[Model]) -> type[Model]:
        meta = type("Meta", (), {"proxy": True, "app_label": "gallery"})
        attributes = {"Meta": meta, "__module__": __name__}
        made.append(type(f"Gallery{model.__name__}", (model,), attributes))
        return made[-1]

    yield make
    for model in made:
        del apps.all_models["gallery"][str(model._meta.model_name)]
    apps.clear_cache()


@pytest.fixture
def scan(db: None) -> ImageScan:
    """The scan of a picture that was decided about, with a receipt."""
    scan = measured_photo("coffee.jpg")
    receipt_of(scan)
    decided(scan.image, User.objects.create_user("bert"), Kind.CLEARED)
    return scan


def pages(client: Client, scan: ImageScan) -> dict[str, str]:
    """Return every page that says something about a picture, as far as the site has it."""
    (receipt,), (decision,) = scan.receipts.all(), scan.image.decisions.all()
    addresses = (
        "/admin/",
        "/admin/copyleaks_image/",
        PHOTOS,
        f"{PHOTOS}{scan.object_id}/change/",
        LOG,
        f"{LOG}{decision.pk}/change/",
        RECEIPTS,
        f"{RECEIPTS}{receipt.pk}/change/",
        SCANS,
        f"{SCANS}{scan.pk}/change/",
        f"{SCANS}overview/",
        IMAGES,
        f"{IMAGES}{scan.image.pk}/change/",
        DESK,
        "/admin/copyleaks_image/reviewdesk/",
        "/admin/copyleaks_image/accountstate/",
    )
    answers = {address: client.get(address, follow=True) for address in addresses}
    assert {answer.status_code for answer in answers.values()} <= {200, 403, 404}
    return {address: answer.content.decode() for address, answer in answers.items() if answer.status_code == 200}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_unregistered__no_page_fails(admin_client: Client, register: Change, scan: ImageScan, model: Any) -> None:
    before = pages(admin_client, scan)
    register(model)
    left = pages(admin_client, scan)
    gone = f"/admin/copyleaks_image/{model._meta.model_name}/"
    assert {address for address in before if not address.startswith(gone)} - {LOG + "1/change/"} <= {
        *left,
        # The log leads to the page of a picture; the entry of the index leads to the desk.
        *(
            address
            for address in before
            if model is WatchedImage and (address.startswith(LOG) or "reviewdesk" in address)
        ),
    }
    assert not any(gone in page for page in left.values())


def test_unregistered_scans__pictures_are_shown_and_decided_all_the_same(
    admin_client: Client, register: Change, scan: ImageScan
) -> None:
    waiting = pictured("tea.jpg")
    register(ImageScan)
    assert f'<a href="{IMAGES}{scan.image.pk}/change/">coffee.jpg</a>' in admin_client.get(LOG).content.decode()
    assert get_drawn(admin_client, f"{IMAGES}rendition/{scan.pk}/page/").status_code == 200
    (item,) = next_items(admin_client)
    assert item["pk"] == waiting.pk


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_plain_admin__in_the_place_of_ours_fails_nowhere(
    admin_client: Client, register: Change, scan: ImageScan, model: Any
) -> None:
    register(model)
    site.register(model, PlainAdmin)
    register()
    left = pages(admin_client, scan)
    assert f"/admin/copyleaks_image/{model._meta.model_name}/" in left


def test_plain_admin__of_scans_and_pictures_is_linked(admin_client: Client, register: Change, scan: ImageScan) -> None:
    register(ImageScan, WatchedImage)
    for model in (ImageScan, WatchedImage):
        site.register(model, PlainAdmin)
    register()
    for address in (PHOTOS, f"{PHOTOS}{scan.object_id}/change/", LOG):
        assert f'<a href="{IMAGES}{scan.image.pk}/change/">' in admin_client.get(address).content.decode()
    receipt = scan.receipts.get()
    assert f'href="{SCANS}{scan.pk}/change/"' in admin_client.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()


class GalleryImageAdmin(WatchedImageAdmin):
    """Adds a fact and a column, and takes one away."""

    list_display = (*WatchedImageAdmin.list_display, "floor")

    @admin.display(description="floor")
    def floor(self, image: WatchedImage) -> str:
        return "Second floor"

    def get_facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object]]:
        return [("Curator", f"<Vera> of {row.object_id}")]


class GalleryScanAdmin(ImageScanAdmin):
    def get_facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object]]:
        return [("Invoice", f"No. {row.pk}")]


def test_proxy_of_scans__has_every_page_under_its_own_name(
    admin_client: Client, register: Change, proxy: Any, scan: ImageScan
) -> None:
    register(ImageScan)
    site.register(proxy(ImageScan), GalleryScanAdmin)
    register()
    ours = "/admin/gallery/galleryimagescan/"
    page = admin_client.get(f"{ours}{scan.pk}/change/").content.decode()
    assert f'src="{ours}rendition/{scan.pk}/page/"' in page
    assert f'action="{ours}{scan.pk}/again/"' in page
    assert f"<dt>Invoice</dt><dd><bdi>No. {scan.pk}</bdi></dd>" in page
    listed = admin_client.get(ours).content.decode()
    assert f'href="{ours}export/' in listed
    assert f'href="{ours}overview/"' in listed
    assert b"coffee" in b"".join(admin_client.get(f"{ours}export/").streaming_content)  # type: ignore[attr-defined]
    assert admin_client.get(f"{ours}overview/").status_code == 200
    assert get_drawn(admin_client, f"{ours}rendition/{scan.pk}/thumbnail/").status_code == 200
    assert f'href="{ours}{scan.pk}/change/"' in admin_client.get(f"{IMAGES}{scan.image.pk}/change/").content.decode()
    question = admin_client.post(ours, {"action": "scan_again", "_selected_action": [scan.pk]}).content.decode()
    assert f'href="{ours}{scan.pk}/change/"' in question


def test_proxy_of_pictures__has_page_and_desk_under_its_own_name(
    admin_client: Client, register: Change, proxy: Any, scan: ImageScan
) -> None:
    register(WatchedImage)
    site.register(proxy(WatchedImage), GalleryImageAdmin)
    register()
    ours = "/admin/gallery/gallerywatchedimage/"
    waiting = pictured("tea.jpg")
    assert "Second floor" in admin_client.get(ours).content.decode()
    assert (
        f'src="{ours}rendition/{waiting.scan_id}/page/"'
        in admin_client.get(f"{ours}{waiting.pk}/change/").content.decode()
    )
    assert f'data-next-url="{ours}review/next/"' in admin_client.get(f"{ours}review/").content.decode()
    assert admin_client.get("/admin/copyleaks_image/reviewdesk/").headers["Location"] == f"{ours}review/"
    assert f'<a href="{ours}{scan.image.pk}/change/">' in admin_client.get(PHOTOS).content.decode()
    fields = {"kind": "cleared", "version": sealed(waiting), "seen": "seen"}
    said = admin_client.post(
        f"{ours}review/{waiting.pk}/decide/", fields, headers={"Accept": "application/json"}
    ).json()
    assert said["said"] == "Cleared: tea.jpg."


def test_facts_of_the_project__stand_on_the_page_and_at_the_desk(admin_client: Client, register: Change) -> None:
    register(WatchedImage)
    site.register(WatchedImage, GalleryImageAdmin)
    register()
    image = pictured()
    fact = f"<dt>Curator</dt><dd><bdi>&lt;Vera&gt; of {image.object_id}</bdi></dd>"
    assert fact in admin_client.get(f"{IMAGES}{image.pk}/change/").content.decode()
    (item,) = next_items(admin_client)
    assert fact in item["html"]


@pytest.mark.parametrize("name", ["desk/item.html", "watchedimage/change_form.html", "imagescan/change_form.html"])
def test_blocks__are_filled_by_templates_of_the_project(
    admin_client: Client, settings: Any, tmp_path: Any, name: str
) -> None:
    template = tmp_path / "admin" / "copyleaks_image" / name
    template.parent.mkdir(parents=True)
    blocks = "".join(
        f"{{% block copyleaks_aside_{place} %}}<p>House rule: {place}</p>{{% endblock %}}"
        for place in ("top", "bottom")
    )
    template.write_text(f'{{% extends "admin/copyleaks_image/{name}" %}}{blocks}')
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
    scan = measured_photo()
    addresses = {
        "watchedimage/change_form.html": f"{IMAGES}{scan.image.pk}/change/",
        "imagescan/change_form.html": f"{SCANS}{scan.pk}/change/",
    }
    page = (
        admin_client.get(addresses[name]).content.decode() if name in addresses else next_items(admin_client)[0]["html"]
    )
    assert page.index("House rule: top") < page.index("House rule: bottom")


def test_rules_of_the_project__are_asked_by_every_page(staff: Any, rule: Change) -> None:
    hidden, shown = measured_photo("hidden.jpg"), measured_photo("shown.jpg")
    client = staff("view_watchedimage", "decide_watchedimage", "view_imagescan", "view_photo")
    rule(may_view=lambda access, model, row=None: row is None or row.object_id != hidden.object_id)
    assert [item["pk"] for item in next_items(client)] == [shown.image.pk]
    for scan, status in ((hidden, 404), (shown, 200)):
        for address in (SCANS, IMAGES):
            assert get_drawn(client, f"{address}rendition/{scan.pk}/page/").status_code == status
    assert "hidden.jpg" not in client.get(IMAGES).content.decode()


def test_renditions__are_kept_in_the_cache_of_the_projects_choice(
    admin_client: Client, settings: Any, configure: Change
) -> None:
    from django.core.cache import caches

    locmem = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "renditions"}
    settings.CACHES = settings.CACHES | {"renditions": locmem}
    configure(RENDITION_CACHE="renditions")
    scan = measured_photo()
    assert get_drawn(admin_client, f"{IMAGES}rendition/{scan.pk}/page/").status_code == 200
    key = f"copyleaks_image:page:{scan.sha256}"
    assert caches["renditions"].get(key)
    assert caches["default"].get(key) is None
