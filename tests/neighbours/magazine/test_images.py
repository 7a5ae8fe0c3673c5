"""What editors upload in Wagtail is scanned once, whichever way it comes; renditions and crops are not."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from wagtail.images.models import Image, Rendition
from wagtail.models import Collection, Locale

from django_copyleaks_image.api import publishable, standing
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.testing import CopyleaksEmulator
from tests.admin.desk_requests import DESK, next_items, press
from tests.samples import picture

pytestmark = pytest.mark.django_db
IMAGES = "/cms/images/"


@pytest.fixture
def editor() -> Client:
    # What Wagtail's migrations would have made.
    Collection.add_root(name="Root")
    Locale.objects.create(language_code="en")
    client = Client()
    client.force_login(User.objects.create_superuser("editor"))
    return client


def file(name: str, colour: str) -> BytesIO:
    content = BytesIO(picture(size=(900, 700), colour=colour))
    content.name = name
    return content


def by_the_form(editor: Client) -> None:
    fields = {"title": "Harbour", "file": file("harbour-ai-37.jpg", "navy"), "collection": Collection.objects.get().pk}
    answer = editor.post(f"{IMAGES}add/", fields)
    assert answer.status_code == 302, answer.context["form"].errors


def with_many_others(editor: Client) -> None:
    fields = {
        "title": "Harbour",
        "files[]": file("harbour-ai-37.jpg", "navy"),
        "collection": Collection.objects.get().pk,
    }
    answer = editor.post(f"{IMAGES}multiple/add/", fields).json()
    assert answer["success"]
    key = answer["image_id"]
    named = {f"image-{key}-title": "Harbour", f"image-{key}-collection": Collection.objects.get().pk}
    assert editor.post(f"{IMAGES}multiple/{key}/", named).json()["success"]


@pytest.mark.parametrize("upload", [by_the_form, with_many_others])
def test_upload__is_scanned_once_and_reaches_the_desk(
    upload: Callable[[Client], None], editor: Client, copyleaks_emulator: CopyleaksEmulator
) -> None:
    def sent() -> int:
        return len(copyleaks_emulator.ledger.entries())

    upload(editor)
    copyleaks_emulator.work()
    image = Image.objects.get()
    assert standing(image, "file").standing == "flagged"

    renditions = [image.get_rendition(spec) for spec in ("width-100", "fill-80x80|format-webp")]
    image.focal_point_x = image.focal_point_y = image.focal_point_width = image.focal_point_height = 90
    image.save()
    assert editor.get(IMAGES).status_code == editor.get(f"{IMAGES}{image.pk}/").status_code == 200
    copyleaks_emulator.work()
    assert Rendition.objects.count() >= len(renditions)
    assert (ImageScan.objects.count(), sent(), standing(image, "file").standing) == (1, 1, "flagged")

    watched = WatchedImage.objects.get()
    assert "AI share of the area: 37" in next_items(editor)[0]["html"]
    assert list(publishable(Image.objects.all(), "file")) == []
    press(editor, watched, "cleared")
    assert list(publishable(Image.objects.all(), "file")) == [image]
    assert editor.get(DESK).status_code == 200


def test_file__that_an_editor_replaces_is_scanned_anew(
    editor: Client, copyleaks_emulator: CopyleaksEmulator, django_capture_on_commit_callbacks: Any
) -> None:
    by_the_form(editor)
    copyleaks_emulator.work()
    image = Image.objects.get()
    fields = {"title": "Garden", "file": file("garden.jpg", "olive"), "collection": Collection.objects.get().pk}
    with django_capture_on_commit_callbacks(execute=True):
        assert editor.post(f"{IMAGES}{image.pk}/", fields).status_code == 302
    copyleaks_emulator.work()

    assert standing(Image.objects.get(), "file").standing == "clean"
    assert len(copyleaks_emulator.ledger.entries()) == 2
    with django_capture_on_commit_callbacks(execute=True):
        assert editor.post(f"{IMAGES}{image.pk}/delete/").status_code == 302
    copyleaks_emulator.work()
    assert not WatchedImage.objects.filter(removed_at=None).exists()
