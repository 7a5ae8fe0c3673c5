"""Everything that is held about a picture or a person can be had: all of it, no secrets, and nothing of others."""

import json
import stat
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from PIL import Image

from django_copyleaks_image import registry
from django_copyleaks_image.models import DetectionResult, ImageScan, WebhookReceipt
from django_copyleaks_image.privacy import held
from django_copyleaks_image.renditions import shelf
from django_copyleaks_image.reviewing.decide import leave_note
from django_copyleaks_image.scanning import addresses
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo
from tests.reviewing import stories
from tests.samples import count_days, photo, picture

from .traces import ADDRESS, CAMERA, NAME, NOTE, OWNER, TRACES, known_picture, owned_by

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("walburga-the-moderator")


@pytest.fixture
def anna() -> Iterator[User]:
    user = User.objects.create_user(OWNER)
    owned_by(user)
    yield user
    registry.unregister(Photo, "image")


def exported(*arguments: str) -> Any:
    out = StringIO()
    call_command("copyleaks_export", *arguments, stdout=out)
    return json.loads(out.getvalue())


def label(scan: ImageScan) -> str:
    return f"gallery.Photo:{scan.object_id}"


def test_object__has_everything_that_is_held(ada: User, anna: User) -> None:
    scan = known_picture(ada)

    found = exported("--object", label(scan))

    (kept,) = found["pictures"]
    text = json.dumps(found)
    assert all(it in text for it in TRACES)
    assert (kept["object"], kept["field"]) == (f"gallery.photo:{scan.object_id}", "image")
    assert (kept["owner_label"], kept["standing"]) == (OWNER, "cleared")
    (of_scan,) = kept["scans"]
    assert of_scan["result"]["metadata"] == {"issuedBy": CAMERA}
    assert of_scan["result"]["heatmap_address"] == f"https://{ADDRESS}/h.png"
    assert {it["file"].rpartition("/")[2].partition("-")[0] for it in of_scan["drawn"]} == {"drawn", "copy.png"}
    (decision,) = kept["decisions"]
    assert (decision["by"], decision["kind"], decision["note"]) == ("Moderator 1", "cleared", NOTE)
    assert found["moderation"] is None


def test_zip__has_the_files_and_is_for_its_user_alone(ada: User, anna: User, tmp_path: Path) -> None:
    scan = known_picture(ada)
    DetectionResult.objects.update(heatmap=picture("PNG"))
    target = tmp_path / "anna.zip"

    call_command("copyleaks_export", label(scan), "--output", str(target), stdout=StringIO())

    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with ZipFile(target) as archive:
        folder = f"scans/{scan.scan_id}"
        names = set(archive.namelist())
        assert {"data.json", f"{folder}/mask.png", f"{folder}/heatmap.png", f"{folder}/callback-1.json"} <= names
        told = json.loads(archive.read("data.json"))["pictures"][0]["scans"][0]
        files = [*told["result"]["files"], *told["drawn"], *(it["body"] for it in told["callbacks"])]
        assert {it["file"] for it in files} == names - {"data.json"}
        assert all(archive.getinfo(it["file"]).file_size == it["bytes"] for it in files)
        with Image.open(BytesIO(archive.read(f"{folder}/mask.png"))) as mask:
            assert mask.size == (100, 50)
        assert CAMERA in archive.read(f"{folder}/callback-1.json").decode()


def test_file_that_is_there__is_not_overwritten(ada: User, tmp_path: Path) -> None:
    target = tmp_path / "anna.zip"
    target.write_text("mine")

    with pytest.raises(CommandError, match="is there already"):
        call_command("copyleaks_export", label(known_picture(ada)), "--output", str(target))
    assert target.read_text() == "mine"
    with pytest.raises(CommandError, match="could not be written: No such file"):
        call_command("copyleaks_export", "gallery.Photo:1", "--output", str(tmp_path / "nowhere" / "a.zip"))


