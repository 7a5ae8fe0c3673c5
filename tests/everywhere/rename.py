"""Run in a process of a project with an empty database: pictures of a field that migrations rename, there and back."""

from typing import Any

import django
from django.core.management import call_command
from django.db import connection


def migrate(*arguments: str) -> None:
    call_command("migrate", *arguments, verbosity=0)


def make_pictures() -> None:
    """Insert the rows of an album of before, whose picture and cover were measured and confirmed."""
    from django.contrib.contenttypes.models import ContentType

    from django_copyleaks_image.models import AccountState, Decision, ImageScan, WatchedImage
    from django_copyleaks_image.standings import Kind, Standing

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO albums_album (id, title, image, extra) VALUES (1, 'Sea', 'albums/a.jpg', %s)",
            ['{"cover": "c.jpg"}'],
        )
    album, _ = ContentType.objects.get_or_create(app_label="albums", model="album")
    for field, name in (("image", "albums/a.jpg"), ("extra__cover", "c.jpg"), ("extras", "d.jpg")):
        target: dict[str, Any] = {"content_type": album, "object_id": "1", "field_name": field}
        scan = ImageScan.objects.create(**target, file_name=name)
        image = WatchedImage.objects.create(**target, file_name=name, scan=scan, standing=Standing.CONFIRMED)
        Decision.objects.create(image=image, scan=scan, kind=Kind.CONFIRMED, before=Standing.WAITING)
    marks = {"albums.Album.image": [1, 1, "2026-07-20T00:00:00+00:00"], "gallery.Photo.image": [7, 7, ""]}
    progress = {"scans": 0, "fields": {"albums.Album.image": {"after": "1"}}}
    AccountState.objects.create(watermarks=marks, full_scan_progress=progress)


def check_names(*expected: str) -> None:
    from django_copyleaks_image.models import AccountState, ImageScan, WatchedImage

    for model in (ImageScan, WatchedImage):
        found = list(model.objects.order_by("pk").values_list("field_name", flat=True))
        assert found == list(expected), found
    account = AccountState.objects.get()
    label = f"albums.Album.{expected[0]}"
    assert set(account.watermarks) == {label, "gallery.Photo.image"}, account.watermarks
    assert account.full_scan_progress == {"scans": 0, "fields": {label: {"after": "1"}}}, account.full_scan_progress


def check_verdict() -> None:
    """Check that the site goes on saying what was decided, and that nothing is queued anew."""
    from django_copyleaks_image.api import publishable, standing
    from django_copyleaks_image.models import ImageScan
    from django_copyleaks_image.scanning import full_scan
    from tests.everywhere.albums.models import Collection

    collections = Collection._default_manager.all()
    collection = collections.get()
    assert standing(collection, "picture").decision == "confirmed"
    assert not publishable(collections, "picture", unmeasured="show").exists()
    full_scan.take_next_steps()
    assert ImageScan.objects.count() == 3


if __name__ == "__main__":
    django.setup()
    migrate("albums", "0002")  # Where ours come later, there is nothing to rename yet.
    migrate("albums", "0001")
    migrate("copyleaks_image")
    make_pictures()
    migrate("albums", "0002")
    check_names("picture", "meta__cover", "extras")
    migrate("albums", "0001")
    check_names("image", "extra__cover", "extras")
    migrate()
    check_verdict()
