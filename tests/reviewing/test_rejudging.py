"""Thresholds that were changed are applied to earlier results when somebody asks for it, and to no decision."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.scanning import evidence, rejudging
from django_copyleaks_image.signals import scan_completed
from django_copyleaks_image.standings import Kind, Standing
from django_copyleaks_image.verdicts import Verdict
from tests.gallery.models import Photo
from tests.samples import detection

from .stories import MOSTLY_AI, answered, awaited, claimed, decided, flagged, fresh, image_of, place, without_ai

pytestmark = pytest.mark.django_db(transaction=True)


def rejudge(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("copyleaks_rejudge", *(arguments or ("--yes",)), stdout=out)
    return out.getvalue().splitlines()


def mostly(name: str, *, colour: str) -> ImageScan:
    scan = awaited(name, colour=colour)
    return answered(scan, detection(scan, **MOSTLY_AI))


def test_dry_run__counts_by_field_what_changes_side(configure: Callable[..., None]) -> None:
    flagged("a.jpg", colour="red")
    flagged("b.jpg", colour="green")
    mostly("c.jpg", colour="blue")
    without_ai("d.jpg", colour="black")
    configure(REVIEW_AREA=0.5, MOSTLY_AI_AREA=0.3)
    before = list(WatchedImage.objects.order_by("pk").values_list("pk", "version", "standing", "queue", "verdict"))

    assert rejudge("--dry-run") == ["gallery.photo.image: 2 leave it, 2 become mostly AI."]

    assert (
        list(WatchedImage.objects.order_by("pk").values_list("pk", "version", "standing", "queue", "verdict")) == before
    )


def test_higher_threshold__takes_pictures_from_the_desk__a_lower_one_brings_them_back(
    configure: Callable[..., None], ada: Any
) -> None:
    scan = flagged()
    claimed(scan, ada)
    configure(REVIEW_AREA=0.5)

    assert rejudge() == ["gallery.photo.image: 1 leave it.", "Judged anew: 1 pictures. What people have decided stays."]
    image = image_of(scan)
    assert (place(scan), image.queued_at, image.claimed_by) == (("", "clean"), None, None)

    configure(REVIEW_AREA=0.1)
    assert "1 come to the desk" in rejudge()[0]
    image = image_of(scan)
    assert place(scan) == ("review", "flagged")
    assert image.queued_at is not None
    assert rejudge() == ["Nothing changes: all results are judged by the thresholds of today."]


def test_verdict__is_that_of_today_with_scan_and_picture(configure: Callable[..., None]) -> None:
    scan = flagged()
    configure(MOSTLY_AI_AREA=0.3)

    rejudge()

    assert (fresh(scan).verdict, image_of(scan).verdict, place(scan)) == (
        "mostly_ai",
        "mostly_ai",
        ("review", "flagged"),
    )


def test_thresholds_of_a_field__win(configure: Callable[..., None], watch: Callable[..., None]) -> None:
    scan = flagged()
    configure(REVIEW_AREA=0.9)
    watch(Photo, "image", review_area=0.1)

    assert "Nothing changes" in rejudge()[0]
    assert place(scan) == ("review", "flagged")


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.CLEARED, Kind.ESCALATED])
def test_decisions__stay(kind: Kind, configure: Callable[..., None], ada: Any) -> None:
    scan = flagged()
    decided(scan, ada, kind)
    before, decisions = place(scan), list(Decision.objects.values())
    configure(REVIEW_AREA=0.9, MOSTLY_AI_AREA=0.1)

    rejudge()

    assert (place(scan), image_of(scan).verdict) == (before, "mostly_ai")
    assert list(Decision.objects.values()) == decisions


def test_picture_that_is_decided_meanwhile__keeps_its_decision(configure: Callable[..., None], ada: Any) -> None:
    scan = flagged()
    configure(REVIEW_AREA=0.9)
    as_it_was = image_of(scan)
    decided(scan, ada, Kind.CONFIRMED)

    with pytest.raises(placing.Interrupted):
        placing.judge_anew(as_it_was, Verdict.PARTLY_AI, Standing.CLEAN)
    assert list(rejudging.rejudge()) == []

    assert place(scan) == ("", "confirmed")


def test_project__hears_of_what_changes_side__and_nobody_takes_it_for_a_new_result(
    configure: Callable[..., None],
) -> None:
    heard: list[str] = []

    def hear(scan: ImageScan, **_: Any) -> None:
        heard.append(scan.scan_id)

    changes, stays = flagged("a.jpg", colour="red"), mostly("b.jpg", colour="blue")
    since = max(scan.finished_at for scan in (changes, stays) if scan.finished_at)
    configure(REVIEW_AREA=0.5)
    scan_completed.connect(hear, sender=Photo)
    try:
        rejudge()
    finally:
        scan_completed.disconnect(hear, sender=Photo)

    assert heard == [changes.scan_id]
    assert not evidence.measured_since(since)


def test_picture_that_was_deleted__is_left_alone(configure: Callable[..., None]) -> None:
    scan = flagged()
    Photo.objects.get(pk=scan.object_id).delete()
    configure(REVIEW_AREA=0.9)

    assert "Nothing changes" in rejudge()[0]


def test_nobody_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO())

    with pytest.raises(CommandError, match="no terminal to ask at"):
        call_command("copyleaks_rejudge")


def test_ctrl_c__ends_in_one_sentence__and_the_same_command_goes_on(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    scans = [flagged("a.jpg", colour="red"), flagged("b.jpg", colour="green")]
    configure(REVIEW_AREA=0.9)
    judge_anew, calls = placing.judge_anew, iter([None])

    def interrupt(*arguments: Any) -> None:
        if next(calls, "interrupt"):
            raise KeyboardInterrupt
        judge_anew(*arguments)

    monkeypatch.setattr(placing, "judge_anew", interrupt)
    with pytest.raises(CommandError, match=r"^Stopped: 1 pictures were judged anew\. The same command goes on"):
        rejudge()
    monkeypatch.undo()

    assert [place(scan)[1] for scan in scans] == ["clean", "flagged"]
    rejudge()
    assert [place(scan)[1] for scan in scans] == ["clean", "clean"]