def test_export_that_fails__leaves_no_half_of_it(ada: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = known_picture(ada)

    def fail(*arguments: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(held, "_of_scan", fail)
    with pytest.raises(RuntimeError):
        call_command("copyleaks_export", label(scan), "--output", str(tmp_path / "anna.zip"))
    assert not (tmp_path / "anna.zip").exists()


def test_secrets__are_never_in_it(ada: User, tmp_path: Path, configure: Callable[..., None]) -> None:
    scan = known_picture(ada)
    token = addresses.media_token(scan.scan_id)
    address = f"https://photos.example.org/copyleaks/media/{token}/a.jpg"
    ImageScan.objects.filter(pk=scan.pk).update(
        error_message=f"could not fetch {address}", lease_owner="host-17", pay_key="secret-pay", content_key="secret"
    )
    body = json.dumps({"error": address}).encode()
    WebhookReceipt.objects.update(body=WebhookReceipt.compress(body), byte_size=len(body))
    DetectionResult.objects.update(heatmap_url="https://bucket.example.org/h.png?X-Signature=hush")
    target = tmp_path / "all.zip"

    text = json.dumps(exported(label(scan)))
    call_command("copyleaks_export", label(scan), "--output", str(target), stdout=StringIO())
    with ZipFile(target) as archive:
        texts = [text, *(archive.read(name).decode("latin-1") for name in archive.namelist())]

    secrets = [token, token.rpartition(":")[2], "hush", "host-17", "secret-pay", "8f14e45f-ceea-467f"]
    assert [it for it in secrets for told in texts if it in told] == []


def test_other_people__are_numbers(ada: User, anna: User) -> None:
    scan = known_picture(ada)
    ben = User.objects.create_user("benedict")
    image = stories.image_of(scan)
    leave_note(image.pk, user=ben, note="seen")
    leave_note(image.pk, user=ada, note="as well")

    found = exported("--user", OWNER)

    assert [it["by"] for it in found["pictures"][0]["decisions"]] == ["Moderator 1", "Moderator 2", "Moderator 1"]
    assert "walburga" not in json.dumps(found)
    assert "benedict" not in json.dumps(found)


def test_user__has_their_pictures_and_no_others(ada: User, anna: User) -> None:
    known_picture(ada)
    bert = User.objects.create_user("bert")
    registry.unregister(Photo, "image")
    registry.register(Photo, "image", owner=lambda of: bert if of.title == "of-bert.jpg" else anna)
    known_picture(ada, name="of-bert", colour="blue", note="about Bert")
    photo("waits.jpg", picture(colour="red"))

    found = exported("--user", OWNER)

    text = json.dumps(found)
    assert ("of-bert" in text, "about Bert" in text) == (False, False)
    assert len(found["pictures"]) == 2
    assert "waits" in text
    assert found["moderation"] == {"steps": [], "asked_at": [], "looks_at": [], "counted": []}
    assert exported("--user-id", str(bert.pk))["pictures"][0]["owner_label"] == "bert"


@pytest.mark.parametrize("is_gone", [False, True])
def test_moderator__has_what_they_did_and_nothing_about_the_pictures_of_others(
    ada: User, anna: User, is_gone: bool
) -> None:
    scan = known_picture(ada, note="my own words")
    ben = User.objects.create_user("benedict")
    other = stories.flagged("b.jpg", colour="red")
    stories.decided(other, ben, Kind.ESCALATED, assigned_to=ada, note="words of Benedict")
    stories.claimed(other, ada)
    count_days()
    if is_gone:
        ada.delete()

    found = exported("--user", "walburga-the-moderator")

    moderation, text = found["moderation"], json.dumps(found)
    assert [(it["kind"], it["note"]) for it in moderation["steps"]] == [("cleared", "my own words")]
    assert (len(moderation["asked_at"]), len(moderation["looks_at"])) == (1, int(not is_gone))
    assert "cleared" in {it["what"] for it in moderation["counted"]}
    assert [it for it in (NAME, OWNER, CAMERA, scan.sha256, "Benedict", "benedict") if it in text] == []


def test_owner_who_is_a_moderator__is_named_self(anna: User) -> None:
    known_picture(anna)

    assert exported("--user", OWNER)["pictures"][0]["decisions"][0]["by"] == "self"


def test_first_look__is_held_back_until_the_second(ada: User, anna: User, configure: Callable[..., None]) -> None:
    configure(SECOND_LOOK_SHARE=1.0)
    scan = known_picture(ada)

    (kept,) = exported(label(scan))["pictures"]
    assert kept["standing"] is None
    assert [it.get("held_back") for it in kept["decisions"]] == [1]
    assert NOTE not in json.dumps(kept)

    stories.decided(scan, anna, Kind.CLEARED)
    (kept,) = exported(label(scan))["pictures"]
    assert [it["kind"] for it in kept["decisions"]] == ["cleared", "cleared"]


def test_storage_that_is_down__is_said(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = known_picture(ada)

    def fail(sha256: str, size: str) -> bytes:
        raise shelf.ShelfFailed("down")

    monkeypatch.setattr(shelf, "get", fail)

    (of_scan,) = exported(label(scan))["pictures"][0]["scans"]
    assert of_scan["drawn"] == [{"missing": "The storage of what was drawn could not be reached: ask again."}]


def test_what_was_erased__is_held_no_more(ada: User, anna: User) -> None:
    scan = known_picture(ada)
    Photo.objects.all().delete()
    call_command("copyleaks_erase", label(scan), "--yes", stdout=StringIO())

    assert exported(label(scan))["pictures"] == []
