"""What is done to many rows, and to what is read of them: imports, histories, trees, children, caches."""

from typing import Any

import pytest
from cachalot.settings import cachalot_settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from import_export.resources import modelresource_factory
from tablib import Dataset

from django_copyleaks_image.api import latest_scan, prefetch_standings, publishable, standing, with_standing
from django_copyleaks_image.checks.caching import check_kept_tables
from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.testing import CopyleaksEmulator, CopyleaksResults
from tests.admin.desk_requests import press
from tests.neighbours.test_recipes import recipe
from tests.samples import picture, upload

from .models import Circle, Easy, Journal, Leaf, Shape, Sheet

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("use_bulk", [False, True], ids=["by-row", "bulk"])
def test_import__has_every_file_scanned(use_bulk: bool, copyleaks_emulator: CopyleaksEmulator) -> None:
    names = [
        default_storage.save(f"sheets/{colour}.jpg", upload(content=picture(colour=colour)))
        for colour in ("navy", "tan")
    ]
    resource: Any = modelresource_factory(Sheet, meta_options={"use_bulk": use_bulk})()

    result = resource.import_data(Dataset(*[("", name) for name in names], headers=["id", "image"]), raise_errors=True)
    assert result.totals["new"] == 2
    if use_bulk:
        # As bulk_create() does, it tells nobody: the worker finds them by its full scan, or now the command does.
        assert not ImageScan.objects.exists()
        call_command("copyleaks_scan", "studio.Sheet.image", yes=True)
    copyleaks_emulator.work()

    assert sorted(ImageScan.objects.values_list("file_name", "verdict")) == [(name, "no_ai") for name in names]
    # Imported once more, nothing is bought again.
    rows = [(sheet.pk, sheet.image.name) for sheet in Sheet.objects.all()]
    resource.import_data(Dataset(*rows, headers=["id", "image"]), raise_errors=True)
    copyleaks_emulator.work()
    assert ImageScan.objects.count() == len(copyleaks_emulator.ledger.entries()) == 2


def test_history__is_no_picture_and_going_back_buys_nothing(copyleaks_emulator: CopyleaksEmulator) -> None:
    journal = Journal.objects.create(image=upload())
    copyleaks_emulator.work()
    journal.save()

    journal.history.last().instance.save()
    copyleaks_emulator.work()

    assert journal.history.count() == 3
    assert {it.content_type.model for it in WatchedImage.objects.all()} == {"journal"}
    assert ImageScan.objects.count() == len(copyleaks_emulator.ledger.entries()) == 1


@pytest.mark.parametrize(("model", "asked"), [(Circle, Shape), (Circle, Circle), (Leaf, Leaf)])
def test_querysets_of_their_own__are_asked_like_any(
    model: Any, asked: Any, copyleaks_results: CopyleaksResults
) -> None:
    flagged, clean = (model.objects.create(image=upload(name)) for name in ("one.jpg", "two.jpg"))
    copyleaks_results.measured(flagged, "image", ai=0.9)
    copyleaks_results.measured(clean, "image")

    found = asked.objects.all()
    assert list(publishable(found, "image")) == [clean]
    assert [it.copyleaks_standing for it in with_standing(found.order_by("pk"), "image")] == ["flagged", "clean"]
    rows = prefetch_standings(found.order_by("pk"), "image")
    assert [standing(it, "image").standing for it in rows] == ["flagged", "clean"]
    assert [latest_scan(it, "image").object_id for it in rows] == [str(flagged.pk), str(clean.pk)]  # type: ignore[union-attr]
    found.delete()
    assert not WatchedImage.objects.filter(removed_at=None).exists()


def test_tree__is_moved_without_a_scan() -> None:
    root, leaf = (Leaf.objects.create(image=upload(name)) for name in ("root.jpg", "leaf.jpg"))
    leaf.move_to(root, "first-child")
    for moved in (root, leaf):
        moved.refresh_from_db()
        moved.save()

    assert root.get_descendants().get() == leaf
    assert ImageScan.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_cachalot__keeps_the_project_alone_with_the_recipe(
    moderator: Client, copyleaks_emulator: CopyleaksEmulator
) -> None:
    def shown() -> list[Model]:
        return list(publishable(Easy.objects.all(), "image"))

    def kept() -> int:
        call_command("copyleaks_worker", once=True, verbosity=0)
        return len(cache.keys("*"))  # type: ignore[attr-defined]

    easy = Easy.objects.create(image=upload("harbour-ai-37.jpg"))
    assert list(Easy.objects.all()) == [easy]
    with CaptureQueriesContext(connection) as queries:
        assert list(Easy.objects.all()) == [easy]
    assert len(queries) == 0
    assert shown() == []
    copyleaks_emulator.work()
    assert (shown(), standing(easy, "image").standing) == ([], "flagged")
    press(moderator, WatchedImage.objects.get(), "cleared")
    assert shown() == [easy]
    # Else each look of a worker, which asks with another time, would stay there for ever.
    assert kept() == kept()
    assert check_kept_tables() == []
    assert recipe("django-cachalot").strip() == 'CACHALOT_UNCACHABLE_APPS = ("copyleaks_image",)'

    try:
        with override_settings(CACHALOT_UNCACHABLE_APPS=()):
            cachalot_settings.reload()
            assert [message.id for message in check_kept_tables()] == ["copyleaks_image.W076"]
            assert kept() < kept()
    finally:
        cachalot_settings.reload()


def test_login_at_copyleaks__is_kept_in_django_redis(copyleaks_emulator: CopyleaksEmulator) -> None:
    for name in ("one.jpg", "two.jpg"):
        Easy.objects.create(image=upload(name, picture(colour={"one.jpg": "navy", "two.jpg": "tan"}[name])))
        copyleaks_emulator.work()

    assert [key for key in cache.keys("*") if "copyleaks" in key]  # type: ignore[attr-defined]
    assert len(copyleaks_emulator.ledger.entries()) == 2
