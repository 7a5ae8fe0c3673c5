"""Looking at everything again: replaced files, deletions without a signal, and forgotten files of any kind of key."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, models
from django.test.utils import CaptureQueriesContext, isolate_apps

from django_copyleaks_image.models import AccountState, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import finishing, full_scan, reconcile
from tests.gallery.models import Listing, Photo, Picture, Portrait, Poster, Sticker
from tests.samples import photo, picture, target, upload

pytestmark = pytest.mark.django_db(transaction=True)

FIELDS = {Photo: "image", Poster: "file", Sticker: "file", Portrait: "face"}


class Maker:
    """Makes objects of a model with one kind of key."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.field_name = FIELDS[model]

    def key(self) -> dict[str, Any]:
        match self.model.__name__:
            case "Sticker":
                return {"code": f"a/{uuid.uuid4()} é"}
            case "Portrait":
                return {"photo": Photo.objects.create()}
        return {}

    def __call__(self, name: str = "meadow.jpg") -> Any:
        return self.model.objects.create(**self.key(), **{self.field_name: upload(name)})

    def in_sql(self, *names: str) -> Any:
        """Make objects without a signal."""
        rows = [self.model(**self.key(), **{self.field_name: f"in/sql/{name}"}) for name in names]
        return self.model.objects.bulk_create(rows)

    def rename(self, instance: Any, name: str) -> None:
        self.model.objects.filter(pk=instance.pk).update(**{self.field_name: name})

    def scans(self, instance: Any) -> list[tuple[str, str]]:
        key = instance.pk.hex if isinstance(instance.pk, uuid.UUID) else str(instance.pk)
        found = ImageScan.objects.filter(object_id__in=[key, str(instance.pk)], field_name=self.field_name)
        return list(found.order_by("pk").values_list("status", "file_name"))


@pytest.fixture(params=FIELDS, ids=["integer", "uuid", "text", "one-to-one"])
def make(request: Any, watch: Any) -> Maker:
    watch(request.param, FIELDS[request.param])
    return Maker(request.param)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_scan, "CHUNK", 2)


def go_round(times: int = 1) -> int:
    return sum(full_scan.take_next_steps() for _ in range(times))


# Replaced without a signal


def test_older_object__whose_file_was_replaced_without_a_signal(make: Maker) -> None:
    old, untouched = make("old.jpg"), make("untouched.jpg")
    make.rename(old, "in/sql/new.jpg")

    assert go_round() == 1
    assert go_round() == 0

    assert [status for status, _ in make.scans(old)] == [Status.SUPERSEDED, Status.QUEUED]
    assert make.scans(old)[-1][1] == "in/sql/new.jpg"
    assert len(make.scans(untouched)) == 1


def test_measured_file__is_compared_as_well(make: Maker) -> None:
    old = make()
    scan = ImageScan.objects.get()
    ended = {"status": Status.FAILED, "error_code": "x", "finished_at": scan.created_at}
    ImageScan.objects.update(**ended)
    waits = {"queue": "unmeasured", "standing": "not_measured", "scan": scan, "file_name": scan.file_name}
    waits["queued_at"] = scan.created_at
    WatchedImage.objects.create(**target(scan), **waits)
    make.rename(old, "in/sql/new.jpg")

    assert go_round() == 1

    scan.refresh_from_db()
    assert scan.status == Status.FAILED
    assert (WatchedImage.objects.get().queue, WatchedImage.objects.get().standing) == ("", "waiting")


def test_file_that_took_the_place_of_a_removed_one(make: Maker) -> None:
    old = make()
    setattr(old, make.field_name, "")
    old.save()
    make.rename(old, "in/sql/new.jpg")

    assert go_round() == 1
    assert make.scans(old) == [(Status.SUPERSEDED, ""), (Status.QUEUED, "in/sql/new.jpg")]


def test_file_that_came_back__while_its_scan_had_given_way() -> None:
    old = photo()
    finishing.supersede(ImageScan.objects.all(), "file_replaced")

    assert go_round() == 1
    assert go_round() == 0
    assert ImageScan.objects.filter(file_name=old.image.name, status=Status.QUEUED).count() == 1


def test_earlier_scans__are_not_taken_for_the_newest(make: Maker, small_chunks: None) -> None:
    often = make("first.jpg")
    for name in ("second.jpg", "third.jpg"):
        setattr(often, make.field_name, upload(name))
        often.save()

    assert go_round(4) == 0
    assert len(make.scans(often)) == 3


def test_when__is_asked_about_a_replaced_file(watch: Callable[..., None]) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)
    listing = Listing.objects.create(front=upload(), published=True)
    Listing.objects.update(front="in/sql/new.jpg", published=False)

    assert go_round() == 0
    replaced, left_out = ImageScan.objects.order_by("pk")
    assert (replaced.status, replaced.error_code) == (Status.SUPERSEDED, "file_replaced")
    assert (left_out.status, left_out.error_code) == (Status.SKIPPED, "not_wanted")

    with CaptureQueriesContext(connection) as queries:
        assert go_round() == 0
    assert len(queries) < 12
    Listing.objects.update(published=True)
    assert go_round() == 1
    assert ImageScan.objects.latest("pk").content_object == listing


