"""What ended with one outcome is queued again in bulk; what may have been paid only when that is asked for."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import requeue
from tests.gallery.models import Listing, Photo
from tests.samples import photo

pytestmark = pytest.mark.django_db


def ended(
    name: str, code: str = "bad_parameter", status: str = Status.FAILED, *, paid: bool = False, key: str = ""
) -> ImageScan:
    photo(name)
    scan = ImageScan.objects.latest("pk")
    now = timezone.now()
    ImageScan.objects.filter(pk=scan.pk).update(
        status=status, error_code=code, finished_at=now, notified_at=now, may_have_arrived=paid, content_key=key
    )
    return ImageScan.objects.get(pk=scan.pk)


def again(scan: ImageScan) -> bool:
    newer = ImageScan.objects.filter(object_id=scan.object_id, pk__gt=scan.pk)
    return newer.filter(status=Status.QUEUED, repeated=True).exists()


def test_command__queues_what_ended_with_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    refused, skipped = ended("a.jpg"), ended("b.jpg", status=Status.SKIPPED)
    other = ended("c.jpg", "invalid_file")

    call_command("copyleaks_scan", "--status", "bad_parameter", "--dry-run", "--sample", "0")
    assert "files that would be queued: 2." in capsys.readouterr().out
    assert not again(refused)

    call_command("copyleaks_scan", "--status", "bad_parameter", "--yes")
    assert "files queued: 2." in capsys.readouterr().out
    assert (again(refused), again(skipped), again(other)) == (True, True, False)

    call_command("copyleaks_scan", "--status", "bad_parameter", "--yes")
    assert "files queued: 0.\nLeft out is what" in capsys.readouterr().out


def test_command__takes_the_newest_up_to_a_limit() -> None:
    older, newer = ended("a.jpg"), ended("b.jpg")

    call_command("copyleaks_scan", "--status", "bad_parameter", "--limit", "1", "--yes")

    assert (again(older), again(newer)) == (False, True)


def test_command__wants_a_field_or_an_outcome() -> None:
    with pytest.raises(CommandError, match="Name a watched field, or an outcome code"):
        call_command("copyleaks_scan", "--yes")


def test_command__takes_the_outcome_of_one_field_alone(watch: Callable[..., None]) -> None:
    watch(Listing, "front")
    refused = ended("a.jpg")

    call_command("copyleaks_scan", "gallery.Listing.front", "--status", "bad_parameter", "--yes")
    assert not again(refused)

    call_command("copyleaks_scan", "gallery.Photo.image", "--status", "bad_parameter", "--yes")
    assert again(refused)


def test_what_may_have_been_paid__is_left_out_until_that_is_asked_for() -> None:
    lost = ended("a.jpg", "result_lost", paid=True, key="k" * 64)
    duplicate = ended("b.jpg", "result_lost", key="k" * 64)
    unpaid = ended("c.jpg", "result_lost", key="u" * 64)
    restored = ended("d.jpg", "result_lost", paid=True)

    call_command("copyleaks_scan", "--status", "result_lost", "--yes")
    assert (again(lost), again(duplicate), again(unpaid), again(restored)) == (False, False, True, False)

    call_command("copyleaks_scan", "--status", "result_lost", "--pay-again", "--yes")
    assert (again(lost), again(duplicate), again(restored)) == (True, True, True)


def test_files_that_are_others_by_now__are_left_out() -> None:
    replaced, deleted = ended("a.jpg"), ended("b.jpg")
    Photo.objects.filter(pk=replaced.object_id).update(image="photos/other.jpg")
    Photo.objects.filter(pk=deleted.object_id).delete()

    call_command("copyleaks_scan", "--status", "bad_parameter", "--yes")

    assert not again(replaced)
    assert ImageScan.objects.filter(status=Status.QUEUED).count() == 0


def test_request__is_carried_out_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requeue, "BATCH", 2)
    scans = [ended(f"{number}.jpg") for number in range(5)]
    paid = ended("paid.jpg", paid=True)
    requeue.ask_for("bad_parameter")
    later = ended("later.jpg")

    assert [requeue.carry_on() for _ in range(4)] == [1, 2, 2, 0]

    assert all(again(scan) for scan in scans)
    assert not again(paid)
    assert not again(later)
    state = AccountState.objects.get()
    assert (state.requeue_code, state.requeue_mark) == ("", None)
    assert requeue.carry_on() == 0


def test_request__goes_on_after_one_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ended("a.jpg"), ended("b.jpg")
    queue_again = requeue.queue_again

    def fail_for_one(scan: ImageScan) -> bool:
        if scan == second:
            raise RuntimeError("A bug.")
        return queue_again(scan)

    monkeypatch.setattr(requeue, "queue_again", fail_for_one)
    requeue.ask_for("bad_parameter")

    assert requeue.carry_on() == 1
    assert again(first)
