"""``copyleaks_scan``: what it says before it queues, whom it asks, and how it is ended."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image.copyleaks.client import Client
from django_copyleaks_image.copyleaks.errors import TransientError
from django_copyleaks_image.management import progress
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.scan import Lane, Status
from django_copyleaks_image.scanning import account, backlog, full_scan, reconcile, requeue, submit
from tests.gallery.models import Photo
from tests.samples import photo, picture, upload

pytestmark = pytest.mark.django_db(transaction=True)

FIELD = "gallery.Photo.image"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _balance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "credits", lambda client: 2000)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sit at a terminal, and answer so."""

    def answer(text: str) -> None:
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr("builtins.input", lambda question: text)

    return answer


def old(*contents: bytes) -> None:
    """Store pictures that were there before the app was."""
    Photo.objects.bulk_create(Photo(image=upload(f"{number}.jpg", it)) for number, it in enumerate(contents))


def scan(*arguments: str, out: StringIO | None = None) -> str:
    out = out or StringIO()
    call_command("copyleaks_scan", *arguments, stdout=out)
    return out.getvalue()


def queued() -> list[str]:
    return list(ImageScan.objects.filter(status=Status.QUEUED).order_by("pk").values_list("object_id", flat=True))


def keys() -> list[str]:
    return [str(pk) for pk in Photo.objects.order_by("pk").values_list("pk", flat=True)]


def test_dry_run__says_what_it_takes(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=100, RATE_LIMIT=2, FIT=False)
    old(picture(), picture(), picture(colour="green"), picture(size=(64, 64)), b"no picture")

    said = scan(FIELD, "--dry-run")

    assert said.splitlines() == [
        "gallery.Photo.image: files that would be queued: 5.",
        "Refused for size or format, and not sent: 2 (no_picture 1, too_small 1).",
        "With bytes that were paid before, or that another one has: 1.",
        "To be paid: 2, for at most 2 credits.",
        "The account has 2,000 credits.",
        "Of today's budget of 100 credits 100 are left.",
        "At 2 a second it takes 0:00:01; what is uploaded meanwhile goes first.",
    ]
    assert queued() == []


def test_large_backlog__is_reckoned_by_a_sample() -> None:
    old(*(picture() + bytes([number]) for number in range(6)), b"no picture", b"no picture either")

    said = scan(FIELD, "--dry-run", "--sample", "4")

    assert "Of these, 4 were looked at, chosen at random" in said
    assert "files that would be queued: 8." in said
    paid = int(re.search(r"To be paid: (\d),", said)[1])  # type: ignore[index]
    refused = int((re.search(r"not sent: (\d)", said) or [0, 0])[1])
    assert paid == 8 * (4 - refused) / 4


def test_budget_that_lasts_for_days__is_told(configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=1)
    old(picture(), picture(colour="green"))

    assert "it takes 2 days, because of the budget" in scan(FIELD, "--dry-run")


def test_sandbox__costs_nothing(configure: Callable[..., None]) -> None:
    configure(SANDBOX=True)
    old(picture())

    assert "The sandbox is on: this costs nothing" in scan(FIELD, "--dry-run")


def test_account_that_does_not_answer__is_no_reason_not_to_queue(
    monkeypatch: pytest.MonkeyPatch, answers: Callable[[str], None]
) -> None:
    def fail(client: Client) -> int:
        raise TransientError("No.", status=503)

    monkeypatch.setattr(Client, "credits", fail)
    answers("y")
    old(picture())

    assert "a number of credits that could not be asked for (" in scan(FIELD)
    assert queued() == keys()


def test_nobody_to_be_asked__is_refused_and_told_what_to_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("y\n"))
    old(picture())

    with pytest.raises(CommandError, match="no terminal to ask at: say --yes, or --dry-run"):
        scan(FIELD)

    assert queued() == []


@pytest.mark.parametrize(("answer", "is_queued"), [("y", True), ("Yes ", True), ("", False), ("n", False)])
def test_terminal__is_asked(answer: str, is_queued: bool, answers: Callable[[str], None]) -> None:
    answers(answer)
    old(picture())

    said = scan(FIELD)

    assert (queued() == keys(), "Nothing was queued." in said) == (is_queued, not is_queued)


def test_files__are_queued_newest_first__oldest_first_when_asked() -> None:
    old(picture(), picture(colour="green"))
    scan(FIELD, "--yes")
    assert queued() == keys()[::-1]

    ImageScan.objects.all().delete()
    scan(FIELD, "--yes", "--no-newest-first")
    assert queued() == keys()


def test_since__asks_the_storage_or_a_column() -> None:
    old(picture(), picture(colour="green"))
    early = Photo.objects.earliest("pk")
    Path(early.image.path).touch()
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    os.utime(early.image.path, (0, 0))

    scan(FIELD, "--yes", "--since", yesterday)
    assert queued() == keys()[1:]

    with pytest.raises(CommandError, match="names no column"):
        scan(FIELD, "--yes", "--since", yesterday, "--dated-by", "nothing")
    with pytest.raises(CommandError, match="tomorrow is no date"):
        scan(FIELD, "--yes", "--since", "tomorrow")