def test_when_raises__the_rest_has_its_turn(watch: Callable[..., None], caplog: pytest.LogCaptureFixture) -> None:
    watch(Listing, "front")
    watch(Listing, "back")
    listing = Listing.objects.create(front=upload("front.jpg"), back=upload("back.jpg"))
    Listing.objects.update(front="in/sql/front.jpg", back="in/sql/back.jpg")
    watch(Listing, "front", when=lambda listing: 1 / 0)

    assert go_round() == 1
    assert ImageScan.objects.latest("pk").file_name == "in/sql/back.jpg"
    assert f"when= of gallery.Listing.front raised for {listing.pk}" in caplog.text


def test_left_out_bytes__are_scanned_once_they_are_wanted(watch: Callable[..., None]) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)
    listing = Listing.objects.create(front=upload(), published=True)
    listing.published = False
    listing.front.storage.delete(str(listing.front.name))
    listing.front = upload(content=picture(colour="red"))
    listing.save()
    assert go_round() == 0
    Listing.objects.update(published=True)

    assert go_round() == 1


def test_field_that_is_no_longer_watched__queues_nothing(watch: Any, configure: Callable[..., None]) -> None:
    photo()
    Photo.objects.update(image="in/sql/new.jpg")
    configure(FIELDS=[])

    assert go_round() == 0


# Gone without a signal


def test_object_deleted_without_a_signal__is_forgotten(make: Maker) -> None:
    gone, stays = make("secret.jpg"), make("stays.jpg")
    make.model.objects.filter(pk=gone.pk)._raw_delete("default")

    go_round()

    assert make.scans(gone) == [(Status.SUPERSEDED, "")]
    scan = ImageScan.objects.get(file_name="")
    assert (scan.error_code, scan.removed_at is None, scan.erasure_due_at is None) == ("file_removed", False, False)
    assert [status for status, _ in make.scans(stays)] == [Status.QUEUED]
    assert make.scans(stays)[0][1]


def test_scan_that_met_no_object__is_forgotten_like_the_others() -> None:
    uploaded = photo("secret.jpg")
    Photo.objects.filter(pk=uploaded.pk)._raw_delete("default")
    finishing.supersede(ImageScan.objects.all(), "file_removed")

    go_round()

    assert ImageScan.objects.get().file_name == ""


def test_object_that_a_manager_hides__is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hiding(models.Manager[Photo]):
        def get_queryset(self) -> models.QuerySet[Photo]:
            return super().get_queryset().none()

    photo()
    hiding = Hiding()
    hiding.model = Photo
    monkeypatch.setitem(Photo._meta.__dict__, "base_manager", hiding)
    assert ImageScan.objects.get().target is None

    go_round()

    assert ImageScan.objects.get().removed_at is None


def test_file_cleared_without_a_signal__is_forgotten(make: Maker) -> None:
    cleared = make("secret.jpg")
    make.rename(cleared, "")

    go_round()

    assert make.scans(cleared) == [(Status.SUPERSEDED, "")]


def test_deletion_that_could_not_be_noted__is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*args: object) -> None:
        raise OperationalError("database is locked")

    uploaded = photo("secret.jpg")
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "remove", locked)
        uploaded.delete()
    assert ImageScan.objects.get().removed_at is None

    go_round()

    assert ImageScan.objects.get().file_name == ""


def test_deletion_while_the_field_was_not_watched__is_noticed(configure: Callable[..., None]) -> None:
    uploaded = photo("secret.jpg")
    configure(FIELDS=[])
    uploaded.delete()

    go_round()

    assert ImageScan.objects.get().file_name == ""


def test_forgotten_scans__are_forgotten_once() -> None:
    photo().delete()
    removed_at = ImageScan.objects.get().removed_at

    go_round(2)

    assert ImageScan.objects.get().removed_at == removed_at


@pytest.mark.parametrize("column", [{"object_id": "no number"}, {"database": "gone"}, {"field_name": "gone"}])
def test_what_cannot_be_told__is_left_alone(column: dict[str, str]) -> None:
    photo("odd.jpg")
    ImageScan.objects.filter(removed_at=None).update(**column)
    other = photo("other.jpg")
    Photo.objects.filter(pk=other.pk)._raw_delete("default")

    go_round()

    assert ImageScan.objects.get(**column).removed_at is None
    assert not ImageScan.objects.filter(object_id=other.pk, removed_at=None).exists()


