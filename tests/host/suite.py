"""Fourteen ordinary tests of a shop that know nothing of the app: they pass without it, and with it switched off.

Not collected with the tests of the app: ``tests/testing/test_host.py`` runs them, each way in a process of its own.
"""

import json
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.test import TestCase, TransactionTestCase
from PIL import Image
from rest_framework.test import APIClient

from tests.host.shop.models import Article, Note


def bytes_of(stored: Article) -> bytes:
    with stored.photo.open() as file:
        content: bytes = file.read()
    return content


def png() -> bytes:
    stream = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(stream, "PNG")
    return stream.getvalue()


def uploaded() -> SimpleUploadedFile:
    return SimpleUploadedFile("lamp.png", png(), "image/png")


def article(title: str = "Lamp") -> Article:
    return Article.objects.create(title=title, photo=ContentFile(png(), "lamp.png"))


class Uploads(TestCase):
    def test_form__stores_the_photo(self) -> None:
        response = self.client.post("/upload/", {"title": "Lamp", "photo": uploaded()})

        assert response.status_code == 201
        assert bytes_of(Article.objects.get()) == png()

    def test_form__leaves_one_thing_to_the_commit(self) -> None:
        with self.captureOnCommitCallbacks(execute=True) as callbacks:
            self.client.post("/upload/", {"title": "Lamp", "photo": uploaded()})

        assert len(callbacks) == 1
        assert Note.objects.get().text == "Lamp has come"

    def test_rest_framework__takes_an_upload(self) -> None:
        response = APIClient().post("/api/articles/", {"title": "Lamp", "photo": uploaded()}, format="multipart")

        assert response.status_code == 201
        assert str(Article.objects.get().photo).startswith("articles/lamp")

    def test_admin__adds_an_article(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("admin"))

        response = self.client.post("/admin/shop/article/add/", {"title": "Lamp", "photo": uploaded()})

        assert response.status_code == 302
        assert Article.objects.get().title == "Lamp"


class Statements(TestCase):
    def test_new_article__is_one(self) -> None:
        with self.assertNumQueries(1):
            article()

    def test_other_column__is_one(self) -> None:
        lamp = article()

        with self.assertNumQueries(1):
            lamp.save(update_fields=["title"])

    def test_other_photo__is_one(self) -> None:
        lamp = article()
        lamp.photo = ContentFile(png(), "other.png")

        with self.assertNumQueries(1):
            lamp.save()

        assert "other" in str(Article.objects.get().photo)

    def test_deletion__is_one(self) -> None:
        lamp = article()

        with self.assertNumQueries(1):
            lamp.delete()

    def test_many_at_once__are_one_each_way(self) -> None:
        with self.assertNumQueries(3):
            Article.objects.bulk_create(Article(title=str(number), photo="articles/lamp.png") for number in range(5))
            Article.objects.update(title="Lamp")
            Article.objects.all().delete()


class Fixtures(TestCase):
    fixtures = ["articles"]

    def test_loaddata__has_loaded_them(self) -> None:
        assert list(Article.objects.order_by("pk").values_list("title", flat=True)) == ["Lamp", "Chair"]

    def test_dumpdata__gives_them_back(self) -> None:
        out = StringIO()
        call_command("dumpdata", "shop", stdout=out)

        assert [each["fields"]["title"] for each in json.loads(out.getvalue())] == ["Lamp", "Chair"]


class Transactions(TransactionTestCase):
    def test_rollback__leaves_nothing(self) -> None:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            article()
            _ = 1 / 0

        assert not Article.objects.exists()

    def test_commit__runs_the_task_where_it_is_sent(self) -> None:
        try:
            from django.tasks import task
        except ImportError:  # Before Django 6.0.
            self.skipTest("Django has no tasks")
        decorated: Any = task()(write_a_note)

        with transaction.atomic():
            article()
            transaction.on_commit(lambda: decorated.enqueue("sent"))

        assert Note.objects.get().text == "sent"


def write_a_note(text: str) -> None:
    Note.objects.create(text=text)


@pytest.mark.django_db
def test_storage_in_memory__keeps_the_photo(settings: Any) -> None:
    field: Any = Article._meta.get_field("photo")
    kept, field.storage = field.storage, InMemoryStorage()
    try:
        assert bytes_of(article()) == png()
    finally:
        field.storage = kept
