"""The column for the standing of a picture, as the project's own code meets it."""

import json
from typing import Any

import pytest
from django.core import serializers
from django.db import connection
from django.db.migrations.writer import MigrationWriter
from django.forms import modelform_factory

from django_copyleaks_image.fields import PictureStandingField
from tests.gallery.models import LargePostcard, Postcard

pytestmark = pytest.mark.django_db


def written_meanwhile(postcard: Postcard, text: str = "clean:front.jpg") -> None:
    Postcard.objects.filter(pk=postcard.pk).update(front_standing=text)


def kept(postcard: Postcard) -> str | None:
    return Postcard.objects.values_list("front_standing", flat=True).get(pk=postcard.pk)


@pytest.mark.parametrize("model", [Postcard, LargePostcard])
@pytest.mark.parametrize("update_fields", [None, ["front"], ["front", "front_standing"]], ids=str)
def test_save_of_a_stale_object__leaves_what_was_written(model: Any, update_fields: list[str] | None) -> None:
    postcard = model.objects.create(front="front.jpg")
    written_meanwhile(postcard)

    postcard.front_standing = "confirmed:front.jpg"
    postcard.save(update_fields=update_fields)

    assert kept(postcard) == "clean:front.jpg"
    model.objects.get(pk=postcard.pk).save()
    assert kept(postcard) == "clean:front.jpg"


@pytest.mark.parametrize("read", [lambda rows: rows.only("published"), lambda rows: rows.defer("front_standing")])
def test_deferred_object__is_saved_without_the_column(read: Any) -> None:
    postcard = Postcard.objects.create(front="front.jpg")
    written_meanwhile(postcard)

    read(Postcard.objects).get().save()

    assert kept(postcard) == "clean:front.jpg"


def test_new_row__has_none_also_as_a_copy_of_another() -> None:
    postcard = Postcard.objects.create(front="front.jpg", front_standing="clean:front.jpg")
    assert kept(postcard) is None
    written_meanwhile(postcard)

    copy = Postcard.objects.get()
    copy.pk = None
    copy._state.adding = True
    copy.save()
    (other,) = Postcard.objects.bulk_create(
        [Postcard(pk=1_000_009, front="front.jpg", front_standing="clean:front.jpg")]
    )

    assert (kept(copy), copy.front_standing, kept(other)) == (None, None, None)
    assert kept(postcard) == "clean:front.jpg"


@pytest.mark.skipif(connection.vendor == "mysql", reason="MariaDB names no column that conflicts")
def test_upsert__leaves_what_was_written() -> None:
    postcard = Postcard.objects.create(front="front.jpg")
    written_meanwhile(postcard)

    again = [Postcard(pk=postcard.pk, front="other.jpg")]
    Postcard.objects.bulk_create(again, update_conflicts=True, update_fields=["front"], unique_fields=["pk"])
    Postcard.objects.update_or_create(pk=postcard.pk, defaults={"published": True})

    assert kept(postcard) == "clean:front.jpg"


def test_forms_and_fixtures__know_nothing_of_it() -> None:
    postcard = Postcard.objects.create(front="front.jpg")
    written_meanwhile(postcard)

    assert "front_standing" not in modelform_factory(Postcard, fields="__all__").base_fields
    (dumped,) = json.loads(serializers.serialize("json", Postcard.objects.all()))
    assert "front_standing" not in dumped["fields"]


def test_migration__names_the_field_alone() -> None:
    (field,) = (it for it in Postcard._meta.local_fields if isinstance(it, PictureStandingField))

    assert field.deconstruct()[1:] == ("django_copyleaks_image.fields.PictureStandingField", ["front"], {})
    assert MigrationWriter.serialize(field)[0] == "django_copyleaks_image.fields.PictureStandingField('front')"
    copy = field.clone()
    assert (copy.picture, copy.null, copy.editable) == ("front", True, False)


def test_option__that_it_has_not_is_refused() -> None:
    with pytest.raises(TypeError, match="default, unique"):
        PictureStandingField("front", unique=True, default="")
