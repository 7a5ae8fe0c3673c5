"""Which saves queue a scan, which supersede one, and what neither costs nor spoils."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.core import serializers
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, models, transaction
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext
from django.utils.datastructures import MultiValueDict
from PIL import Image, ImageFile

from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from tests.decoding import hostile
from tests.gallery.models import Listing, Panorama, Photo, Picture, Poster, ProxyPhoto, Sticker
from tests.samples import only_scan, photo, picture, target, upload

pytestmark = pytest.mark.django_db(transaction=True)


def statuses(instance: models.Model, field: str = "image") -> list[str]:
    scans = ImageScan.objects.filter(object_id=str(instance.pk), field_name=field)
    return list(scans.order_by("pk").values_list("status", flat=True))


def written_statements(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"].split()[0] for query in queries.captured_queries]


def test_new_object__queues_a_scan_of_its_file() -> None:
    uploaded = photo("meadow.jpg")

    scan = only_scan()

    assert (scan.status, scan.content_object, scan.field_name) == (Status.QUEUED, uploaded, "image")
    assert scan.file_name == uploaded.image.name


def test_upload_through_a_form_for_files__is_opened_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    form_class = modelform_factory(Photo, fields=["image"], field_classes={"image": forms.FileField})
    opened: list[object] = []
    monkeypatch.setattr(Image, "open", lambda *args, **_: opened.append(args))
    monkeypatch.setattr(ImageFile.Parser, "feed", lambda *args: opened.append(args))

    bomb = SimpleUploadedFile("bomb.tiff", hostile.corpus()["60000-strips.tiff"]())
    uploaded = form_class({}, MultiValueDict({"image": [bomb]})).save()

    assert statuses(uploaded) == [Status.QUEUED]
    assert opened == []


def test_new_object__costs_one_insert_more() -> None:
    photo()  # Fills the content type cache.

    with CaptureQueriesContext(connection) as queries:
        photo()

    assert written_statements(queries) == ["INSERT", "INSERT"]


def test_unchanged_file__costs_one_select_and_queues_nothing() -> None:
    uploaded = photo()

    with CaptureQueriesContext(connection) as queries:
        uploaded.save()

    assert written_statements(queries) == ["UPDATE", "SELECT"]
    assert statuses(uploaded) == [Status.QUEUED]


def test_object_without_file__queues_nothing() -> None:
    Photo.objects.create(title="no file")

    assert not ImageScan.objects.exists()


def test_replaced_file__supersedes_the_unfinished_scan() -> None:
    uploaded = photo("first.jpg")
    uploaded.image = upload("second.jpg", picture(colour="red"))
    uploaded.save()

    assert statuses(uploaded) == [Status.SUPERSEDED, Status.QUEUED]
    assert ImageScan.objects.order_by("pk")[0].error_code == "file_replaced"


def test_same_name_overwrite__is_seen() -> None:
    uploaded = photo("same.jpg")
    name = str(uploaded.image.name)
    uploaded.image.storage.delete(name)
    uploaded.image.save("same.jpg", upload("same.jpg", picture(colour="red")))

    assert uploaded.image.name == name
    assert statuses(uploaded) == [Status.SUPERSEDED, Status.QUEUED]


def test_field_file_save_without_saving_the_object__waits_for_the_save() -> None:
    uploaded = Photo.objects.create(title="empty")
    uploaded.image.save("later.jpg", upload(), save=False)
    assert statuses(uploaded) == []

    uploaded.save()

    assert statuses(uploaded) == [Status.QUEUED]


def test_field_file_save_on_a_new_object__queues_once() -> None:
    uploaded = Photo(title="new")
    uploaded.image.save("new.jpg", upload())

    assert statuses(uploaded) == [Status.QUEUED]


def test_name_assigned__counts_as_a_change() -> None:
    uploaded, other = photo("one.jpg"), photo("two.jpg", picture(colour="red"))
    uploaded.image = other.image.name
    uploaded.save()

    assert statuses(uploaded) == [Status.SUPERSEDED, Status.QUEUED]


def test_back_to_an_earlier_file__is_scanned_again() -> None:
    uploaded = photo("one.jpg")
    first = uploaded.image.name
    uploaded.image = upload("two.jpg")
    uploaded.save()
    uploaded.image = first
    uploaded.save()

    assert statuses(uploaded) == [Status.SUPERSEDED, Status.SUPERSEDED, Status.QUEUED]


def test_update_fields_without_the_file__changes_nothing() -> None:
    uploaded = photo()
    uploaded.image = upload("pending.jpg")  # Not committed by this save.

    with CaptureQueriesContext(connection) as queries:
        uploaded.save(update_fields=["title"])

    assert written_statements(queries) == ["UPDATE"]
    assert statuses(uploaded) == [Status.QUEUED]


def test_update_or_create__with_an_unchanged_file() -> None:
    uploaded = photo()

    Photo.objects.update_or_create(pk=uploaded.pk, defaults={"title": "new title"})

    assert statuses(uploaded) == [Status.QUEUED]


def test_deferred_file__is_not_loaded() -> None:
    uploaded = photo()
    partial = Photo.objects.only("title").get(pk=uploaded.pk)

    with CaptureQueriesContext(connection) as queries:
        partial.save()

    assert written_statements(queries) == ["UPDATE"]
    assert "image" not in partial.__dict__


def test_raw_fixture__queues_nothing() -> None:
    text = serializers.serialize("json", [photo()])
    ImageScan.objects.all().delete()

    for loaded in serializers.deserialize("json", text):
        loaded.save()

    assert not ImageScan.objects.exists()


def test_cleared_field__supersedes() -> None:
    uploaded = photo()
    uploaded.image = ""
    uploaded.save()

    assert statuses(uploaded) == [Status.SUPERSEDED]
    assert only_scan().error_code == "file_removed"


def test_deleted_file__supersedes() -> None:
    uploaded = photo()
    uploaded.image.delete()

    assert statuses(uploaded) == [Status.SUPERSEDED]


def test_deleted_object__supersedes() -> None:
    photo().delete()

    assert only_scan().status == Status.SUPERSEDED


def test_deleted_queryset__supersedes() -> None:
    photo()
    Photo.objects.all().delete()

    assert only_scan().status == Status.SUPERSEDED


def test_finished_scan__is_left_alone_by_a_replacement() -> None:
    uploaded = photo("first.jpg")
    scan = only_scan()
    ImageScan.objects.update(status=Status.FAILED, error_code="gave_up", finished_at=scan.created_at)
    uploaded.image = upload("second.jpg")
    uploaded.save()

    assert statuses(uploaded) == [Status.FAILED, Status.QUEUED]


def test_models_nobody_watches__keep_their_fast_deletes() -> None:
    assert not models.signals.post_delete.has_listeners(Listing)
    assert not models.signals.post_save.has_listeners(Listing)


def test_proxy__targets_the_concrete_model() -> None:
    saved = ProxyPhoto.objects.create(image=upload())

    assert only_scan().content_object == Photo.objects.get(pk=saved.pk)


def test_child_of_multi_table_inheritance__targets_the_parent() -> None:
    saved = Panorama.objects.create(image=upload(), degrees=360)

    assert only_scan().content_object == Photo.objects.get(pk=saved.pk)

    saved.delete()

    assert only_scan().status == Status.SUPERSEDED


def test_new_child__costs_no_look_either() -> None:
    Panorama.objects.create(image=upload())

    with CaptureQueriesContext(connection) as queries:
        Panorama.objects.create(image=upload())

    assert written_statements(queries).count("INSERT") == 3
    assert "SELECT" not in written_statements(queries)


def test_child_of_an_object_that_was_there__has_its_file_scanned_already() -> None:
    uploaded = photo()
    child = Panorama(photo_ptr=uploaded, title="wider", image=uploaded.image.name)
    child.save()
    assert statuses(uploaded) == [Status.QUEUED]

    child.image = upload("other.jpg")
    child.save()
    assert statuses(uploaded) == [Status.SUPERSEDED, Status.QUEUED]


def test_child_attached_with_another_file__replaces_it() -> None:
    uploaded = photo()

    Panorama.objects.create(photo_ptr=uploaded, image=upload("other.jpg"))

    assert statuses(uploaded) == [Status.SUPERSEDED, Status.QUEUED]


def test_child_deleted_without_its_parent__leaves_the_parents_picture_alone() -> None:
    saved = Panorama.objects.create(image=upload())
    saved.delete(keep_parents=True)

    scan = only_scan()
    assert (scan.status, scan.removed_at) == (Status.QUEUED, None)
    assert scan.content_object == Photo.objects.get()


@pytest.mark.parametrize("model", [Photo, ProxyPhoto, Panorama])
def test_deleted_object__is_forgotten_whatever_model_it_is_deleted_as(model: Any) -> None:
    Panorama.objects.create(image=upload())

    model.objects.all().delete()

    assert (only_scan().status, only_scan().file_name) == (Status.SUPERSEDED, "")


def test_abstract_model__stands_for_its_children_with_any_key(watch: Callable[..., None]) -> None:
    watch(Picture, "file")
    poster = Poster.objects.create(file=upload())
    sticker = Sticker.objects.create(code="a/b c", file=upload())

    targets = [scan.target for scan in ImageScan.objects.order_by("pk")]

    assert targets == [poster, sticker]
    assert [scan.content_object for scan in ImageScan.objects.order_by("pk")] == [poster, sticker]


def test_several_fields__are_scanned_each(watch: Callable[..., None]) -> None:
    watch(Listing, "front")
    watch(Listing, "back")

    listing = Listing.objects.create(front=upload("front.jpg"), back=upload("back.jpg"))
    listing.back = upload("other.jpg")
    listing.save()

    assert statuses(listing, "front") == [Status.QUEUED]
    assert statuses(listing, "back") == [Status.SUPERSEDED, Status.QUEUED]


def test_when__decides_at_every_save(watch: Callable[..., None]) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)
    listing = Listing.objects.create(front=upload())
    assert statuses(listing, "front") == []

    listing.published = True
    listing.save()

    assert statuses(listing, "front") == [Status.QUEUED]


def test_when_turns_false_and_the_file_is_replaced__the_new_one_is_left_out(
    watch: Callable[..., None],
) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)
    listing = Listing.objects.create(front=upload(), published=True)
    listing.published = False
    listing.front = upload("other.jpg")
    listing.save()

    assert statuses(listing, "front") == [Status.SUPERSEDED, Status.SKIPPED]
    listing.save()
    assert statuses(listing, "front") == [Status.SUPERSEDED, Status.SKIPPED]


def test_left_out_bytes_under_an_old_name__are_not_those_that_were_judged(watch: Any) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)
    listing = Listing.objects.create(front=upload(), published=True)
    judged = only_scan()
    ended = {"status": Status.FAILED, "error_code": "x", "finished_at": judged.created_at}
    ImageScan.objects.update(**ended)
    waits = {"queue": "unmeasured", "standing": "not_measured", "scan": judged, "file_name": judged.file_name}
    waits["queued_at"] = judged.created_at
    WatchedImage.objects.create(**target(judged), **waits)
    listing.published = False
    listing.front.storage.delete(judged.file_name)
    listing.front = upload(content=picture(colour="red"))
    listing.save()
    assert listing.front.name == judged.file_name

    left_out = ImageScan.objects.latest("pk")
    assert (left_out.status, left_out.error_code) == (Status.SKIPPED, "not_wanted")
    image = WatchedImage.objects.get()
    assert (image.scan, image.queue, image.standing) == (left_out, "", "not_measured")

    listing.published = True
    listing.save()
    assert ImageScan.objects.latest("pk").status == Status.QUEUED


def test_when_raises__the_upload_goes_on(watch: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    watch(Listing, "front", when=lambda listing: 1 / 0)

    listing = Listing.objects.create(front=upload())

    assert Listing.objects.filter(pk=listing.pk).exists()
    assert "the save goes on" in caplog.text


def test_our_insert_fails__inside_a_transaction__the_upload_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_save(self: ImageScan, **kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    monkeypatch.setattr(ImageScan, "save", broken_save)
    with transaction.atomic():
        uploaded = photo()

    assert Photo.objects.filter(pk=uploaded.pk).exists()
    assert not ImageScan.objects.exists()


def test_same_name_overwrite_whose_scan_failed__is_seen_at_the_next_save(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_save(self: ImageScan, **kwargs: Any) -> None:
        raise DatabaseError("The disk is full.")

    uploaded = photo("same.jpg")
    name = str(uploaded.image.name)
    uploaded.image.storage.delete(name)
    with monkeypatch.context() as patch:
        patch.setattr(ImageScan, "save", broken_save)
        uploaded.image.save("same.jpg", upload("same.jpg", picture(colour="red")))
    assert (uploaded.image.name, statuses(uploaded)) == (name, [Status.QUEUED])

    uploaded.save()
    uploaded.save()

    assert statuses(uploaded) == [Status.SUPERSEDED, Status.QUEUED]


def test_rolled_back_save__leaves_no_scan() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        photo()
        raise DatabaseError

    assert not ImageScan.objects.exists()


def test_dispatcher__is_woken_after_commit_only(configure: Callable[..., None]) -> None:
    woken: list[str] = []
    note.clear()
    configure(DISPATCHER="tests.test_receivers.note_scan")
    with transaction.atomic():
        photo()
        woken.extend(note)

    assert woken == []
    assert note == [only_scan().scan_id]


def test_dispatcher_that_raises__does_not_reach_the_upload(configure: Callable[..., None]) -> None:
    configure(DISPATCHER="tests.test_receivers.raise_error")

    photo()

    assert only_scan().status == Status.QUEUED


note: list[str] = []


def note_scan(scan_id: str) -> None:
    note.append(scan_id)


def raise_error(scan_id: str) -> None:
    raise RuntimeError("no broker")


def test_watched_file__can_be_pickled_and_copied() -> None:
    uploaded = photo()
    assert uploaded.image  # The field file, not its name.

    restored = pickle.loads(pickle.dumps(uploaded))
    copied = copy.deepcopy(uploaded)

    for again in (restored, copied):
        assert again.image.name == uploaded.image.name
        again.image.storage.delete(str(again.image.name))
        again.image.save("again.jpg", ContentFile(picture(colour="red")))
    assert statuses(uploaded)[-1] == Status.QUEUED


def test_settings_change__rewires(configure: Callable[..., None]) -> None:
    configure(FIELDS=["gallery.Listing.front"])

    photo()
    Listing.objects.create(front=upload())

    assert only_scan().field_name == "front"


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_another_database__is_followed_to_its_commit() -> None:
    with transaction.atomic(using="other"):
        uploaded = Photo(image=upload())
        uploaded.save(using="other")
        assert not ImageScan.objects.exists()

    scan = only_scan()

    assert scan.database == "other"
    assert scan.target == uploaded
