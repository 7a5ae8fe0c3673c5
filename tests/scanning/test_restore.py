"""A database that was restored from a backup: held, found out, and gone on with."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.errors import ConflictError, PermanentError
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.scanning import circuit, evidence, receive, refused, restore, submit, sweep
from tests.samples import as_json, clean, only_scan, photo, picture, submitted

from .fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)


def due_now() -> None:
    """Let all turns have come."""
    ImageScan.objects.filter(status=Status.QUEUED).update(next_attempt_at=timezone.now())


def test_restored__everything_is_held_and_nothing_counts_as_lost(provider: Provider) -> None:
    queued = ImageScan.objects.get(object_id=str(photo("a.jpg").pk))
    waiting = submitted(ImageScan.objects.get(object_id=str(photo("b.jpg", picture(colour="red")).pk)))
    ImageScan.objects.filter(pk=waiting.pk).update(submitted_at=timezone.now() - timedelta(days=1))

    call_command("copyleaks_restored")
    sweep.sweep()
    submit.work_on_one(queued.scan_id)

    assert circuit.is_open()
    assert provider.sent == []
    assert list(ImageScan.objects.order_by("pk").values_list("status", "may_have_arrived")) == [
        (Status.QUEUED, True),
        (Status.SUBMITTED, True),
    ]
    assert set(ImageScan.objects.awaiting_result(timezone.now())) == {queued, waiting}


@pytest.mark.parametrize("refusal", [ConflictError(status=409), PermanentError(slug="bad_parameter", status=400)])
def test_scan_that_was_sent_after_the_backup__is_not_refused_under_its_old_id(refusal: Any, provider: Provider) -> None:
    photo()
    call_command("copyleaks_restored")
    call_command("copyleaks_restored", "--go-on")
    provider.fail_next([refusal])

    work()

    scan = only_scan()
    assert provider.sent == [scan.scan_id]
    assert (scan.status, scan.error_code) == (Status.SUBMITTED, "")


def test_picture_that_would_be_refused__was_never_sent_whatever_the_backup_does_not_know(provider: Provider) -> None:
    photo("small.png", picture("PNG", (20, 20)))
    call_command("copyleaks_restored")
    call_command("copyleaks_restored", "--go-on")

    work()

    assert (only_scan().status, only_scan().error_code) == (Status.SKIPPED, "too_small")
    assert provider.sent == []


def test_callback_that_comes_during_the_hold__completes_its_scan(provider: Provider) -> None:
    photo()
    call_command("copyleaks_restored")

    receive.deliver(only_scan(), as_json(clean(only_scan())), Source.WEBHOOK)
    call_command("copyleaks_restored", "--go-on")
    work()

    assert only_scan().status == Status.COMPLETED
    assert provider.sent == []


def test_going_on__waits_for_results_anew_and_pays_for_lost_ones_once(provider: Provider) -> None:
    scan = submitted(ImageScan.objects.get(object_id=str(photo().pk)))
    ImageScan.objects.update(submitted_at=timezone.now() - timedelta(days=1))
    call_command("copyleaks_restored")
    call_command("copyleaks_restored", "--go-on")

    sweep.sweep()
    assert only_scan().status == Status.SUBMITTED

    ImageScan.objects.update(submitted_at=timezone.now() - timedelta(hours=2))
    sweep.sweep()
    assert ImageScan.objects.get(resubmission_of=scan).status == Status.QUEUED


def test_going_on__submits_the_scans_of_the_backup_slowly_and_new_ones_at_once(provider: Provider) -> None:
    for number in range(5):
        photo("old.jpg", picture(colour=(number * 50, 0, 0)))
    ImageScan.objects.filter(pk=ImageScan.objects.earliest("pk").pk).update(
        lease_owner="a worker of then", lease_until=timezone.now() + timedelta(days=1)
    )
    call_command("copyleaks_restored")
    fresh = ImageScan.objects.get(object_id=str(photo("new.jpg").pk))
    assert (fresh.may_have_arrived, fresh.sent_at) == (False, None)

    def in_minutes() -> list[int]:
        return [
            round((due - timezone.now()).total_seconds() / 60)
            for due in ImageScan.objects.order_by("pk").values_list("next_attempt_at", flat=True)
            if due
        ]

    call_command("copyleaks_restored", "--go-on", "--per-minute", "2")
    assert in_minutes() == [0, 0, 1, 1, 2, 0]
    sweep.sweep()
    assert in_minutes() == [0, 0, 1, 1, 2, 0]
    assert len(submit.claim(10)) == 3
    assert not circuit.is_open()


def test_going_on__does_not_wait_for_results_that_came_before_the_restore(provider: Provider) -> None:
    for number in range(conf.RESULT_WINDOW or 0):
        photo(f"{number}.jpg", picture("PNG", (512, 512), colour=(number, 0, 9)))
    for waiting in ImageScan.objects.all():
        submitted(waiting)
    call_command("copyleaks_restored")
    call_command("copyleaks_restored", "--go-on")
    photo("new.jpg", picture("PNG", (512, 512), colour=(0, 9, 9)))

    work()

    assert provider.sent == [ImageScan.objects.latest("pk").scan_id]
    assert evidence.silent_since() is None


def test_scans_of_the_backup_that_were_answered_before__keep_no_new_one_waiting(provider: Provider) -> None:
    for number in range(conf.RESULT_WINDOW or 0):
        photo(f"{number}.jpg", picture("PNG", (512, 512), colour=(number, 0, 9)))
    call_command("copyleaks_restored")
    call_command("copyleaks_restored", "--go-on")
    work()
    photo("new.jpg", picture("PNG", (512, 512), colour=(0, 9, 9)))

    work()

    assert provider.sent[-1] == ImageScan.objects.latest("pk").scan_id
    assert evidence.silent_since() is None


def test_duplicates_of_the_backup__share_one_result(provider: Provider) -> None:
    for _ in range(3):
        photo()
    call_command("copyleaks_restored")
    call_command("copyleaks_restored", "--go-on")
    work()
    assert len(provider.sent) == 1

    payer = ImageScan.objects.get(scan_id=provider.sent[0])
    receive.deliver(payer, as_json(clean(payer)), Source.WEBHOOK)
    work(rounds=2)

    assert set(ImageScan.objects.values_list("status", flat=True)) == {Status.COMPLETED}
    assert len(provider.sent) == 1


@pytest.mark.parametrize(("on_lost_result", "at_most"), [("resubmit", 3), ("fail", 2)])
def test_command__tells_what_is_known_and_what_it_may_cost(
    on_lost_result: str, at_most: int, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    configure(ON_LOST_RESULT=on_lost_result)
    refused.allowance.renew()
    submitted(ImageScan.objects.get(object_id=str(photo("a.jpg").pk)))
    photo("b.jpg")
    photo("c.jpg")
    call_command("copyleaks_restored")
    refused.note_unknown_scan()
    photo("new.jpg")
    call_command("copyleaks_restored")

    told = capsys.readouterr().out.splitlines()[-6:]

    assert told[0].startswith("Held since ")
    assert told[1].startswith("Scans of the backup that are queued: 2.")
    assert told[2].startswith("Scans of the backup that wait for their result: 1.")
    assert told[3].startswith("Callbacks that came since: 0, and about scans that this database does not know: 1.")
    assert told[4].startswith(f"Credits that going on costs at most: {at_most},")
    assert "--go-on" in told[5]


def test_credits_that_it_may_cost__are_what_it_costs_at_worst(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One at a time, each after the result of the one before, which is not what is asked here.
    monkeypatch.setattr(evidence, "resubmission_is_out", lambda: False)
    submitted(ImageScan.objects.get(object_id=str(photo("a.jpg").pk)))
    for number in range(3):
        photo("b.jpg", picture(colour=(number * 50, 0, 0)))
    restore.hold()
    known = restore.found()
    assert known is not None
    restore.go_on(per_minute=60)
    # All were answered before the restore, so that every id is taken and no result comes.
    provider.fail_next([ConflictError(status=409)] * 3)
    work()
    ImageScan.objects.update(submitted_at=timezone.now() - timedelta(hours=2))
    sweep.sweep()
    sent_before = len(provider.sent)
    ImageScan.objects.filter(resubmission_of__isnull=False).update(
        sha256="", content_key="", pay_key=None
    )  # The samples are no real pictures.

    for _ in range(known.credits):
        work()

    assert len(provider.sent) - sent_before == known.credits == 4
    assert not ImageScan.objects.filter(error_code="bad_parameter").exists()


def test_restored_twice__changes_nothing_the_second_time() -> None:
    restore.hold()
    first = restore.found()
    fresh = ImageScan.objects.get(object_id=str(photo().pk))

    restore.hold()

    assert restore.found() == first
    fresh.refresh_from_db()
    assert not fresh.may_have_arrived


def test_command__refuses_what_makes_no_sense() -> None:
    with pytest.raises(CommandError, match="Nothing is held"):
        call_command("copyleaks_restored", "--go-on")
    assert not AccountState.objects.exclude(restored_at=None).exists()
    with pytest.raises(CommandError, match="--per-minute"):
        call_command("copyleaks_restored", "--per-minute", "0")


def test_interrupted_on_its_way__everything_is_still_held(monkeypatch: pytest.MonkeyPatch) -> None:
    photo()
    restore.hold()

    def broken(work: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(restore, "atomically", broken)
        with pytest.raises(KeyboardInterrupt):
            restore.go_on(per_minute=1)
    assert circuit.is_open()

    restore.go_on(per_minute=1)
    assert not circuit.is_open()
    assert Code.RESULT_LOST not in ImageScan.objects.values_list("error_code", flat=True)
