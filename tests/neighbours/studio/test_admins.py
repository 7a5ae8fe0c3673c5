"""The pages that the packages add to the admin of a model which has our mixin."""

from io import BytesIO

import pytest
from django.test import Client

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.testing import CopyleaksResults
from tests.samples import upload

from .models import Circle, Journal, Leaf, Plate, Sheet

pytestmark = pytest.mark.django_db
STUDIO = "/admin/studio/"
FLAGGED = "copyleaks-badge-partly-ai"


def text(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return str(page.content.decode())


def test_history__shows_each_version(moderator: Client, copyleaks_results: CopyleaksResults) -> None:
    journal = Journal.objects.create(image=upload())
    copyleaks_results.measured(journal, ai=0.37)
    version = journal.history.get()

    assert f"history/{version.pk}/" in text(moderator, f"{STUDIO}journal/{journal.pk}/history/")
    assert "AI share of the area: 37" in text(moderator, f"{STUDIO}journal/{journal.pk}/history/{version.pk}/")


def test_parent_of_polymorphic_models__lists_what_was_found(
    moderator: Client, copyleaks_results: CopyleaksResults
) -> None:
    circle = Circle.objects.create(image=upload())
    copyleaks_results.measured(circle, "image", ai=0.37)

    assert FLAGGED in text(moderator, f"{STUDIO}shape/")
    assert "AI share of the area: 37" in text(moderator, f"{STUDIO}shape/{circle.pk}/change/")
    assert text(moderator, f"{STUDIO}shape/?copyleaks_image_verdict=partly_ai")


def test_tree__is_dragged_and_keeps_its_badges(moderator: Client, copyleaks_results: CopyleaksResults) -> None:
    root, leaf = (Leaf.objects.create(image=upload(name)) for name in ("root.jpg", "leaf.jpg"))
    copyleaks_results.measured(leaf, ai=0.37)
    moved = {"cmd": "move_node", "position": "last-child", "cut_item": leaf.pk, "pasted_on": root.pk}
    answer = moderator.post(f"{STUDIO}leaf/", moved, headers={"X-Requested-With": "XMLHttpRequest"})

    assert answer.status_code == 200
    leaf.refresh_from_db()
    assert leaf.parent == root
    assert FLAGGED in text(moderator, f"{STUDIO}leaf/")


def test_import_and_export__work_by_their_forms(moderator: Client, copyleaks_results: CopyleaksResults) -> None:
    sheet = Sheet.objects.create(image=upload())
    copyleaks_results.measured(sheet, ai=0.37)
    file = BytesIO(b"id,image\n,sheets/new.jpg\n")
    file.name = "sheets.csv"

    page = moderator.post(f"{STUDIO}sheet/import/", {"import_file": file, "format": 0, "resource": 0})
    confirmed = page.context["confirm_form"].initial
    assert moderator.post(f"{STUDIO}sheet/process_import/", confirmed).status_code == 302
    assert ImageScan.objects.filter(file_name="sheets/new.jpg", status="queued").exists()
    fields = {"format": 0, "resource": 0, "sheetresource_id": "on", "sheetresource_image": "on"}
    exported = moderator.post(f"{STUDIO}sheet/export/", fields).content.decode()
    assert exported.splitlines()[1:] == [f"{it.pk},{it.image.name}" for it in Sheet.objects.order_by("-pk")]


def test_permissions_of_one_object__have_their_page(moderator: Client, copyleaks_results: CopyleaksResults) -> None:
    plate = Plate.objects.create(image=upload())
    copyleaks_results.measured(plate, ai=0.37)

    assert "permissions" in text(moderator, f"{STUDIO}plate/{plate.pk}/permissions/")
    assert f"{plate.pk}/permissions/" in text(moderator, f"{STUDIO}plate/{plate.pk}/change/")
