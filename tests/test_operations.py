"""A watched field gets another name: its scans, pictures and decisions go on with it, also long afterwards."""

from typing import Any

import pytest
from django.apps import apps
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import connection
from django.db.migrations.state import ProjectState
from django.utils import timezone

from django_copyleaks_image.models import AccountState, Decision, ImageScan, WatchedImage
from django_copyleaks_image.operations import RenameWatchedField
from django_copyleaks_image.standings import Kind, Standing
from tests.samples import only_scan, photo, target

pytestmark = pytest.mark.django_db(transaction=True)


def rename(old: str, new: str, model: str = "photo") -> None:
    run(RenameWatchedField(model, old, new))


def run(operation: RenameWatchedField, *, backwards: bool = False) -> None:
    state = ProjectState.from_apps(apps)
    with connection.schema_editor() as editor:
        do = operation.database_backwards if backwards else operation.database_forwards
        do("gallery", editor, state, state)


def judged(scan: ImageScan, standing: Standing, file_name: str = "a.jpg", sha256: str = "1" * 64) -> WatchedImage:
    """Give a scan's picture a row, and the decision that it stands by, if it does."""
    found = {"scan": scan, "file_name": file_name, "sha256": sha256, "standing": standing}
    if standing == Standing.CLEAN:
        found["verdict"] = "no_ai"
    image = WatchedImage.objects.create(**target(scan), **found)
    if standing != Standing.CLEAN:
        Decision.objects.create(image=image, scan=scan, sha256=sha256, kind=Kind.CONFIRMED, before=Standing.CLEAN)
    return image


def scan_of(field: str) -> ImageScan:
    """Queue one more scan of the only object, as of a field of this name."""
    return ImageScan.objects.create(**target(ImageScan.objects.all()[0]) | {"field_name": field}, file_name="a.jpg")


def test_rows_of_another_model_or_field__stay(watch: Any) -> None:
    photo()
    rename("front", "image", model="listing")
    assert only_scan().field_name == "image"
    rename("title", "name")
    assert only_scan().field_name == "image"

    rename("image", "picture")
    assert only_scan().field_name == "picture"
    run(RenameWatchedField("Photo", "image", "picture"), backwards=True)
    assert only_scan().field_name == "image"


def test_column_whose_name_begins_alike__stays_and_values_within_json_go_along() -> None:
    photo()
    for field in ("image__cover", "images", "image_1"):
        judged(scan_of(field), Standing.CLEAN)
    AccountState.objects.create(watermarks={"gallery.Photo.images": [1], "gallery.Photo.image__cover": [2]})

    rename("image", "picture")

    marks = AccountState.objects.get().watermarks
    assert marks == {"gallery.Photo.images": [1], "gallery.Photo.picture__cover": [2]}
    expected = ["picture", "picture__cover", "images", "image_1"]
    assert [scan.field_name for scan in ImageScan.objects.order_by("pk")] == expected
    assert [image.field_name for image in WatchedImage.objects.order_by("pk")] == expected[1:]


def test_several_pictures__get_another_name_with_their_keys() -> None:
    photo()
    judged(scan_of("pages:1"), Standing.CLEAN)
    judged(scan_of("pages"), Standing.CLEAN)
    AccountState.objects.create(watermarks={"gallery.Photo.pages": [1]})
    assert all("pages:1" not in words for words in warned())

    rename("pages:", "sheets:")

    assert [scan.field_name for scan in ImageScan.objects.order_by("pk")] == ["image", "sheets:1", "pages"]
    assert AccountState.objects.get().watermarks == {"gallery.Photo.sheets": [1]}


def test_name_that_is_no_column_of_the_model__is_a_mistake() -> None:
    with pytest.raises(FieldDoesNotExist, match="whose table has the column"):
        rename("face", "portrait")


@pytest.mark.parametrize(
    ("early", "late", "late_sha256", "late_name", "kept"),
    [
        # The site has hidden what was confirmed; somebody ran the operation at last.
        (Standing.CONFIRMED, Standing.CLEAN, "1", "a.jpg", Standing.CONFIRMED),
        # What was decided since is the last word.
        (Standing.CONFIRMED, Standing.CLEARED, "1", "a.jpg", Standing.CLEARED),
        (Standing.CLEAN, Standing.CLEAN, "1", "a.jpg", Standing.CLEAN),
        # Nothing is said of other bytes.
        (Standing.CONFIRMED, Standing.CLEAN, "2", "a.jpg", Standing.CLEAN),
        (Standing.CONFIRMED, Standing.CLEAN, "1", "b.jpg", Standing.CLEAN),
    ],
)
def test_site_that_went_on_without_it__is_mended_later(
    early: Standing, late: Standing, late_sha256: str, late_name: str, kept: Standing
) -> None:
    photo()
    rename("image", "picture")
    judged(only_scan(), early)
    judged(scan_of("image"), late, file_name=late_name, sha256=late_sha256 * 64)
    decisions = Decision.objects.count()

    rename("picture", "image")

    image = WatchedImage.objects.get()
    assert (image.field_name, image.standing) == ("image", kept)
    assert {scan.field_name for scan in ImageScan.objects.all()} == {"image"}
    assert image.decisions.count() == Decision.objects.count() == decisions


def warned() -> list[str]:
    found = checks.run_checks(databases=["default"])
    return [f"{message.msg} {message.hint}" for message in found if message.id == "copyleaks_image.W047"]


def test_field_that_the_model_no_longer_has__is_told_with_the_operation() -> None:
    photo()
    judged(only_scan(), Standing.CONFIRMED)
    assert warned() == []

    WatchedImage.objects.update(field_name="old_image")
    (words,) = warned()
    assert "gallery.Photo.old_image" in words
    assert "RenameWatchedField('photo', 'old_image', 'the new name')" in words
    WatchedImage.objects.update(removed_at=timezone.now())
    assert warned() == []
    WatchedImage.objects.update(removed_at=None, field_name="title__old")
    assert warned() == []


def test_field_of_before_a_migration_that_may_rename_it__is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    photo()
    judged(only_scan(), Standing.CONFIRMED)
    WatchedImage.objects.update(field_name="old_image")
    monkeypatch.setattr("django_copyleaks_image.checks.fields._has_migrations_to_come", lambda: True)

    assert warned() == []


def test_operation__can_be_written_to_a_migration_and_described() -> None:
    operation = RenameWatchedField("photo", "image", "picture")

    assert operation.deconstruct() == ("RenameWatchedField", ("photo", "image", "picture"), {})
    assert operation.describe() == "Rename the watched field image on photo to picture"
    assert operation.migration_name_fragment == "rename_watched_image_picture"
