"""Whose a picture is: written when its scan ends, and followed when the object changes hands."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image import owners
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.registry import register, unregister
from django_copyleaks_image.scanning import full_scan
from django_copyleaks_image.sources import Several, StorageKey
from tests.admin.scans_to_show import failed, measured
from tests.gallery.models import Photo, Portrait, Product
from tests.samples import photo, picture, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def owned_by() -> Iterator[Callable[..., None]]:
    """Let the title of a photo, or what is given, say whose its picture is."""

    def give(owner: Any = "title") -> None:
        unregister(Photo, "image")
        register(Photo, "image", owner=owner)

    yield give
    unregister(Photo, "image")


def owner_of(instance: Model) -> tuple[str, str]:
    image = WatchedImage.objects.get(object_id=str(instance.pk))
    return image.owner_key, image.owner_label


def shown(title: str) -> Photo:
    instance = photo(title)
    measured(instance)
    return instance


def test_owner__may_be_a_field_a_user_any_object_or_a_text(owned_by: Callable[..., None]) -> None:
    anna = User.objects.create_user("anna")
    product = Product.objects.create(title="Chair")
    for given, expected in (
        ("title", ("text:a.jpg", "a.jpg")),
        (lambda instance: anna, (f"auth.user:{anna.pk}", "anna")),
        (lambda instance: product, (f"gallery.product:{product.pk}", "Chair")),
        (lambda instance: 17, ("text:17", "17")),
        (lambda instance: "  Anna\0 ", ("text:Anna", "Anna")),
        (lambda instance: None, ("", "")),
        (lambda instance: "", ("", "")),
        (lambda instance: AnonymousUser(), ("", "")),
        (lambda instance: User(username="unsaved"), ("", "")),
    ):
        owned_by(given)
        assert owner_of(shown("a.jpg")) == expected


def test_owner__by_a_foreign_key_is_an_object(configure: Any) -> None:
    configure(FIELDS={"gallery.Portrait.face": {"owner": "photo"}})
    sitter = photo("sitter")
    portrait = Portrait.objects.create(photo=sitter, face=upload("face.jpg"))
    failed(portrait)
    assert owner_of(portrait) == (f"gallery.photo:{sitter.pk}", "sitter")


def test_owner__is_bounded() -> None:
    first, second = (owners.owner_in(Photo(title="x" * 500 + end), "title") for end in "ab")
    assert len(first.key) == len(first.label) == owners.LENGTH
    assert first.key != second.key


def test_owner__that_cannot_be_told_keeps_no_scan_from_its_end(
    owned_by: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(instance: Photo) -> User:
        return User.objects.get(pk=4711)

    owned_by(broken)
    instance = shown("a.jpg")
    assert ImageScan.objects.get().status == "completed"
    assert owner_of(instance) == ("", "")
    assert "Whose the picture of scan" in caplog.text


def test_owner__that_breaks_the_transaction_keeps_no_scan_from_its_end(owned_by: Callable[..., None]) -> None:
    def broken(instance: Photo) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
        return ""

    owned_by(broken)
    shown("a.jpg")
    assert ImageScan.objects.get().status == "completed"


def test_owner__is_followed_when_the_object_is_saved(owned_by: Callable[..., None]) -> None:
    owned_by()
    instance = shown("anna")
    instance.title = "bert"
    instance.save()
    assert owner_of(instance) == ("text:bert", "bert")
    instance.title = "carla"
    instance.save(update_fields=["title"])
    assert owner_of(instance) == ("text:carla", "carla")
    instance.title = "not stored"
    instance.save(update_fields=["image"])
    instance.refresh_from_db()
    assert instance.title == "carla"


def test_owner__by_a_function_is_followed_at_every_save(owned_by: Callable[..., None]) -> None:
    owned_by(lambda instance: instance.title.upper())
    instance = shown("anna")
    instance.title = "bert"
    instance.save(update_fields=["title"])
    assert owner_of(instance) == ("text:BERT", "BERT")


def test_owner__that_raises_does_not_spoil_the_save(
    owned_by: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    owned_by()
    instance = shown("anna")
    owned_by(lambda instance: instance.nothing)
    instance.title = "bert"
    instance.save()
    assert Photo.objects.get().title == "bert"
    assert "the save goes on" in caplog.text
    assert owner_of(instance) == ("text:anna", "anna")


def test_owner__is_not_asked_for_what_was_not_loaded(owned_by: Callable[..., None]) -> None:
    owned_by()
    instance = shown("anna")
    Photo.objects.only("image").get(pk=instance.pk).save()
    assert owner_of(instance) == ("text:anna", "anna")


def statements(work: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    return [
        query["sql"] for query in queries if "copyleaks" in query["sql"] and not query["sql"].startswith("SAVEPOINT")
    ]


def test_owner__costs_a_save_no_statement_unless_it_changes(owned_by: Callable[..., None]) -> None:
    owned_by()
    instance = shown("anna")
    instance.save()  # Fills the cache of content types.
    (select,) = statements(instance.save)
    assert select.startswith("SELECT")
    assert statements(lambda: photo("new"))[0].startswith("INSERT")
    instance.title = "bert"
    assert [sql.split()[0] for sql in statements(instance.save)] == ["SELECT", "UPDATE"]


def test_owner__of_a_replaced_file_is_the_present_one(owned_by: Callable[..., None]) -> None:
    owned_by()
    instance = shown("anna")
    instance.title, instance.image = "bert", upload("b.jpg", picture(colour="red"))
    instance.save()
    measured(instance)
    assert owner_of(instance) == ("text:bert", "bert")


def test_owner__is_forgotten_with_a_removed_picture(owned_by: Callable[..., None]) -> None:
    owned_by()
    instance, cleared = shown("anna"), shown("bert")
    pk = instance.pk
    instance.delete()
    cleared.image = ""
    cleared.save()
    cleared.title = "carla"
    cleared.save()
    full_scan.take_next_steps()
    kept = WatchedImage.objects.filter(object_id__in=[str(pk), str(cleared.pk)])
    assert set(kept.values_list("owner_key", "owner_label")) == {("", "")}


def test_owner__that_no_signal_told_of_is_found_by_the_full_scan(owned_by: Callable[..., None]) -> None:
    instance, other = shown("anna"), shown("bert")
    owned_by()
    assert owner_of(instance) == ("", "")
    full_scan.take_next_steps()
    assert (owner_of(instance), owner_of(other)) == (("text:anna", "anna"), ("text:bert", "bert"))
    Photo.objects.filter(pk=instance.pk).update(title="carla")
    full_scan.take_next_steps()
    assert owner_of(instance) == ("text:carla", "carla")


def test_full_scan__follows_a_user_who_is_called_otherwise_now(owned_by: Callable[..., None]) -> None:
    anna = User.objects.create_user("anna")
    owned_by(lambda instance: User.objects.get(pk=anna.pk))
    instance = shown("a.jpg")
    User.objects.update(username="annika")
    full_scan.take_next_steps()
    assert owner_of(instance) == (f"auth.user:{anna.pk}", "annika")


def test_full_scan__goes_on_after_an_owner_that_cannot_be_told(
    owned_by: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    instance, other = shown("anna"), shown("bert")

    def of_bert_alone(photo: Photo) -> str:
        return {"bert": "Bert"}[photo.title]

    owned_by(of_bert_alone)
    full_scan.take_next_steps()
    assert (owner_of(instance), owner_of(other)) == (("", ""), ("text:Bert", "Bert"))
    assert "could not be told" in caplog.text


def test_full_scan__asks_for_owners_with_the_same_number_of_queries_for_1_and_9(
    configure: Any, django_assert_num_queries: Any
) -> None:
    configure(FIELDS={"gallery.Portrait.face": {"owner": "photo"}})

    def portrait() -> None:
        failed(Portrait.objects.create(photo=photo(uuid.uuid4().hex), face=upload("face.jpg")))

    portrait()
    full_scan.take_next_steps()
    with CaptureQueriesContext(connection) as few:
        full_scan.take_next_steps()
    for _ in range(8):
        portrait()
    with django_assert_num_queries(len(few)):
        full_scan.take_next_steps()


def test_owner__of_several_pictures_is_followed(configure: Any) -> None:
    configure(FIELDS=[])
    source = Several(lambda product: {"front": product.image_key}, of=StorageKey("default"))
    register(Product, "pictures", source=source, owner="title")
    try:
        product = Product.objects.create(title="anna", image_key="a.jpg")
        failed(product)
        assert owner_of(product) == ("text:anna", "anna")
        product.title = "bert"
        product.save()
        assert owner_of(product) == ("text:bert", "bert")
    finally:
        unregister(Product, "pictures")
