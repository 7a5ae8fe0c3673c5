"""Erasing on demand: nothing of a picture or a person is left but what the site keeps, and the report says so."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image import registry
from django_copyleaks_image.api import erase, filter_by_picture, publishable, request_scan, standing
from django_copyleaks_image.formats import RENDITION_SIDES
from django_copyleaks_image.models import (
    DayCount,
    Decision,
    DetectionResult,
    FittedCopy,
    ImageScan,
    Rendition,
    RenditionPart,
    WatchedImage,
)
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.privacy.erase import Erasure
from django_copyleaks_image.renditions import copies, shelf, wanted
from django_copyleaks_image.scanning import finishing, receive, reconcile, renditions, sweep
from django_copyleaks_image.standings import Kind
from tests.gallery.models import Photo, Postcard, Poster, Sticker
from tests.reviewing import stories
from tests.samples import as_json, count_days, detection, judge, photo, picture, submitted, upload

from .traces import TRACES, known_picture, owned_by, traces

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def anna() -> Iterator[User]:
    """The owner of all photos."""
    user = User.objects.create_user("Anna Owner")
    owned_by(user)
    yield user
    registry.unregister(Photo, "image")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("copyleaks_erase", *arguments, "--yes", stdout=out)
    return out.getvalue()


def label(scan: ImageScan) -> str:
    return f"gallery.Photo:{scan.object_id}"


@pytest.mark.parametrize("alias", ["", "renditions"])
def test_picture_of_an_object_that_is_gone__leaves_no_trace(
    ada: User, anna: User, settings: Any, configure: Callable[..., None], tmp_path: Path, alias: str
) -> None:
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "kept"}}
    settings.STORAGES = settings.STORAGES | {"renditions": files}
    configure(RENDITION_STORAGE=alias)
    scan = known_picture(ada)
    assert {it.partition(": ")[2] for it in traces(*TRACES)} == set(TRACES)
    Photo.objects.all().delete()

    said = run(label(scan))

    assert traces(*TRACES, label(scan).partition(":")[0] + scan.object_id) == set()
    assert not Rendition.objects.exists()
    assert not RenditionPart.objects.exists()
    assert not FittedCopy.objects.exists()
    assert not [it for it in tmp_path.joinpath("kept").rglob("*") if it.is_file()]
    assert not any(shelf.get(scan.sha256, size) for size in RENDITION_SIDES)
    assert not [key for key in cache._cache if scan.sha256 in key]  # type: ignore[attr-defined]
    result = DetectionResult.objects.get()
    assert (bytes(result.mask), result.regions, result.metadata, bytes(result.heatmap)) == (b"", None, {}, b"")
    # What stays: the number, the hash and the decision.
    erased = ImageScan.objects.get()
    assert (erased.verdict, erased.sha256, erased.content_key) == ("partly_ai", scan.sha256, "")
    assert erased.object_id != scan.object_id
    assert Decision.objects.get().decided_by == ada
    assert "Erased: pictures 1, scans 1, bodies 1, results 1," in said
    assert "Stays: decisions that stay: 1." in said


def test_picture_that_is_still_there__is_forgotten_and_not_sent_again(ada: User, anna: User) -> None:
    scan = known_picture(ada)
    uploaded = stories.photo_of(scan)

    report = erase(uploaded)

    assert report.files_that_are_still_there == 1
    # That the file is not to be scanned is said by its name, which its object has as well.
    assert {it.partition(":")[0] for it in traces(*TRACES)} == {"ImageScan.file_name", "WatchedImage.file_name"}
    assert standing(uploaded, "image").standing == "not_measured"
    assert not publishable(Photo.objects.all(), "image").exists()
    assert erase(uploaded) == Erasure()
    reconcile.reconcile()
    sweep.sweep()
    assert not ImageScan.objects.unfinished().exists()

    request_scan(uploaded, "image")
    assert ImageScan.objects.unfinished().count() == 1


def test_erasing_twice__finds_nothing(ada: User) -> None:
    scan = known_picture(ada)
    Photo.objects.all().delete()
    run(label(scan))
    rows = ImageScan.objects.values_list("pk", "object_id", "erased_at", "finished_at")
    before = list(rows)

    assert "Erased: pictures 0, scans 0," in run(label(scan))
    assert list(rows.all()) == before


def test_one_picture__is_erased_and_no_other(ada: User) -> None:
    scan, other = known_picture(ada), known_picture(ada, name="other", colour="red", note="another")
    Photo.objects.filter(pk=scan.object_id).delete()

    run(label(scan))

    kept = stories.fresh(other)
    assert kept.file_name
    assert kept.result is not None
    assert kept.result.mask
    assert stories.image_of(other).decision == "cleared"
    assert Decision.objects.filter(note="another").exists()


def test_result_that_others_use__stays_theirs_and_is_shared_no_more_from_here(ada: User) -> None:
    scan = stories.flagged("a.jpg")
    ImageScan.objects.update(content_key="the same bytes")
    other = photo("b.jpg")
    of_other = ImageScan.objects.get(object_id=str(other.pk))
    assert scan.result is not None
    finishing.complete(of_other, scan.result)
    Photo.objects.filter(pk=scan.object_id).delete()

    report = json.loads(run(label(scan), "--json"))

    assert report["erased"]["results"] == 0
    assert [(it["what"], it["number"]) for it in report["stays"]] == [("hashes_that_stay", 1), ("results_of_others", 1)]
    assert DetectionResult.objects.get().mask
    other.delete()
    run(f"gallery.Photo:{of_other.object_id}")
    assert bytes(DetectionResult.objects.get().mask) == b""


@pytest.mark.parametrize("keeps", [[], ["sha256"], ["note"], ["sha256", "decision", "note"]])
def test_what_stays__is_what_the_site_keeps(ada: User, configure: Callable[..., None], keeps: list[str]) -> None:
    configure(ERASE_KEEPS=keeps)
    scan = known_picture(ada)
    Photo.objects.all().delete()

    report = json.loads(run(label(scan), "--json"))

    stays = {it["what"] for it in report["stays"]}
    assert ("hashes_that_stay" in stays, "decisions_that_stay" in stays) == ("sha256" in keeps, "decision" in keeps)
    assert bool(traces(scan.sha256)) == ("sha256" in keeps)
    assert bool(Decision.objects.get().note) == ("note" in keeps)


def test_late_result_of_an_erased_picture__is_spent_and_not_kept(configure: Callable[..., None]) -> None:
    configure(ERASE_KEEPS=[])
    uploaded = photo("lake.jpg")
    scan = submitted(ImageScan.objects.get())
    let_pay(scan)
    key = uploaded.pk
    uploaded.delete()

    report = json.loads(run(f"gallery.Photo:{key}", "--json"))

    assert {it["what"] for it in report["stays"]} == {"awaited_from_copyleaks"}
    assert ImageScan.objects.get().sha256  # Others of the same bytes wait for it.
    body = detection(scan)
    body["imageInfo"]["metadata"] = {"issuedBy": "Family camera"}
    assert receive.deliver(scan, as_json(body), Source.WEBHOOK) == Outcome.SHARED
    sweep.sweep()

    assert traces("Family camera", "lake", scan.sha256) == set()
    erased = ImageScan.objects.get()
    assert (erased.spent_as, erased.credits, erased.pay_key) == ("result", 1, None)
    assert bytes(DetectionResult.objects.get().mask) == b""


def test_result_that_never_comes__frees_the_hash(configure: Callable[..., None]) -> None:
    configure(ERASE_KEEPS=[])
    uploaded = photo("lake.jpg")
    scan = submitted(ImageScan.objects.get())
    let_pay(scan)
    erase(uploaded)
    long_ago = timezone.now() - timedelta(days=2)
    ImageScan.objects.filter(pk=scan.pk).update(finished_at=long_ago, submitted_at=long_ago)

    for _ in range(2):
        sweep.sweep()

    assert traces(scan.sha256) == set()


def let_pay(scan: ImageScan) -> None:
    """Let a scan be the one that pays for its bytes."""
    ImageScan.objects.filter(pk=scan.pk).update(content_key="k", pay_key="k", sha256="a1b2" * 16)
    scan.refresh_from_db()


def test_body_that_waits_to_be_judged__is_judged_and_then_erased() -> None:
    uploaded = photo("lake.jpg")
    scan = submitted(ImageScan.objects.get())
    body = detection(scan)
    body["imageInfo"]["metadata"] = {"issuedBy": "Family camera"}
    receive.store(scan, as_json(body), Source.WEBHOOK)

    report = erase(uploaded)

    assert report.left_to_the_worker == 1
    judge()
    sweep.sweep()
    assert traces("Family camera") == set()


def test_failed_scan_whose_result_comes_late__is_erased_again() -> None:
    uploaded = photo("lake.jpg")
    scan = submitted(ImageScan.objects.get())
    stories.lost(scan)
    uploaded.delete()
    erase(Photo(pk=scan.object_id))

    body = detection(scan)
    body["imageInfo"]["metadata"] = {"issuedBy": "Family camera"}
    receive.deliver(scan, as_json(body), Source.WEBHOOK)
    sweep.sweep()

    assert traces("Family camera") == set()
    assert bytes(DetectionResult.objects.get().mask) == b""


def test_queued_picture__is_not_sent() -> None:
    uploaded = photo("lake.jpg")
    scan = ImageScan.objects.get()

    erase(uploaded)

    scan.refresh_from_db()
    assert (scan.status, scan.file_name) == (Status.SUPERSEDED, "")
    assert not ImageScan.objects.unfinished().exists()


def test_user__takes_all_their_pictures_along_also_those_that_wait(ada: User, anna: User) -> None:
    known_picture(ada)
    photo("waits.jpg", picture(colour="red"))
    bert = User.objects.create_user("bert")
    owned_by(bert)
    known_picture(ada, name="of-bert", colour="blue", note="Bert")
    owned_by(anna)

    def owner(of: Photo) -> User:
        return bert if of.title == "of-bert.jpg" else anna

    registry.unregister(Photo, "image")
    registry.register(Photo, "image", owner=owner)

    assert "Erased: pictures 2, scans 2," in run("--user", "Anna Owner")

    # The objects are still there, with the names of their files.
    left = traces("lake-of-anna", "Anna Owner", "Anna at the lake", "waits")
    assert {it.partition(":")[0] for it in left} == {"ImageScan.file_name", "WatchedImage.file_name"}
    assert traces("of-bert", "bert")
    assert Decision.objects.filter(note="Bert").exists()


def test_user_whose_account_is_gone__is_named_by_the_key(ada: User, anna: User) -> None:
    known_picture(ada)
    key = anna.pk
    registry.unregister(Photo, "image")
    User.objects.filter(pk=key).delete()

    assert "Erased: pictures 1," in run("--user-id", str(key))


def test_moderation__leaves_a_pseudonym_and_no_notes(ada: User) -> None:
    ben = User.objects.create_user("ben")
    scan = stories.flagged()
    stories.claimed(scan, ada)
    first = stories.decided(scan, ada, Kind.ESCALATED, assigned_to=ben, note="I know her")
    stories.claimed(stories.flagged("b.jpg", colour="red"), ben)
    count_days()

    said = run("--user", "ben", "--moderation")
    assert "notes 0, names 1." in said
    said = run("--user", "ada", "--moderation")

    assert "notes 1, names 1." in said
    kept = Decision.objects.get()
    assert (kept.decided_by, kept.decided_by_name, kept.note) == (None, f"Moderator {first.pk}", "")
    assert (kept.assigned_to, kept.assigned_to_name) == (None, f"Moderator {first.pk}-a")
    counted = DayCount.objects.get(what="escalated")
    assert (counted.person, counted.person_name) == (None, f"Moderator {first.pk}")
    assert not WatchedImage.objects.exclude(claimed_by=None, assigned_to=None).exists()
    assert "No watched field says who owns its pictures" in said


def test_moderator_whose_account_is_gone__is_named_as_the_log_does() -> None:
    scan = stories.flagged()
    walburga = User.objects.create_user("walburga")
    decision = stories.decided(scan, walburga, Kind.CLEARED, note="I know her")
    walburga.delete()
    assert traces("walburga")

    assert "notes 1, names 1." in run("--user", "walburga", "--moderation")

    assert traces("walburga", "I know her") == set()
    assert Decision.objects.get().decided_by_name == f"Moderator {decision.pk}"


def test_rows_with_keys_of_nobody__trouble_no_query(ada: User) -> None:
    """On PostgreSQL, a text that is no number spoils every query that compares it with a key that is one."""
    for scan in (known_picture(ada), known_picture(ada, name="b", colour="red")):
        erase(stories.photo_of(scan))
    Photo.objects.first().delete()  # type: ignore[union-attr]
    stories.flagged("c.jpg", colour="blue")

    assert publishable(Photo.objects.all(), "image", flagged="show").count() == 1
    assert filter_by_picture(Photo.objects.all(), "image", ai_share__gt=0.1).count() == 1
    reconcile.reconcile()
    call_command("copyleaks_fill")


@pytest.mark.parametrize(
    ("instance", "field"),
    [(lambda: Poster(file=upload("a.jpg")), "file"), (lambda: Sticker(code="north/4:2", file=upload("a.jpg")), "file")],
)
def test_keys_of_other_kinds__are_found(instance: Any, field: str, watch: Callable[..., None]) -> None:
    made = instance()
    watch(type(made), field)
    made.save()
    key, name = made.pk, f"gallery.{type(made).__name__}"
    made.delete()

    assert "pictures 1," in run(f"{name}:{key}")


def test_column_of_the_project__says_what_is_known(watch: Callable[..., None]) -> None:
    watch(Postcard, "front")
    postcard = Postcard.objects.create(front=upload("a.jpg"))
    stories.answered(submitted(ImageScan.objects.get()))
    postcard.refresh_from_db()
    assert "flagged" in str(postcard.front_standing)

    erase(postcard)

    postcard.refresh_from_db()
    assert "not_measured" in str(postcard.front_standing)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "Name one object"),
        (("gallery.Photo:1", "--user", "ada"), "Name one object"),
        (("gallery.Nothing:1",), "is no model"),
        (("Photo:1",), "is no model"),
        (("gallery.Photo",), "Name the key"),
        (("gallery.Photo:one",), "has no keys such as one"),
        (("--user", "nobody"), "There is no user nobody"),
        (("--user-id", "one"), "has no keys such as one"),
        (("--user-id", "1", "--field", "image"), "--field belongs to an object"),
        (("gallery.Photo:1", "--moderation"), "--moderation belongs to a user"),
    ],
)
def test_wrong_arguments__are_explained(arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(CommandError, match=problem):
        call_command("copyleaks_erase", *arguments)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "is_erased"), [("y", True), ("", False)])
def test_command__asks_first(ada: User, monkeypatch: pytest.MonkeyPatch, answer: str, is_erased: bool) -> None:
    scan = known_picture(ada)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda question: answer)

    call_command("copyleaks_erase", label(scan), stdout=StringIO())

    assert (stories.fresh(scan).erased_at is not None) == is_erased


def test_command__without_a_terminal_erases_nothing_unasked(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    scan = known_picture(ada)
    with pytest.raises(CommandError, match="--yes"):
        call_command("copyleaks_erase", label(scan))

    call_command("copyleaks_erase", label(scan), "--dry-run")

    assert "would be erased: 1." in capsys.readouterr().out
    assert stories.fresh(scan).erased_at is None


def test_storage_that_is_down__leaves_it_to_the_worker(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = known_picture(ada)
    Photo.objects.all().delete()

    def fail(sha256: str, sizes: object = ()) -> None:
        raise ConnectionError("the storage is down")

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "remove", fail)
        report = json.loads(run(label(scan), "--json"))
    assert "left_to_the_worker" in {it["what"] for it in report["stays"]}

    sweep.sweep()
    assert traces(*TRACES) == set()


def test_picture_that_is_erased_while_it_is_drawn__leaves_no_files(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = stories.flagged()
    wanted.ask(scan)
    put = shelf.put

    def be_slow(sha256: str, drawn: Any) -> None:
        erase(stories.photo_of(scan))
        put(sha256, drawn)

    monkeypatch.setattr(shelf, "put", be_slow)

    renditions.draw_of(scan.scan_id)

    assert not RenditionPart.objects.exists()
    assert not any(shelf.get(scan.sha256, size) for size in RENDITION_SIDES)


def test_copy_that_is_erased_while_it_is_kept__leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    scan = stories.flagged()
    save = shelf.save

    def be_slow(name: str, content: bytes) -> None:
        erase(stories.photo_of(scan))
        save(name, content)

    monkeypatch.setattr(shelf, "save", be_slow)

    copies.keep(scan, "c" * 64, "PNG", picture("PNG"))

    assert not RenditionPart.objects.exists()
