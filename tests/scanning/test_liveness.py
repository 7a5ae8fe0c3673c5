"""Whether anybody works on what waits: neither a false alarm nor a sign of life that means nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from django_copyleaks_image.models import AccountState, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.scanning import finishing, liveness, receive
from tests.samples import as_json, detection, only_scan, photo, submitted

pytestmark = pytest.mark.django_db


def ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def told() -> str:
    return liveness.why_scans_wait(timezone.now())


def someone_is_there(*, swept_minutes_ago: float = 1) -> None:
    AccountState.objects.update_or_create(defaults={"worker_seen_at": ago(0), "swept_at": ago(swept_minutes_ago)})


def waiting(minutes: float) -> ImageScan:
    """Return a scan that is due for so long."""
    photo()
    ImageScan.objects.update(created_at=ago(minutes), next_attempt_at=ago(minutes))
    return only_scan()


def another_scan() -> ImageScan:
    photo("another.jpg")
    return ImageScan.objects.latest("pk")


def test_nothing_is_submitted_although_somebody_is_there() -> None:
    someone_is_there()
    waiting(9)
    assert told() == ""

    ImageScan.objects.update(next_attempt_at=ago(11))
    assert told() == "none that is due was sent or ended in the last 10 minutes"


@pytest.mark.parametrize(
    ("is_there", "expected"),
    [
        (False, "no worker was seen in the last 2 minutes"),
        (True, "callbacks that were stored more than 10 minutes ago were not judged"),
    ],
)
def test_stored_callback__that_nobody_judges(is_there: bool, expected: str) -> None:
    if is_there:
        someone_is_there()
    photo()
    scan = submitted(only_scan())
    receive.store(scan, as_json(detection(scan)), Source.WEBHOOK)
    assert told() == ""

    WebhookReceipt.objects.update(judging_due_at=ago(11))
    assert told() == expected


def test_long_queue__of_which_something_was_sent_lately() -> None:
    someone_is_there()
    waiting(60)
    submitted(another_scan())

    assert told() == ""

    ImageScan.objects.filter(submitted_at__isnull=False).update(submitted_at=ago(11))
    assert told().startswith("none that is due")


def test_long_queue__of_which_something_ended_unsent_lately() -> None:
    someone_is_there()
    waiting(60)
    scan = another_scan()
    finishing.skip(scan, "too_small", "", owner=scan.lease_owner)
    ImageScan.objects.filter(pk=scan.pk).update(notified_at=ago(1))

    assert told() == ""


def test_lost_results_that_are_ended_by_the_sweep__are_no_sign_of_submissions() -> None:
    someone_is_there()
    waiting(60)
    scan = submitted(another_scan())
    ImageScan.objects.filter(pk=scan.pk).update(submitted_at=ago(61))
    finishing.fail(scan, "result_lost", "", owner=None)
    ImageScan.objects.filter(pk=scan.pk).update(notified_at=ago(1))

    assert told().startswith("none that is due")


def test_pause_and_used_up_budget__are_reasons_to_wait(configure: Callable[..., None]) -> None:
    someone_is_there()
    waiting(60)
    AccountState.objects.update(paused_at=ago(30))
    assert told() == ""

    AccountState.objects.update(paused_at=None)
    configure(DAILY_BUDGET=0)
    assert told() == ""


def test_nobody_sweeps__is_told_later_since_a_task_backend_may_be_busy() -> None:
    waiting(70)
    ImageScan.objects.update(next_attempt_at=timezone.now())
    someone_is_there(swept_minutes_ago=50)
    assert told() == ""

    someone_is_there(swept_minutes_ago=61)
    assert told() == "nobody has swept in the last 60 minutes"


def test_nobody_is_there() -> None:
    waiting(9)
    assert told() == ""

    ImageScan.objects.update(created_at=ago(11))
    assert told() == "no worker was seen in the last 2 minutes"


@pytest.fixture
def unreachable(configure: Callable[..., None]) -> None:
    """Let the doctor find nobody behind any address."""
    nobody = "http://127.0.0.1:9"
    configure(API_URL=nobody, ID_URL=nobody, PUBLIC_URL=nobody)


@pytest.mark.parametrize(("minutes", "is_there"), [(1, True), (3, False)])
def test_worker__is_there_for_everybody_or_for_nobody(
    minutes: float, is_there: bool, admin_client: Client, capsys: pytest.CaptureFixture[str], unreachable: None
) -> None:
    waiting(11)
    AccountState.objects.create(worker_seen_at=ago(minutes), swept_at=ago(0))

    with pytest.raises(CommandError):
        call_command("copyleaks_doctor")
    overview = admin_client.get("/admin/copyleaks_image/imagescan/overview/").content.decode()

    assert ("a worker is running" in capsys.readouterr().out) == is_there
    assert ("No worker has been seen since" not in overview) == is_there
    assert (not told().startswith("no worker was seen")) == is_there


@pytest.mark.parametrize(("minutes", "is_stuck"), [(9, False), (11, True)])
def test_scan__is_stuck_for_everybody_or_for_nobody(
    minutes: float, is_stuck: bool, admin_client: Client, capsys: pytest.CaptureFixture[str], unreachable: None
) -> None:
    someone_is_there()
    waiting(minutes)

    with pytest.raises(CommandError):
        call_command("copyleaks_doctor")
    listed = admin_client.get("/admin/copyleaks_image/imagescan/?stuck=yes").context["cl"].queryset

    assert ("the oldest scan that is stuck" in capsys.readouterr().out) == is_stuck
    assert listed.exists() == is_stuck
    assert bool(told()) == is_stuck
