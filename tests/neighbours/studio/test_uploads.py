"""What a moderator uploads is scanned once, and nothing that a package makes of it is."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.testing import CopyleaksEmulator
from tests.samples import picture, upload

from . import models
from .admin import OF_THE_PACKAGES

pytestmark = pytest.mark.django_db
FINDING = "AI share of the area: 37"
# What the form of a model asks for beside the picture.
FORMS: dict[type[Model], dict[str, Any]] = {models.Circle: {"radius": 1}}
MADE = [model for model in OF_THE_PACKAGES if model is not models.Shape]


def said() -> list[tuple[str, str, str]]:
    """Return of each watched picture what its newest scan says, and how it stands."""
    return [(it.file_name, it.verdict, it.standing) for it in WatchedImage.objects.order_by("pk")]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("model", MADE, ids=lambda model: model.__name__)
def test_upload__is_scanned_once_and_its_renditions_are_not(
    model: Any,
    moderator: Client,
    copyleaks_emulator: CopyleaksEmulator,
    django_capture_on_commit_callbacks: Callable[..., Any],
    settings: Any,
) -> None:
    def commit() -> Any:
        return django_capture_on_commit_callbacks(execute=True)

    def sent() -> int:
        return len(copyleaks_emulator.ledger.entries())

    admin = f"/admin/studio/{model._meta.model_name}/"
    content = BytesIO(picture(size=(900, 700)))
    content.name = "harbour-ai-37.jpg"
    with commit():
        answer = moderator.post(f"{admin}add/", FORMS.get(model, {}) | {"image": content})
    assert answer.status_code == 302, answer.context["errors"]
    made = model.objects.get()
    copyleaks_emulator.work()
    first = made.image.name
    assert said() == [(first, "partly_ai", "flagged")]

    render = models.RENDITIONS.get(model)
    if render is not None:
        with commit():
            assert render(made) == render(model.objects.get())
        assert len(files(settings.MEDIA_ROOT)) > 1
    with commit():
        model.objects.get().save()
    copyleaks_emulator.work()
    assert (said(), ImageScan.objects.count(), sent()) == ([(first, "partly_ai", "flagged")], 1, 1)
    assert FINDING in moderator.get(f"{admin}{made.pk}/change/").content.decode()
    assert "copyleaks-badge-partly-ai" in moderator.get(admin).content.decode()

    with commit():
        made.image = upload("garden.jpg", picture(size=(900, 700), colour="olive"))
        made.save()
    copyleaks_emulator.work()
    # The old file is gone, its scan is not.
    second = made.image.name
    assert files(settings.MEDIA_ROOT) >= {second}
    assert first not in files(settings.MEDIA_ROOT)
    assert (said(), sent()) == ([(second, "no_ai", "clean")], 2)
    assert ImageScan.objects.get(file_name=first).verdict == "partly_ai"

    with commit():
        made.delete()
    copyleaks_emulator.work()
    assert (files(settings.MEDIA_ROOT) & {first, second}, said(), sent()) == (set(), [("", "no_ai", "clean")], 2)
