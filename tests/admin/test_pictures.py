import re
import shutil
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.utils import timezone
from PIL import Image
from PIL.ImageFile import ImageFile

from django_copyleaks_image.admin import ImageScanAdmin
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.models import ImageScan, Rendition
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.renditions import shelf
from tests.admin.drawn_pictures import draw, get_drawn, is_being_prepared
from tests.admin.scans_to_show import failed, measured, measured_photo, rectangle
from tests.gallery.admin import PhotoAdmin
from tests.gallery.models import Photo
from tests.samples import photo, picture, upload

SCANS = "/admin/copyleaks_image/imagescan/"
CUT = picture("WEBP")[:-40]

pytestmark = pytest.mark.django_db


def rendition(client: Client, scan: ImageScan, size: str = "page", **headers: str) -> Any:
    return get_drawn(client, f"{SCANS}rendition/{scan.pk}/{size}/", headers=headers)


def overlay(client: Client, scan: ImageScan, **headers: str) -> Any:
    return client.get(f"{SCANS}overlay/{scan.pk}.png", headers=headers)


def original(client: Client, scan: ImageScan) -> Any:
    return get_drawn(client, f"{SCANS}original/{scan.pk}/")


def is_no_picture(response: Any) -> bool:
    """Return whether a list was answered a sign that there is no picture, which is kept nowhere."""
    kind, kept = response.headers["Content-Type"], response.headers["Cache-Control"]
    return (response.status_code, kind, kept) == (200, "image/svg+xml", "private, no-store")


def opened(response: Any) -> Image.Image:
    return Image.open(BytesIO(response.getvalue()))


@pytest.mark.parametrize(("size", "side"), [("thumbnail", 160), ("panel", 480), ("page", 1600)])
def test_rendition__is_a_small_copy_and_never_the_original(moderator: Client, size: str, side: int) -> None:
    original = picture(size=(2000, 1000))
    scan = measured(photo(content=original))
    response = rendition(moderator, scan, size)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "private" in response.headers["Cache-Control"]
    assert opened(response).size == (side, side // 2)
    assert response.content != original


def test_rendition__of_an_unknown_size_or_scan_is_not_found(moderator: Client) -> None:
    scan = measured_photo()
    assert rendition(moderator, scan, "original").status_code == 404
    assert moderator.get(f"{SCANS}rendition/{scan.pk + 1}/page/").status_code == 404
    assert moderator.get(f"{SCANS}overlay/{scan.pk + 1}.png").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "rendition/{}/page/",
        "rendition/{}/thumbnail/",
        "original/{}/",
        "overlay/{}.png",
        "overlay/{}/full.png",
        "heatmap/{}.png",
    ],
)
def test_pictures__are_closed_to_whoever_may_not_view_scan_and_object(staff: Any, name: str) -> None:
    scan = measured_photo(heatmap=picture("PNG", (64, 64)))
    address = SCANS + name.format(scan.pk)
    assert Client().get(address).status_code == 302
    assert staff().get(address).status_code == 404
    assert staff("view_photo").get(address).status_code == 404
    assert staff("view_imagescan").get(address).status_code == 404
    response = get_drawn(staff("view_imagescan", "view_photo"), address)
    assert response.status_code == 200
    assert b"".join(response)