def test_key_in_other_letters__is_gone_only_if_the_database_says_so(watch: Callable[..., None]) -> None:
    watch(Sticker, "file")
    Sticker.objects.create(code="Sun", file=upload())
    ImageScan.objects.update(object_id="sun")
    by_the_database = ImageScan.objects.get().target is None

    go_round()

    assert (ImageScan.objects.get().removed_at is not None) == by_the_database


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_object_of_another_database__is_looked_for_there() -> None:
    here = photo()
    there = Photo(pk=here.pk, image=upload())
    there.save(using="other")
    Photo.objects.using("other").update(image="in/sql/new.jpg")

    assert go_round() == 1
    assert ImageScan.objects.latest("pk").database == "other"
    Photo.objects.using("other").filter(pk=there.pk)._raw_delete("other")
    go_round()

    assert set(ImageScan.objects.filter(removed_at=None).values_list("database", flat=True)) == {"default"}


@pytest.mark.django_db(transaction=True, databases=["default", "other"])
def test_objects_of_one_key_in_two_databases__do_not_replace_each_other_for_ever() -> None:
    here = photo()
    Photo(pk=here.pk, image=upload()).save(using="other")
    for alias in ("default", "other"):
        Photo.objects.using(alias).update(image=f"in/sql/{alias}.jpg")

    assert go_round(4) == 1


# Never scanned


def test_file_without_a_scan__is_queued_where_every_one_had_a_scan(make: Maker, small_chunks: None) -> None:
    for number in range(3):
        make(f"{number}.jpg")
    go_round(2)
    forgotten, empty = make.in_sql("forgotten.jpg", "")
    make.rename(empty, "")

    assert go_round(6) == 1
    assert make.scans(forgotten) == [(Status.QUEUED, "in/sql/forgotten.jpg")]
    assert make.scans(empty) == []


def test_empty_table__is_one_where_every_file_had_a_scan(make: Maker) -> None:
    go_round()
    make.in_sql("a.jpg", "b.jpg", "c.jpg")

    assert go_round() == 3


def test_files_from_before_the_app__are_left_to_the_command(make: Maker, small_chunks: None) -> None:
    from django.core.management import call_command

    make.in_sql("a.jpg", "b.jpg", "c.jpg")
    make("d.jpg")
    assert go_round(12) == 0

    call_command("copyleaks_scan", f"gallery.{make.model.__name__}.{make.field_name}", "--yes")
    go_round(6)
    make.in_sql("e.jpg")

    assert go_round(6) == 1


def test_when_that_becomes_wider__does_not_queue_what_it_left_out(watch: Callable[..., None]) -> None:
    watch(Listing, "front", when=lambda listing: listing.published)
    go_round()
    Listing.objects.bulk_create([Listing(front="a.jpg"), Listing(front="b.jpg", published=True)])
    assert go_round() == 1

    watch(Listing, "front")

    assert go_round(4) == 0


def test_field_that_was_not_watched_for_a_while__begins_anew(watch: Any, configure: Callable[..., None]) -> None:
    go_round()
    configure(FIELDS=[])
    go_round()
    Photo.objects.bulk_create([Photo(image="photos/meanwhile.jpg")])
    configure(FIELDS=["gallery.Photo.image"])

    assert go_round(3) == 0


# What it costs


def test_round__asks_as_often_for_many_as_for_few(make: Maker) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert go_round() == 0
        return len(queries)

    make()
    go_round()
    few = asked()
    for number in range(5):
        make(f"{number}.jpg")

    assert asked() == few


def test_rounds__come_to_the_end_and_start_anew(small_chunks: None) -> None:
    uploaded = [photo(f"{number}.jpg") for number in range(5)]
    go_round(3)
    Photo.objects.filter(pk=uploaded[0].pk).update(image="in/sql/first.jpg")
    assert go_round() == 1

    Photo.objects.filter(pk=uploaded[-1].pk).update(image="in/sql/last.jpg")
    assert go_round(1) == 0
    assert go_round(1) == 1


@isolate_apps("tests.gallery")
def test_table_that_is_not_there__keeps_no_other_from_its_turn(watch: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Absent(Picture):
        class Meta:
            app_label = "gallery"

    watch(Absent, "file")
    watch(Poster, "file")
    assert reconcile.reconcile() == 0
    Poster.objects.bulk_create([Poster(file="in/sql/forgotten.jpg")])

    assert reconcile.reconcile() == 1
    assert "gallery.Absent.file" in caplog.text


def test_position_that_is_no_key_of_the_model__starts_anew() -> None:
    go_round()
    AccountState.objects.update(
        full_scan_progress={
            "fields": {
                "gallery.Photo.image": {
                    "after": "no number",
                    "is_complete": True,
                    "is_clean": True,
                    "classes": ["gallery.Photo"],
                }
            }
        }
    )
    Photo.objects.bulk_create([Photo(image="in/sql/forgotten.jpg")])

    assert go_round() == 1
