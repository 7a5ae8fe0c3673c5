"""The example site shows what may be shown, and nothing before it was measured."""

import re

import pytest

from demo.processes import DemoError

from .conftest import PASSWORD, Site, jpeg, upload

pytestmark = pytest.mark.sockets

IMPORTS = """
from django.contrib.auth.models import User
from django_copyleaks_image.api import request_scan
from django_copyleaks_image.models import images
from django_copyleaks_image.standings import Kind
from django_copyleaks_image.reviewing.decide import decide, undo
from gallery.models import Photo, PrivatePhoto
user = User.objects.get(username="moderator")
"""


def test_upload__waits_as_a_placeholder_and_is_shown_when_no_ai_was_detected(site: Site) -> None:
    stranger = site.visitor()
    pk = upload(site.visitor("anna"), "Harbour", "harbour.jpg")
    waiting = stranger.page("/")
    assert "Being checked" in waiting
    assert "Harbour" in waiting
    assert f"/photos/{pk}/tile.jpg" not in waiting
    assert stranger.get(f"/photos/{pk}/tile.jpg").status_code == 404

    site.check_pictures()

    assert f"/photos/{pk}/tile.jpg" in stranger.page("/")
    shown = stranger.get(f"/photos/{pk}/tile.jpg")
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/jpeg")


