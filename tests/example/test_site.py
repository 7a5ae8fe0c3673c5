"""The example site shows what may be shown, and nothing before it was measured."""

import re

import pytest

from demo.processes import DemoError

from .conftest import Site, jpeg, upload

pytestmark = pytest.mark.sockets


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


def test_moderator__shows_a_photo_that_was_held_back(site: Site) -> None:
    pk = upload(site.visitor("anna"), "Collage", "collage-ai-5.jpg")
    site.check_pictures()
    assert "Collage" not in site.visitor().page("/")

    site.visitor("moderator").submit("/admin/gallery/photo/", {"action": "show", "_selected_action": str(pk)})

    assert f"/photos/{pk}/tile.jpg" in site.visitor().page("/")


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


def test_request_log__names_pages_and_no_door(site: Site) -> None:
    upload(site.visitor("anna"), "Logged", "logged.jpg")
    site.check_pictures()
    assert "GET /mine/" in site.log
    assert "/copyleaks/" not in site.log


def _stored(site: Site, stem: str) -> str:
    [path] = (site.data / "media").rglob(f"{stem}*")
    return path.relative_to(site.data / "media").as_posix()


def _findings(site: Site, model: str) -> list[str]:
    page = site.visitor("moderator").page(f"/admin/gallery/{model}/")
    return re.findall(r"No AI detected|Partly AI|Mostly AI", page)
