"""Columns for the standing of pictures: what they may be about, and whether they are filled."""

from io import StringIO
from typing import Any

import pytest
from django.core import checks
from django.core.management import call_command
from django.db import models
from django.test.utils import isolate_apps

from django_copyleaks_image.checks import columns
from django_copyleaks_image.fields import PictureStandingField
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.scanning import filling
from django_copyleaks_image.sources import Several, StorageKey
from tests.gallery.models import Postcard
from tests.samples import upload


def problems(apps: Any, monkeypatch: Any) -> list[str]:
    monkeypatch.setattr(columns, "apps", apps)
    return [message.msg for message in columns.check_columns() if message.id == "copyleaks_image.E048"]


@pytest.fixture
def isolated() -> Any:
    with isolate_apps("tests.gallery") as apps:
        yield apps


def test_column__is_about_a_watched_field_of_its_own_table(isolated: Any, watch: Any, monkeypatch: Any) -> None:
    class Card(models.Model):  # noqa: DJ008
        image = models.ImageField()
        meta = models.JSONField()
        image_standing = PictureStandingField("image")
        again = PictureStandingField("image")
        missing = PictureStandingField("picture")
        pages_standing = PictureStandingField("pages")
        cover = PictureStandingField("meta__cover")

        class Meta:
            app_label = "gallery"

    class LargeCard(Card):  # noqa: DJ008
        large_standing = PictureStandingField("image")

        class Meta:
            app_label = "gallery"

    watch(Card, "image")
    watch(Card, "pages", source=Several(lambda card: {}, of=StorageKey("default")))
    watch(Card, "meta__cover", source=StorageKey("default"))
    # The registry looks among the project's models, and among them again when it forgets these.
    with monkeypatch.context() as patched:
        patched.setattr("django_copyleaks_image.registry.apps", isolated)
        found = problems(isolated, patched)

    assert [message.split(" can hold no standing: ")[0].rsplit(".", 1)[1] for message in found] == [
        "again",
        "missing",
        "pages_standing",
        "large_standing",
    ]
    expected = (
        "has another one already",
        "has no field 'picture'",
        "named by a function",
        "another table",
    )
    for message, words in zip(found, expected, strict=True):
        assert words in message


def warned() -> list[str]:
    found = checks.run_checks(tags=["database"], databases=["default"])
    return [message.msg for message in found if message.id == "copyleaks_image.W049"]


@pytest.mark.django_db
def test_column_that_is_not_filled__is_told_of_until_the_command_has_filled_it(watch: Any) -> None:
    watch(Postcard, "front")
    postcard = Postcard.objects.create(front=upload())
    WatchedImage.objects.create(
        content_object=postcard, field_name="front", file_name=str(postcard.front.name), standing="not_measured"
    )
    (message,) = warned()
    assert message.startswith("gallery.Postcard.front_standing is not filled yet")

    output = StringIO()
    call_command("copyleaks_fill", stdout=output)

    assert output.getvalue() == "Filled: gallery.Postcard.front_standing.\nAll columns are filled.\n"
    assert Postcard.objects.get().front_standing == f"/not_measured:{postcard.front.name}"
    assert warned() == []


@pytest.mark.django_db
def test_command__compares_all_anew_when_it_is_told_to(watch: Any) -> None:
    watch(Postcard, "front")
    postcard = Postcard.objects.create(front=upload())
    name = str(postcard.front.name)
    WatchedImage.objects.create(content_object=postcard, field_name="front", file_name=name, standing="confirmed")
    call_command("copyleaks_fill", stdout=StringIO())
    Postcard.objects.update(front_standing=f"no_ai/clean:{name}")

    call_command("copyleaks_fill", stdout=StringIO())
    assert Postcard.objects.get().front_standing == f"no_ai/clean:{name}"
    call_command("copyleaks_fill", "--again", stdout=StringIO())

    assert Postcard.objects.get().front_standing == f"/confirmed:{name}"
    assert filling.unfilled() == []