def test_flagged_upload__is_seen_by_its_owner_and_the_moderator_only(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Edited", "edited-ai-40.jpg")
    site.check_pictures()

    assert "Edited" not in site.visitor().page("/")
    for path in (f"/photos/{pk}/", f"/photos/{pk}/page.jpg", f"/media/{_stored(site, 'edited-ai-40')}"):
        answers = [site.visitor(name).get(path).status_code for name in ("", "bert", "anna", "moderator")]
        assert answers == [404, 404, 200, 200], path


def test_private_upload__is_scanned_and_seen_by_its_owner_and_the_moderator_only(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Family", "family-ai-12.jpg", is_private=True)
    site.check_pictures()

    assert "Family" not in site.visitor().page("/")
    [stored] = (site.data / "private").rglob("family-ai-12*")
    assert not list((site.data / "media").rglob("family-ai-12*"))
    address = f"/private/files/{stored.relative_to(site.data / 'private').as_posix()}"
    for path in (f"/private/{pk}/page.jpg", address):
        answers = [site.visitor(name).get(path).status_code for name in ("", "bert", "anna", "moderator")]
        assert answers == [404, 404, 200, 200], path
    assert _findings(site, "privatephoto") == ["Partly AI"]


def test_picture_that_cannot_be_measured__is_held_back(site: Site) -> None:
    anna = site.visitor("anna")
    pk = upload(anna, "Stamp", "stamp.jpg", content=jpeg(200, 100))
    site.check_pictures()

    assert "Stamp" not in site.visitor().page("/")
    assert "it could not be checked" in anna.page(f"/photos/{pk}/")


def test_replaced_file__waits_again(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Before", "before.jpg")
    site.check_pictures()
    assert f"/photos/{pk}/tile.jpg" in site.visitor().page("/")

    moderator = site.visitor("moderator")
    change = f"/admin/gallery/photo/{pk}/change/"
    moderator.submit(change, {"title": "After"}, files={"image": ("after-ai-90.jpg", jpeg())})

    assert f"/photos/{pk}/tile.jpg" not in site.visitor().page("/")
    site.check_pictures()
    assert "After" not in site.visitor().page("/")


def test_decisions__show_what_was_cleared_and_hide_what_was_confirmed(site: Site) -> None:
    anna, stranger = site.visitor("anna"), site.visitor()
    pk = upload(anna, "Collage", "collage-ai-5.jpg")
    site.check_pictures()
    assert "Held back for a moderator" in anna.page(f"/photos/{pk}/")

    decide(site, pk, "cleared")
    assert f"/photos/{pk}/tile.jpg" in stranger.page("/")
    assert re.search("AI share of the area: 5.0 %[^<]*; cleared by a moderator</span>", stranger.page(f"/photos/{pk}/"))

    undo(site, pk)
    assert "Collage" not in stranger.page("/")
    assert stranger.get(f"/photos/{pk}/tile.jpg").status_code == 404
    assert "Held back for a moderator" in anna.page(f"/photos/{pk}/")

    decide(site, pk, "confirmed")
    assert "Collage" not in stranger.page("/")
    assert "Hidden: a moderator confirmed that AI has made it" in anna.page(f"/photos/{pk}/")
    assert "; confirmed as AI by a moderator" in anna.page("/mine/")


def test_decision__hides_a_photo_in_which_no_ai_was_detected(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Too good", "too-good.jpg")
    site.check_pictures()
    assert f"/photos/{pk}/tile.jpg" in site.visitor().page("/")
    decide(site, pk, "confirmed")
    assert "Too good" not in site.visitor().page("/")


def test_decision__outlives_one_more_scan_of_the_same_picture(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Mural", "mural-ai-20.jpg")
    site.check_pictures()
    decide(site, pk, "cleared")
    run(site, f"request_scan(Photo.objects.get(pk={pk}), 'image', force=True)")
    assert f"/photos/{pk}/tile.jpg" in site.visitor().page("/")
    site.check_pictures()
    assert f"/photos/{pk}/tile.jpg" in site.visitor().page("/")


def test_decision__about_a_file_says_nothing_about_the_next_one(site: Site) -> None:
    pk = upload(site.visitor("anna"), "First", "first-ai-20.jpg")
    site.check_pictures()
    decide(site, pk, "cleared")
    change = f"/admin/gallery/photo/{pk}/change/"
    moderator = site.visitor("moderator")
    moderator.submit(change, {"title": "Second"}, files={"image": ("second-ai-30.jpg", jpeg())})
    site.check_pictures()
    assert "Second" not in site.visitor().page("/")
    assert "Held back for a moderator" in moderator.page(f"/photos/{pk}/")


def test_private_photo__is_labelled_for_its_owner(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Attic", "attic-ai-8.jpg", is_private=True)
    site.check_pictures()
    assert re.search("AI share of the area: 8.0 %[^<]*; under review</span>", site.visitor("anna").page("/mine/"))
    decide(site, pk, "cleared", model="PrivatePhoto")
    assert re.search("AI share of the area: 8.0 %[^<]*; cleared by a moderator", site.visitor("anna").page("/mine/"))
    assert site.visitor("bert").get(f"/private/{pk}/page.jpg").status_code == 404


def test_moderator_of_the_demo__reviews_and_does_nothing_else(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Kiosk", "kiosk-ai-12.jpg")
    site.check_pictures()
    site.manage("shell", stdin=f"from demo.moderator import create_moderator\ncreate_moderator('carl', {PASSWORD!r})\n")

    carl = site.visitor("carl")

    desk = "/admin/copyleaks_image/watchedimage/review/"
    assert carl.get(desk).url == site.url + desk
    assert carl.get("/admin/copyleaks_image/imagescan/").status_code == 200
    assert carl.get(f"/photos/{pk}/page.jpg").status_code == 200
    assert "Kiosk" in carl.page(f"/admin/gallery/photo/{pk}/change/")
    assert 'name="title"' not in carl.page(f"/admin/gallery/photo/{pk}/change/")
    for forbidden in ("gallery/photo/add/", "auth/user/", "copyleaks_image/webhookreceipt/"):
        assert carl.get(f"/admin/{forbidden}").status_code == 403, forbidden


def test_file_that_is_no_picture__is_refused_with_a_reason(site: Site) -> None:
    with pytest.raises(DemoError, match="Upload a valid image"):
        upload(site.visitor("anna"), "Letter", "letter.jpg", content=b"Dear Sir or Madam")
    assert "Letter" not in site.visitor("anna").page("/mine/")


def test_stranger__is_sent_to_the_login_before_uploading(site: Site) -> None:
    answer = site.visitor().get("/upload/")
    assert [step.headers["Location"] for step in answer.history] == ["/login/?next=/upload/"]


@pytest.mark.parametrize("path", ["/", "/login/", "/admin/login/", "/nothing-here/"])
def test_every_page__carries_the_strict_policy(site: Site, path: str) -> None:
    policy = site.visitor().get(path).headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'")


def test_request_log__names_pages_and_no_token(site: Site) -> None:
    upload(site.visitor("anna"), "Logged", "logged.jpg")
    site.check_pictures()
    assert "GET /mine/" in site.log
    endpoints = re.findall(r"/copyleaks/(webhook/[0-9a-f-]{36}/|media/[0-9a-f-]{36}:)(\S+)", site.log)
    assert {endpoint[:5] for endpoint, _ in endpoints} == {"webho", "media"}
    assert all(rest.startswith("[hidden]") for _, rest in endpoints)


def decide(site: Site, pk: int, kind: str, *, model: str = "Photo") -> None:
    """Let the moderator decide about a photo."""
    image = f"image = images().get(object_id={pk}, content_type__model={model.lower()!r})"
    run(site, f"{image}; decide(image.pk, user=user, kind=Kind({kind!r}), version=image.version)")


def undo(site: Site, pk: int) -> None:
    """Let the moderator take the last decision about a photo back."""
    image = f"image = images().get(object_id={pk}, content_type__model='photo')"
    run(site, f"{image}; undo(image.decisions.latest('pk').pk, user=user)")


def run(site: Site, line: str) -> None:
    site.manage("shell", stdin=f"{IMPORTS}\n{line}\n")


def _stored(site: Site, stem: str) -> str:
    [path] = (site.data / "media").rglob(f"{stem}*")
    return path.relative_to(site.data / "media").as_posix()


def _findings(site: Site, model: str) -> list[str]:
    page = site.visitor("moderator").page(f"/admin/gallery/{model}/")
    return re.findall(r"copyleaks-badge[^>]*>([^<]*)<", page)