def test_ctrl_c__ends_in_one_sentence__and_the_same_command_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    old(*(picture() + bytes([number]) for number in range(4)))
    queue = reconcile.queue_unscanned

    def interrupt(*arguments: Any, **named: Any) -> ImageScan:
        if ImageScan.objects.count() == 2:
            raise KeyboardInterrupt
        return queue(*arguments, **named)

    monkeypatch.setattr(reconcile, "queue_unscanned", interrupt)
    with pytest.raises(
        CommandError, match=r"^Stopped: 2 files were queued. The same command goes on with the rest.$"
    ) as ended:
        scan(FIELD, "--yes")
    assert ended.value.returncode == 130

    monkeypatch.undo()
    scan(FIELD, "--yes")
    assert queued() == keys()[::-1]


def test_terminal__shows_how_far_it_is__and_a_file_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    old(picture(), picture(colour="green"))

    assert "\r" not in scan(FIELD, "--yes", "--limit", "1")
    said = scan(FIELD, "--yes", out=Terminal())

    assert "1 of 1 (100%)" in said
    assert "0:00:00 left" in said


def test_progress__tells_rate_and_time_left() -> None:
    assert progress.line(250, 1000, 10) == "[#####               ] 250 of 1,000 (25%), 25 a second, 0:00:30 left"


def test_mock_results__leave_a_file_unscanned_once_the_sandbox_is_off(configure: Callable[..., None]) -> None:
    mock, real = photo("mock.jpg"), photo("real.jpg")
    ended = {"status": Status.SKIPPED, "error_code": "x", "finished_at": timezone.now(), "next_attempt_at": None}
    ImageScan.objects.update(**ended)
    ImageScan.objects.filter(object_id=mock.pk).update(status=Status.FAILED, sandbox=True)

    configure(SANDBOX=True)
    assert "queued: 0." in scan(FIELD, "--yes")
    configure(SANDBOX=False)
    assert "queued: 1." in scan(FIELD, "--yes")

    assert queued() == [str(mock.pk)]
    assert "queued: 0." in scan(FIELD, "--yes")
    assert real.pk


def test_cancel__takes_out_what_was_not_sent__and_it_is_unscanned_again() -> None:
    old(*(picture() + bytes([number]) for number in range(4)))
    scan(FIELD, "--yes")
    upload_since = photo("new.jpg")
    sent, in_doubt, *_ = ImageScan.objects.filter(lane=Lane.BACKFILL).order_by("pk")
    now = timezone.now()
    ImageScan.objects.filter(pk=sent.pk).update(
        status=Status.SUBMITTED, submitted_at=now, sent_at=now, may_have_arrived=True, next_attempt_at=None
    )
    ImageScan.objects.filter(pk=in_doubt.pk).update(sent_at=now, may_have_arrived=True)

    assert "Taken out of the queue: 2." in scan(FIELD, "--cancel")

    assert set(queued()) == {in_doubt.object_id, str(upload_since.pk)}
    cancelled = ImageScan.objects.filter(status=Status.SKIPPED)
    assert set(cancelled.values_list("error_code", "pay_key")) == {("cancelled", None)}
    assert not cancelled.filter(notified_at=None).exists()
    assert "queued: 2." in scan(FIELD, "--yes")


def test_cancelled_files__are_queued_by_nobody_else() -> None:
    old(picture())
    scan(FIELD, "--yes")
    scan("--cancel")

    for _ in range(3):
        full_scan.take_next_steps()
        reconcile.reconcile()
    Photo.objects.get().save()

    assert queued() == []


def test_cancel__gives_back_the_credit_and_takes_the_scan_from_whoever_works_on_it() -> None:
    old(picture())
    scan(FIELD, "--yes")
    (claimed,) = submit.claim(1)
    today = timezone.now().date()
    account.reserve_credit(today, None)
    ImageScan.objects.update(budget_day=today)

    scan("--cancel")
    submit.work_on(claimed, sleep=lambda seconds: None)

    assert ImageScan.objects.get().status == Status.SKIPPED
    assert AccountState.objects.get().budget_reserved == 0


def test_cancelled_payer__leaves_an_upload_of_the_same_bytes_to_pay() -> None:
    old(picture())
    scan(FIELD, "--yes")
    ImageScan.objects.update(content_key="x", pay_key="x")
    photo("new.jpg")
    waiting = ImageScan.objects.latest("pk")
    tomorrow = timezone.now() + timedelta(days=1)
    ImageScan.objects.filter(pk=waiting.pk).update(
        content_key="x", error_code="waits_for_duplicate", next_attempt_at=tomorrow
    )

    scan("--cancel")

    assert ImageScan.objects.filter(error_code="cancelled").exclude(duplicates_due_at=None).exists()


def test_status__retries_in_bulk_what_has_ended_so_since_a_day() -> None:
    early, late = photo("early.jpg"), photo("late.jpg")
    now = timezone.now()
    for instance, ended_at in ((early, now - timedelta(days=9)), (late, now)):
        ImageScan.objects.filter(object_id=instance.pk).update(
            status=Status.SKIPPED, error_code="missing_file", finished_at=ended_at, next_attempt_at=None
        )

    scan("--status", "missing_file", "--yes", "--since", (now - timedelta(days=2)).date().isoformat())

    assert queued() == [str(late.pk)]
    assert ImageScan.objects.latest("pk").lane == Lane.AGAIN
    assert len(list(backlog.ended("missing_file", pay_again=False))) == 1
    assert requeue.ended_with("missing_file").count() == 2
