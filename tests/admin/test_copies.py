"""What moderators are told and shown of a picture that was measured on a copy, or not at all."""

from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image, ImageOps

from django_copyleaks_image.admin.stage import stage_of
from django_copyleaks_image.api import finding
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.problems import Problem, stored
from django_copyleaks_image.renditions import copies as kept
from django_copyleaks_image.renditions import shelf
from django_copyleaks_image.scanning import prepare, renditions, stored_files, submit
from tests.admin.desk_requests import next_items
from tests.admin.scans_to_show import failed, measured, rectangle
from tests.samples import only_scan, photo, picture

pytestmark = pytest.mark.django_db

# Too large by a little, with a square in the upper left part of the upright picture.
SIZE, SQUARE = (6200, 2000), (1240, 400, 620, 200)


def stored_with(orientation: int) -> bytes:
    upright = Image.new("L", SIZE if orientation < 5 else SIZE[::-1])
    left, top, width, height = SQUARE if orientation < 5 else (400, 1240, 200, 620)
    upright.paste(255, (left, top, left + width, top + height))
    # What makes an upright picture look so once the orientation is applied: the orientation the other way round.
    tags = Image.Exif()
    tags[0x0112] = {6: 8, 8: 6}.get(orientation, orientation)
    as_stored = ImageOps.exif_transpose(Image.open(BytesIO(_saved(upright, "PNG", exif=tags))))
    assert as_stored is not None
    tags[0x0112] = orientation
    return _saved(as_stored, "JPEG", quality=90, exif=tags)


def _saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def bright(content: bytes) -> tuple[float, float, float, float]:
    """Return where the square is, as shares of the sides."""
    image = Image.open(BytesIO(content)).convert("L")
    box = image.point(lambda value: 255 * (value > 128)).getbbox()
    assert box is not None
    left, top, right, bottom = box
    return left / image.width, top / image.height, (right - left) / image.width, (bottom - top) / image.height


@pytest.mark.parametrize("orientation", range(1, 9))
def test_marks__lie_where_they_were_found_on_the_copy(orientation: int) -> None:
    instance = photo("square.jpg", stored_with(orientation))
    (scan,) = submit.claim(1)
    file = stored_files.stored_file(scan)
    submit._note_facts(scan, prepare.measure(file))
    submit._store_facts(scan)
    submit._prepare_copy(scan, file)
    copy = b"".join(stored_files.read_chunks(kept.of(scan)))
    sides = Image.open(BytesIO(copy)).size
    assert sides == (scan.copy_width, scan.copy_height) == ((6000, 1935) if orientation < 5 else (1935, 6000))
    left, top, width, height = (round(share * side) for share, side in zip(bright(copy), (*sides, *sides), strict=True))
    mask = rectangle(left, top, width, height, of_width=sides[0])
    facts: dict[str, Any] = {"width": scan.width, "height": scan.height}

    measured(instance, mask=mask, size=sides, regions=[[left, top, width, height, width * height]], **facts)
    scan = only_scan()
    stage = stage_of(scan, lambda *names: "/".join(map(str, names)), alt="A square")
    renditions.draw_due(at_most=3)

    (box,) = stage.boxes
    assert stage.size == sides
    assert stage.actual_size == (SIZE if orientation < 5 else SIZE[::-1])
    assert not any("assumed" in note for note in stage.notes)
    page = shelf.get(scan.sha256, "page")
    assert page is not None
    on_page = bright(page)
    assert [share / side for share, side in zip(box, (*sides, *sides), strict=True)] == pytest.approx(on_page, abs=0.01)
    assert f"at the upper left; measured on a copy of {sides[0]} × {sides[1]}" in finding(scan)


def test_finding__says_that_it_is_of_a_copy() -> None:
    scan = measured(photo("a.gif", picture("GIF")), detected=False, ai_ratio=0.0, copy_width=6000, copy_height=4500)
    assert finding(scan) == "No AI detected; measured on a copy of 6000 × 4500"


def test_page_of_a_scan__tells_of_copy_and_frames(moderator: Client) -> None:
    columns: dict[str, Any] = {"copy_width": 6000, "copy_height": 4500, "copy_format": "PNG", "several_frames": True}
    scan = measured(photo("a.gif", picture("GIF")), size=(6000, 4500), **columns)

    page = moderator.get(f"/admin/copyleaks_image/imagescan/{scan.pk}/change/").content.decode()

    assert "6000 × 4500 pixels, PNG" in page
    assert "the first of several frames or pages" in page
    assert "Measured by the provider" not in page


def test_desk__tells_of_copy_and_frames(admin_client: Client, admin_user: User) -> None:
    columns: dict[str, Any] = {"copy_width": 512, "copy_height": 512, "copy_format": "JPEG", "several_frames": True}
    measured(photo("a.gif", picture("GIF")), size=(512, 512), **columns)

    (item,) = next_items(admin_client)

    assert "measured on a copy of 512 × 512" in item["html"]
    assert "the first of several frames or pages" in item["html"]


def test_desk__names_the_particular_reason_of_what_is_not_measured(admin_client: Client) -> None:
    message = Problem.SIDES_TOO_SMALL(width=300, height=200)
    columns: dict[str, Any] = {"error_message": message, "error_values": stored(message), "width": 300, "height": 200}
    failed(photo("a.jpg", picture(size=(300, 200))), "too_small", Status.SKIPPED, image_format="JPEG", **columns)

    (item,) = next_items(admin_client, queue="unmeasured")

    assert "The picture has 300 × 200 pixels; Copyleaks needs at least 512 × 512." in item["html"]
    assert "300 × 200 pixels" in item["html"]


def test_result_without_a_size__has_that_of_the_copy() -> None:
    from django_copyleaks_image.models.receipt import Source
    from django_copyleaks_image.scanning import receive
    from tests.samples import as_json, detection, submitted

    photo("a.gif", picture("GIF"))
    scan = submitted(only_scan())
    ImageScan.objects.update(copy_width=300, copy_height=200)
    receive.deliver(only_scan(), as_json(detection(scan, imageInfo={})), Source.WEBHOOK)

    result = only_scan().result
    assert result is not None
    assert (result.image_width, result.image_height) == (300, 200)
