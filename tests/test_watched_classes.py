"""Whoever names a child or a proxy watches that class, and no other object with the same column."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import site
from django.core import checks
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext, isolate_apps

from django_copyleaks_image import registry
from django_copyleaks_image.admin import CopyleaksImageMixin
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import full_scan, receive, reconcile
from tests.gallery.models import Cover, Document, Drawing, Leaflet, Picture, PlainDocument, Poster
from tests.samples import as_json, detection, judge, only_scan, submitted, upload

pytestmark = pytest.mark.django_db(transaction=True)

Watch = Callable[..., None]


def scanned() -> list[str]:
    """Return the names of the objects that have a scan, each as often as it has."""
    return [str(scan.target) for scan in ImageScan.objects.order_by("pk")]


def document(model: Any, name: str, **columns: Any) -> Any:
    return model.objects.create(name=name, file=upload(f"{name}.jpg"), **columns)


def in_sql(model: Any, name: str) -> Any:
    """Make an object that no signal tells of."""
    made = model(name=name)
    made.save()
    Document.objects.filter(pk=made.pk).update(file=f"in/sql/{name}.jpg")
    return made


def rename(instance: Any, name: str) -> None:
    Document.objects.filter(pk=instance.pk).update(file=name)


def go_round(times: int = 1) -> None:
    for _ in range(times):
        full_scan.take_next_steps()


# A child


def test_child__is_watched_and_its_parent_and_siblings_are_not(watch: Watch) -> None:
    watch(Drawing, "file")
    document(Document, "letter")
    document(Leaflet, "leaflet")
    document(Drawing, "drawing")

    assert scanned() == ["drawing"]
    assert only_scan().content_type.model_class() is Document


def test_setting__names_a_child_likewise(configure: Watch) -> None:
    configure(FIELDS=["gallery.Drawing.file"])
    document(Document, "letter")
    document(Drawing, "drawing")

    assert scanned() == ["drawing"]


def test_unwatched_sibling__costs_its_saves_nothing(watch: Watch) -> None:
    watch(Drawing, "file")
    leaflet = document(Leaflet, "leaflet")
    with CaptureQueriesContext(connection) as watched:
        leaflet.save()
    registry.unregister(Drawing, "file")
    with CaptureQueriesContext(connection) as unwatched:
        leaflet.save()

    assert len(watched) == len(unwatched)


def test_parent_of_a_watched_child__costs_no_query_when_new_and_one_later(watch: Watch) -> None:
    watch(Drawing, "file")
    document(Drawing, "fills the cache of content types")
    with CaptureQueriesContext(connection) as queries:
        letter = document(Document, "letter")
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["INSERT"]

    letter.file = upload("other.jpg")
    with CaptureQueriesContext(connection) as queries:
        letter.save()
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["UPDATE", "SELECT"]


def test_child_saved_as_its_parent__is_followed(watch: Watch) -> None:
    watch(Drawing, "file", when=lambda drawing: drawing.artist == "Käthe")
    drawing = document(Drawing, "drawing", artist="Käthe")
    as_parent = Document.objects.get(pk=drawing.pk)
    as_parent.file = upload("other.jpg")
    as_parent.save()

    old, new = ImageScan.objects.order_by("pk")
    assert (old.status, new.status) == (Status.SUPERSEDED, Status.QUEUED)
    assert new.file_name == as_parent.file.name


def test_child_row_that_goes_while_its_parent_stays__ends_the_scan(watch: Watch) -> None:
    watch(Drawing, "file")
    drawing = document(Drawing, "drawing")
    drawing.delete(keep_parents=True)

    assert only_scan().status == Status.SUPERSEDED


def test_child_row_that_goes_while_its_parent_is_watched_too__ends_nothing(watch: Watch) -> None:
    watch(Drawing, "file")
    watch(Document, "file")
    document(Drawing, "drawing").delete(keep_parents=True)

    assert only_scan().status == Status.QUEUED


def test_child_deleted_as_its_parent__is_forgotten(watch: Watch) -> None:
    watch(Drawing, "file")
    drawing = document(Drawing, "drawing")
    Document.objects.filter(pk=drawing.pk).delete()

    assert only_scan().file_name == ""


def test_parent_that_becomes_a_watched_child__is_scanned(watch: Watch) -> None:
    watch(Drawing, "file")
    letter = document(Document, "letter")
    drawing = Drawing(document_ptr=letter, artist="Käthe")
    drawing.__dict__.update({name: letter.__dict__[name] for name in ("id", "name")}, file=letter.file.name)
    drawing.save()

    assert scanned() == ["letter"]


def test_backfill__queues_the_watched_child_only(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    for model in (Document, Leaflet, Drawing):
        document(model, model.__name__)
    watch(Drawing, "file")

    call_command("copyleaks_scan", "gallery.Drawing.file", "--yes")

    assert scanned() == ["Drawing"]
    assert capsys.readouterr().out == "gallery.Drawing.file: files queued: 1.\n"


def test_backfill__of_a_child_leaves_the_rest_of_a_watched_parent(watch: Watch) -> None:
    for model in (Document, Leaflet, Drawing):
        document(model, model.__name__)
    watch(Document, "file")
    watch(Drawing, "file")

    call_command("copyleaks_scan", "gallery.Drawing.file", "--yes")
    assert scanned() == ["Drawing"]
    call_command("copyleaks_scan", "gallery.Document.file", "--yes")
    assert scanned() == ["Drawing", "Leaflet", "Document"]


def test_reconciliation__finds_the_watched_child_only(watch: Watch) -> None:
    watch(Drawing, "file")
    reconcile.reconcile()
    for model in (Document, Leaflet, Drawing):
        in_sql(model, model.__name__)

    reconcile.reconcile()

    assert scanned() == ["Drawing"]


def test_full_scan__knows_the_watched_child_only(watch: Watch) -> None:
    letter, drawing = document(Document, "letter"), document(Drawing, "drawing")
    watch(Drawing, "file")
    call_command("copyleaks_scan", "gallery.Drawing.file", "--yes")
    go_round(2)
    in_sql(Leaflet, "leaflet")
    in_sql(Drawing, "another")
    rename(letter, "in/sql/letter.jpg")
    rename(drawing, "in/sql/drawing.jpg")

    go_round(2)

    assert scanned() == ["drawing", "drawing", "another"]


def test_full_scan__pays_for_no_files_of_before_when_another_class_is_named(watch: Watch) -> None:
    watch(Drawing, "file")
    document(Document, "letter")
    document(Drawing, "drawing")
    go_round(3)

    watch(Leaflet, "file")
    watch(Document, "file")
    go_round(3)

    assert scanned() == ["drawing"]


def test_full_scan__leaves_a_former_child_alone(watch: Watch) -> None:
    watch(Drawing, "file")
    drawing = document(Drawing, "drawing")
    Drawing.objects.filter(pk=drawing.pk)._raw_delete("default")
    rename(drawing, "in/sql/drawing.jpg")

    go_round(2)

    assert {scan.status for scan in ImageScan.objects.all()} == {Status.SUPERSEDED, Status.SKIPPED}


# Several registrations of one column


def test_parent_and_child__keep_both_their_options(watch: Watch) -> None:
    watch(Drawing, "file", when=lambda drawing: drawing.artist == "Käthe")
    watch(Document, "file", when=lambda document: document.name != "left out")

    document(Document, "left out")
    document(Document, "letter")
    document(Drawing, "left out", artist="Käthe")
    document(Drawing, "drawing", artist="Käthe")
    document(Drawing, "anonymous")

    assert scanned() == ["letter", "left out", "drawing"]


def test_parent_and_child__the_most_derived_class_rules_what_is_saved_as_the_parent(watch: Watch) -> None:
    watch(Document, "file")
    watch(Drawing, "file", when=lambda drawing: drawing.artist == "Käthe")
    drawing = document(Drawing, "drawing", artist="Käthe")
    Drawing.objects.update(artist="")
    as_parent = Document.objects.get(pk=drawing.pk)
    as_parent.file = upload("other.jpg")
    as_parent.save()

    assert [scan.status for scan in ImageScan.objects.order_by("pk")] == [Status.SUPERSEDED, Status.SKIPPED]


def test_new_parent__costs_one_insert_also_where_a_child_has_options_of_its_own(watch: Watch) -> None:
    watch(Document, "file")
    watch(Drawing, "file", when=lambda drawing: drawing.artist == "Käthe")
    document(Document, "fills the cache of content types")

    with CaptureQueriesContext(connection) as queries:
        document(Document, "letter")

    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["INSERT", "INSERT"]


def test_threshold__is_that_of_the_most_derived_class(watch: Watch) -> None:
    watch(Document, "file", review_area=0.5)
    watch(Drawing, "file", review_area=0.01)
    for model in (Document, Drawing):
        document(model, model.__name__)
    for scan in ImageScan.objects.order_by("pk"):
        receive.deliver(submitted(scan), as_json(detection(scan)), Source.WEBHOOK)
    judge()

    assert [image.standing for image in WatchedImage.objects.order_by("scan__pk")] == ["clean", "flagged"]


def test_abstract_model__gives_way_to_the_concrete_one(watch: Watch) -> None:
    watch(Poster, "file", when=lambda poster: False)
    watch(Picture, "file")
    Poster.objects.create(file=upload())

    assert not ImageScan.objects.exists()


@isolate_apps("tests.gallery", attr_name="apps")
def test_abstract_mixin_of_a_child__stands_for_the_child(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mixin(models.Model):
        class Meta:
            abstract = True
            app_label = "gallery"

    class Mixed(Mixin, Document):  # noqa: DJ008 - the parent's is as good
        class Meta:
            app_label = "gallery"

    monkeypatch.setattr(registry, "apps", Mixed._meta.apps)
    watch(Mixin, "file")

    (watched,) = (it for it in registry.watched_fields() if it.owner is Document)
    assert [named.model for named in watched.classes] == [Mixed]


# A proxy


def test_proxy_with_a_manager__is_what_the_manager_gives(watch: Watch) -> None:
    reconcile.reconcile()
    watch(Cover, "file")
    reconcile.reconcile()
    document(Document, "letter")
    document(Cover, "cover 1")
    document(Document, "cover 2")
    assert scanned() == ["cover 1"]

    reconcile.reconcile()  # What was saved as the model is found by what the manager gives.

    assert scanned() == ["cover 1", "cover 2"]


def test_proxy_with_a_manager__follows_its_object_through_the_model(watch: Watch) -> None:
    watch(Cover, "file")
    cover = document(Cover, "cover")
    as_model = Document.objects.get(pk=cover.pk)
    as_model.file = upload("other.jpg")
    as_model.save()

    assert scanned() == ["cover", "cover"]


def test_proxy_without_a_manager__is_what_is_saved_as_it(watch: Watch) -> None:
    watch(PlainDocument, "file")
    reconcile.reconcile()
    document(Document, "letter")
    plain = document(PlainDocument, "plain")
    reconcile.reconcile()
    assert scanned() == ["plain"]

    rename(plain, "in/sql/plain.jpg")
    go_round()

    assert scanned() == ["plain", "plain"]


def test_backfill_of_a_proxy_that_nothing_tells__says_what_to_do(watch: Watch) -> None:
    watch(PlainDocument, "file")

    with pytest.raises(CommandError, match="give the proxy a manager"):
        call_command("copyleaks_scan", "gallery.PlainDocument.file", "--yes")


# Pages


@pytest.mark.parametrize(("shown", "number"), [(Document, 0), (Leaflet, 0), (Drawing, 1)])
def test_mixin__shows_the_column_where_the_class_is_watched(shown: Any, number: int, watch: Watch) -> None:
    watch(Drawing, "file")

    assert len(CopyleaksImageMixin(shown, site).copyleaks_fields()) == number


def test_doctor_and_filters__say_what_was_named(watch: Watch) -> None:
    watch(Drawing, "file")
    (watched,) = (it for it in registry.watched_fields() if it.owner is Document)
    assert (watched.label, watched.named_labels) == ("gallery.Document.file", ["gallery.Drawing.file"])
    assert watched.verbose_name == "Drawing: file"

    watch(Document, "file")
    (watched,) = (it for it in registry.watched_fields() if it.owner is Document)
    assert watched.named_labels == ["gallery.Drawing.file", "gallery.Document.file"]
    assert watched.verbose_name == "Document: file"


# Mistakes


def ids() -> list[str]:
    return [str(message.id) for message in checks.run_checks(databases=[]) if message.id == "copyleaks_image.E045"]


def test_second_registration_with_other_options__is_an_error_that_says_what_to_do(watch: Watch) -> None:
    watch(Document, "file", review_area=0.1)
    watch(Document, "file", review_area=0.1)
    assert ids() == []

    watch(Document, "file", review_area=0.2)
    assert ids() == ["copyleaks_image.E045"]
    registry.unregister(Document, "file")
    watch(Document, "file", review_area=0.3)
    assert ids() == []


def test_parent_and_child_with_other_options__are_none(watch: Watch) -> None:
    watch(Document, "file", review_area=0.1)
    watch(Drawing, "file", review_area=0.2)
    watch(Cover, "file", review_area=0.3)

    assert ids() == []


def test_proxy_that_nothing_tells_beside_its_model__is_an_error_with_other_options(watch: Watch) -> None:
    watch(Document, "file", review_area=0.1)
    watch(PlainDocument, "file", review_area=0.1)
    assert ids() == []

    registry.unregister(PlainDocument, "file")
    watch(PlainDocument, "file", review_area=0.2)
    assert ids() == ["copyleaks_image.E045"]