def test_pictures__respect_the_permission_for_the_single_object(
    moderator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = measured_photo("secret.jpg", metadata={"contentSummary": "A secret meadow"})
    public = measured_photo("public.jpg")

    def may_view(admin: PhotoAdmin, request: object, obj: Photo | None = None) -> bool:
        return obj is None or obj.title != "secret.jpg"

    monkeypatch.setattr(PhotoAdmin, "has_view_permission", may_view)
    assert rendition(moderator, secret).status_code == overlay(moderator, secret).status_code == 404
    assert original(moderator, secret).status_code == 404
    assert rendition(moderator, public).status_code == overlay(moderator, public).status_code == 200
    page = moderator.get(f"{SCANS}{secret.pk}/change/").content.decode()
    assert "You may not view the object" in page
    assert "/rendition/" not in page
    # Nor is anything told that names the picture or describes it.
    for told in (page, moderator.get(SCANS).content.decode()):
        assert secret.file_name not in told
        assert "A secret meadow" not in told
    assert public.file_name in moderator.get(SCANS).content.decode()


def test_pictures__respect_a_queryset_that_the_project_narrows(
    moderator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = measured_photo()
    monkeypatch.setattr(ImageScanAdmin, "get_queryset", lambda admin, request: ImageScan.objects.none())
    assert rendition(moderator, scan).status_code == 404


@pytest.mark.parametrize("view", [rendition, overlay])
def test_known_picture__is_answered_304_without_opening_the_storage(
    moderator: Client, settings: Any, view: Any
) -> None:
    scan = measured_photo()
    tag = view(moderator, scan).headers["ETag"]
    cache.clear()
    shutil.rmtree(settings.MEDIA_ROOT)
    again = view(moderator, scan, if_none_match=tag)
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == tag
    assert "private" in again.headers["Cache-Control"]


@pytest.mark.parametrize("size", ["thumbnail", "panel", "page"])
def test_rendition__is_made_once_for_the_same_bytes(moderator: Client, settings: Any, size: str) -> None:
    scan = measured_photo()
    first = rendition(moderator, scan, size)
    shutil.rmtree(settings.MEDIA_ROOT)
    assert rendition(moderator, scan, size).content == first.content
    cache.clear()
    assert moderator.get(f"{SCANS}rendition/{scan.pk}/{size}/").content == first.content


@pytest.mark.parametrize(
    "address",
    ["rendition/{}/page/", "rendition/{}/panel/", "rendition/{}/thumbnail/", "original/{}/", "heatmap/{}.png"],
)
def test_picture_that_nobody_has_drawn_yet__is_asked_for_and_never_decoded_here(
    moderator: Client, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def decode(*arguments: Any, **named: Any) -> None:
        raise AssertionError("A picture of a stranger is opened in a web process.")

    scan = measured(photo(content=picture("TIFF")), heatmap=picture("PNG"))
    with monkeypatch.context() as in_the_request:
        in_the_request.setattr(ImageFile, "__init__", decode)
        for _ in range(2):
            assert is_being_prepared(moderator.get(SCANS + address.format(scan.pk)))
    assert Rendition.objects.filter(due_at__lte=timezone.now()).count() == 1
    drawn = get_drawn(moderator, SCANS + address.format(scan.pk))
    assert drawn.headers["Content-Type"] in ("image/webp", "image/jpeg", "image/png")
    assert drawn.getvalue() != picture("TIFF")


def test_page_of_a_scan__tells_nothing_of_a_picture_that_is_being_prepared_but_why_it_cannot_be_shown(
    moderator: Client,
) -> None:
    scan = failed(photo("cut.webp", CUT), "unsupported_format")
    assert f"rendition/{scan.pk}/page/" in moderator.get(f"{SCANS}{scan.pk}/change/").content.decode()
    draw(scan.scan_id)
    page = moderator.get(f"{SCANS}{scan.pk}/change/").content.decode()
    assert "The WEBP file is broken or cut short." in page
    assert '<img class="copyleaks-photo"' not in page


def test_picture_that_cannot_be_shown__is_not_drawn_again_at_every_view(
    moderator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = measured(photo(content=CUT))
    assert rendition(moderator, scan).content.decode() == "The WEBP file is broken or cut short."
    monkeypatch.setattr(pool.drawing, "ask", lambda *arguments: pytest.fail("It was tried again."))
    assert rendition(moderator, scan).content.decode() == "The WEBP file is broken or cut short."
    Rendition.objects.update(checked_at=timezone.now() - timedelta(days=1))
    assert rendition(moderator, scan).status_code == 404
    row = Rendition.objects.get()
    assert (row.attempts, row.is_final, row.due_at) == (1, True, None)


@pytest.mark.parametrize("is_measured", [True, False])
def test_picture_that_was_drawn__is_not_drawn_again_at_a_later_view(moderator: Client, is_measured: bool) -> None:
    scan = measured_photo() if is_measured else failed(photo(), "too_small", Status.SKIPPED)
    addresses = [f"{SCANS}rendition/{scan.pk}/thumbnail/", f"{SCANS}original/{scan.pk}/", f"{SCANS}{scan.pk}/change/"]
    for address in addresses:
        b"".join(get_drawn(moderator, address))
    Rendition.objects.update(checked_at=timezone.now() - timedelta(days=1))
    for address in addresses:
        response = moderator.get(address)
        assert response.status_code == 200
        b"".join(response)
    assert not Rendition.objects.exclude(due_at=None).exists()


def test_picture_that_was_drawn_and_is_lost__is_drawn_again_after_a_while(moderator: Client) -> None:
    scan = measured_photo()
    assert rendition(moderator, scan).status_code == 200
    shelf.remove(scan.sha256)
    assert b"does not find it" in moderator.get(f"{SCANS}rendition/{scan.pk}/page/").content
    Rendition.objects.update(checked_at=timezone.now() - timedelta(days=1))
    assert is_being_prepared(moderator.get(f"{SCANS}rendition/{scan.pk}/page/"))
    assert rendition(moderator, scan).status_code == 200


def test_same_bytes_of_another_object__are_not_tried_again(moderator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(photo("one.webp", CUT))
    second = measured(photo("two.webp", CUT))
    rendition(moderator, first)
    monkeypatch.setattr(pool.drawing, "ask", lambda *arguments: pytest.fail("It was tried again."))
    assert rendition(moderator, second).content.decode() == "The WEBP file is broken or cut short."


def test_picture_that_ended_its_scan_as_too_complex__is_not_even_asked_for(moderator: Client) -> None:
    scan = failed(photo(), "too_complex", Status.SKIPPED)
    answer = moderator.get(f"{SCANS}rendition/{scan.pk}/page/")
    assert answer.content.decode() == "The picture asks for more memory or time than one picture may take."
    assert not Rendition.objects.exists()


def test_storage_that_fails_for_now__is_asked_again_when_somebody_looks_later(
    moderator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = measured_photo()
    with monkeypatch.context() as broken:
        broken.setattr(FileSystemStorage, "open", _refuse)
        assert rendition(moderator, scan).content.decode() == "The storage could not be read."
    assert rendition(moderator, scan).status_code == 404
    Rendition.objects.update(checked_at=timezone.now() - timedelta(minutes=2))
    assert rendition(moderator, scan).status_code == 200


def _refuse(*arguments: Any) -> None:
    raise PermissionError


def test_kept_renditions__are_told_apart_by_their_size(moderator: Client) -> None:
    scan = measured_photo()
    for _ in range(2):
        assert opened(rendition(moderator, scan, "thumbnail")).size == (160, 160)
        assert opened(rendition(moderator, scan, "page")).size == (640, 640)


def test_kept_rendition__is_not_shown_once_the_picture_is_gone(moderator: Client) -> None:
    scan = measured_photo()
    rendition(moderator, scan)
    Photo.objects.get(pk=scan.object_id).delete()
    assert rendition(moderator, scan).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tiff", picture("TIFF", colour=(200, 100, 50))),
        ("b.jpg", picture("JPEG", colour=(0, 100, 200, 50), mode="CMYK")),
        ("c.png", picture("PNG", colour=40_000, mode="I;16")),
        ("d.tiff", picture("TIFF", colour=40_000, mode="I;16")),
        ("e.tiff", picture("TIFF", colour=(0, 100, 200, 50), mode="CMYK")),
    ],
)
def test_tiff_cmyk_and_16_bits__are_shown(moderator: Client, name: str, content: bytes) -> None:
    scan = measured(photo(name, content))
    shown = opened(rendition(moderator, scan))
    assert (shown.format, shown.mode, shown.size) == ("WEBP", "RGB", (640, 640))
    # Neither black nor white: the colours were read as what they are.
    assert all(10 < sum(extrema) < 500 for extrema in shown.getextrema())  # type: ignore[arg-type]
    assert opened(original(moderator, scan)).size == (640, 640)


def test_replaced_file__is_not_shown_as_the_scanned_one(moderator: Client) -> None:
    scan = measured_photo()
    tag = rendition(moderator, scan).headers["ETag"]
    Photo.objects.get(pk=scan.object_id).image.save("other.jpg", upload())
    response = rendition(moderator, scan, if_none_match=tag)
    assert response.status_code == 404
    assert response.content.decode() == "The file was replaced by another one."
    assert is_no_picture(rendition(moderator, scan, "thumbnail"))
    assert overlay(moderator, scan).status_code == 200


def test_other_bytes_under_the_same_name__are_not_shown_as_the_scanned_ones(moderator: Client) -> None:
    scan = measured_photo()
    path = Path(Photo.objects.get(pk=scan.object_id).image.path)
    path.write_bytes(picture(colour="black"))
    assert rendition(moderator, scan).status_code == 404
    assert is_no_picture(rendition(moderator, scan, "thumbnail"))
    assert overlay(moderator, scan).status_code == 200


def test_removed_object__leaves_the_overlay(moderator: Client) -> None:
    scan = measured_photo()
    Photo.objects.get(pk=scan.object_id).delete()
    assert rendition(moderator, scan).status_code == 404
    assert overlay(moderator, scan).status_code == 200


def test_missing_file__is_not_found_with_the_reason(moderator: Client, settings: Any) -> None:
    scan = measured_photo()
    shutil.rmtree(settings.MEDIA_ROOT)
    response = rendition(moderator, scan)
    assert response.status_code == 404
    assert response.content.decode() == "The file is not in the storage."


@pytest.mark.parametrize("content", [b"no picture", b"\xff\xd8\xff\xe0cut", CUT])
def test_list__has_a_sign_in_the_place_of_what_cannot_be_shown(
    moderator: Client, settings: Any, content: bytes
) -> None:
    broken, missing = failed(photo("broken.jpg", content), "unreadable_image"), measured_photo("missing.jpg")
    Path(Photo.objects.get(pk=missing.object_id).image.path).unlink()
    addresses = re.findall(r'<img class="copyleaks-thumbnail" src="([^"]+)"', moderator.get(SCANS).content.decode())
    assert len(addresses) == 2
    assert all(is_no_picture(get_drawn(moderator, address)) for address in addresses)
    for scan in (broken, missing):
        assert is_no_picture(rendition(moderator, scan, "panel"))
        assert rendition(moderator, scan).status_code == 404


def test_unmeasured_file__is_shown_but_kept_by_no_browser(moderator: Client) -> None:
    instance = photo()
    scan = ImageScan.objects.get(object_id=instance.pk)
    for size in ("thumbnail", "page"):
        response = rendition(moderator, scan, size)
        assert response.status_code == 200
        assert "ETag" not in response.headers
        assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("image_format", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
def test_original__is_sent_as_it_is_stored_and_kept_nowhere(
    moderator: Client, image_format: str, content_type: str
) -> None:
    content = picture(image_format)
    scan = measured(photo("private-name.bin", content))
    response = original(moderator, scan)
    assert response.getvalue() == content
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert "ETag" not in response.headers
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith(f'inline; filename="scan-{scan.pk}.')
    assert "private-name" not in disposition


@pytest.mark.parametrize(
    ("image_format", "orientation", "size"),
    [
        ("TIFF", None, (2400, 1800)),
        ("BMP", None, (2400, 1800)),
        ("PNG", 6, (1800, 2400)),
        ("GIF", None, (2400, 1800)),
    ],
)
def test_original__that_not_all_browsers_show_upright_is_encoded_anew_in_full_size(
    moderator: Client, image_format: str, orientation: int | None, size: tuple[int, int]
) -> None:
    options: dict[str, Any] = {}
    if orientation:
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = orientation
    content = picture(image_format, (2400, 1800), **options)
    scan = measured(photo(content=content))
    response = original(moderator, scan)
    assert response.headers["Content-Type"] == "image/jpeg"
    assert f'filename="scan-{scan.pk}.jpg"' in response.headers["Content-Disposition"]
    assert opened(response).size == size


def test_original__is_sent_of_the_scanned_bytes_only(moderator: Client, settings: Any) -> None:
    scan = measured_photo()
    path = Path(Photo.objects.get(pk=scan.object_id).image.path)
    assert b"".join(original(moderator, scan)) == path.read_bytes()  # It is drawn before it is replaced.
    path.write_bytes(picture(colour="black"))
    response = original(moderator, scan)
    assert response.status_code == 404
    assert response.content.decode() == "The file was replaced by another one."
    shutil.rmtree(settings.MEDIA_ROOT)
    Rendition.objects.all().delete()
    assert original(moderator, scan).content.decode() == "The file is not in the storage."


def test_original__that_is_no_picture_is_not_sent(moderator: Client) -> None:
    scan = measured(photo("page.jpg", b"<html><script>alert(1)</script></html>"))
    response = original(moderator, scan)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/plain")


def test_file_that_cannot_be_drawn__is_left_to_the_browser(moderator: Client) -> None:
    for content, content_type in (
        (CUT, "image/webp"),
        (picture("ICO", (64, 64)), "image/x-icon"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 600, "image/heic"),
    ):
        scan = measured(photo(content=content))
        response = original(moderator, scan)
        assert response.headers["Content-Type"] == content_type
        assert response.getvalue() == content
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        page = moderator.get(f"{SCANS}{scan.pk}/change/").content.decode()
        assert "Let the browser show the file itself" in page
    path = Path(Photo.objects.latest("pk").image.path)
    path.write_bytes(b"<svg>other</svg>")
    assert original(moderator, scan).content.decode() == "The file was replaced by another one."


def test_file_that_takes_too_much__is_left_to_nobody(moderator: Client) -> None:
    scan = measured(photo())
    Rendition.objects.create(scan=scan, kind="picture", problem="too_complex", is_final=True, due_at=None)
    assert original(moderator, scan).status_code == 404
    page = moderator.get(f"{SCANS}{scan.pk}/change/").content.decode()
    assert "Let the browser show the file itself" not in page


def test_full_overlay__has_the_pixels_of_the_picture(moderator: Client) -> None:
    scan = measured(
        photo(),
        mask=rectangle(1001, 2001, 3, 2, of_width=4000),
        size=(4000, 3000),
        width=4000,
        height=3000,
        orientation=6,
    )
    assert max(opened(overlay(moderator, scan)).size) == 1600
    full = moderator.get(f"{SCANS}overlay/{scan.pk}/full.png")
    alpha = opened(full).convert("RGBA").getchannel("A")
    assert alpha.size == (3000, 4000)
    assert alpha.getbbox() == (997, 1001, 999, 1004)
    assert full.headers["ETag"] != overlay(moderator, scan).headers["ETag"]


def test_overlay__is_transparent_except_where_marked(moderator: Client) -> None:
    scan = measured_photo(mask=rectangle(100, 200, 300, 150, of_width=640))
    response = overlay(moderator, scan)
    assert response.headers["Content-Type"] == "image/png"
    alpha = opened(response).convert("RGBA").getchannel("A")
    assert alpha.size == (640, 640)
    assert alpha.getbbox() == (100, 200, 400, 350)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_overlay__lies_where_the_mark_is_on_the_upright_picture(moderator: Client, orientation: int) -> None:
    stored = Image.new("RGB", (800, 600), "black")
    stored.paste("white", (80, 60, 240, 120))
    stream = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(stream, "JPEG", exif=exif)
    scan = measured(
        photo(content=stream.getvalue()),
        mask=rectangle(80, 60, 160, 60, of_width=800),
        size=(800, 600),
        width=800,
        height=600,
    )
    shown = opened(rendition(moderator, scan)).convert("L").point(lambda value: 255 * (value > 128))
    marked = opened(overlay(moderator, scan)).convert("RGBA").getchannel("A")
    assert marked.size == shown.size
    for one, other in zip(marked.getbbox() or (), shown.getbbox() or (), strict=True):
        assert abs(one - other) <= 4


def test_overlay__is_not_turned_when_the_provider_measured_the_upright_picture(moderator: Client) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    scan = measured(
        photo(content=picture(size=(800, 600), exif=exif)),
        mask=rectangle(10, 20, 30, 40, of_width=600),
        size=(600, 800),
        width=800,
        height=600,
    )
    alpha = opened(overlay(moderator, scan)).convert("RGBA").getchannel("A")
    assert alpha.size == (600, 800)
    assert alpha.getbbox() == (10, 20, 40, 60)


@pytest.mark.parametrize(
    "result",
    [
        {"mask": None},
        {"mask": b"\x07damaged", "mask_runs": 3},
        {"size": None},
        {"size": (10, 10)},
    ],
)
def test_overlay__that_cannot_be_drawn_is_not_found(moderator: Client, result: dict[str, Any]) -> None:
    damaged = result.pop("mask", "given")
    scan = measured_photo(**result) if damaged == "given" else measured_photo(mask=None, **result)
    if isinstance(damaged, bytes) and scan.result:
        scan.result.mask = damaged
        scan.result.save()
    assert overlay(moderator, scan).status_code == 404


def test_heatmap__is_encoded_anew(moderator: Client) -> None:
    original = picture("PNG", (64, 48), pnginfo=None) + b"<script>alert(1)</script>"
    scan = measured_photo(heatmap=original)
    response = get_drawn(moderator, f"{SCANS}heatmap/{scan.pk}.png")
    assert response.headers["Content-Type"] == "image/png"
    assert opened(response).size == (64, 48)
    assert b"script" not in response.content


def test_heatmap__that_is_no_picture_or_absent_is_not_found(moderator: Client) -> None:
    for heatmap in (b"", b"\x89PNG\r\n\x1a\n broken"):
        scan = measured_photo(f"{len(heatmap)}.jpg", heatmap=heatmap)
        assert get_drawn(moderator, f"{SCANS}heatmap/{scan.pk}.png").status_code == 404
