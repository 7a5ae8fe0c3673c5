"""The whole road through real sockets and processes: live site, emulator and worker, upload to verdict."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan, WebhookReceipt
from django_copyleaks_image.models.scan import Status
from tests.processes import environment_of
from tests.samples import judge, photo, picture
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

ROOT = Path(__file__).parent.parent


def worker_process(settings: Any, *arguments: str) -> AbstractContextManager["subprocess.Popen[str]"]:
    return process(settings, "copyleaks_worker", "--poll", "0.05", *arguments)


@contextmanager
def process(settings: Any, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    environment = os.environ | environment_of(settings)
    command = [sys.executable, "-m", "django", *arguments]
    started = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_emulator_with_worker__scans_an_upload_and_both_end_together(
    number: int, live_server: Any, configure: Callable[..., None], settings: Any
) -> None:
    # Whatever account and address the settings have: this worker talks to its emulator.
    configure(PUBLIC_URL=live_server.url, API_URL="https://api.copyleaks.com")
    command = ("copyleaks_emulator", "--port", "0", "--latency", "0", "--with-worker")

    with process(settings, *command) as both:
        assert both.stdout is not None
        said = both.stdout.readline()
        photo("ai-37.jpg", picture(size=(900, 700)))
        wait_until(lambda: all_ended(1))
        both.send_signal(number)
        output, _ = both.communicate(timeout=15)

    match = re.match(r"Copyleaks emulator at http://127\.0\.0\.1:(\d+), with a worker; callbacks go to http", said)
    assert match, said
    assert both.returncode == 0
    assert ImageScan.objects.get().verdict == "partly_ai"
    assert output.index("Worker stopped.") < output.index("Copyleaks emulator stopped")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(match[1]))) != 0


def all_ended(count: int) -> bool:
    return ImageScan.objects.filter(finished_at__isnull=False).count() == count


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_upload_to_verdict(mode: str, emulator: Emulator, configure: Callable[..., None], settings: Any) -> None:
    configure(MODE=mode)

    with worker_process(settings) as worker:
        photo("ai-37-chatgpt.jpg", picture(size=(900, 700)))
        photo("meadow.png", picture("PNG"))
        photo("tiny.jpg", picture(size=(10, 10)))
        wait_until(lambda: all_ended(3))
        worker.send_signal(signal.SIGTERM)
        output, _ = worker.communicate(timeout=15)

    assert worker.returncode == 0
    flagged, clean, tiny = ImageScan.objects.select_related("result").order_by("pk")
    assert (flagged.verdict, clean.verdict, tiny.error_code) == ("partly_ai", "no_ai", "too_small")
    assert flagged.result is not None
    assert flagged.result.metadata
    assert WebhookReceipt.objects.count() == 2
    assert f"Scan {tiny.scan_id}: skipped (too_small)." in output
    assert "Worker stopped." in output


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_what_copyleaks_would_refuse__is_measured_on_copies(
    mode: str, emulator: Emulator, configure: Callable[..., None], settings: Any
) -> None:
    configure(MODE=mode, SMALL_PICTURES="enlarge")
    large, gif, small = picture(size=(8064, 6048), mode="L", colour=9), picture("GIF"), picture(size=(300, 200))

    with worker_process(settings):
        photo("ai-37-phone.jpg", large)
        photo("ai-20.gif", gif)
        photo("avatar.jpg", small)
        photo("cut.jpg", picture(size=(800, 700))[:-2])
        wait_until(lambda: all_ended(4), seconds=60)

    scans = list(ImageScan.objects.order_by("pk"))
    assert [scan.error_message for scan in scans] == ["", "", "", ""]
    assert [scan.verdict for scan in scans] == ["partly_ai", "partly_ai", "no_ai", "no_ai"]
    sides = [(scan.copy_width, scan.copy_height, scan.copy_format) for scan in scans]
    assert sides == [(6000, 4500, "JPEG"), (640, 640, "PNG"), (768, 512, "JPEG"), (800, 700, "JPEG")]
    received = {entry.scan_id: entry.sha256 for entry in emulator.ledger.entries()}
    assert received == {scan.scan_id: scan.copy_sha256 for scan in scans}


def test_once__returns_when_nothing_is_due(emulator: Emulator, settings: Any) -> None:
    photo("meadow.jpg")

    with worker_process(settings, "--once") as worker:
        assert worker.wait(timeout=20) == 0

    wait_until(lambda: not judge() and all_ended(1))


def test_killed_worker__loses_nothing_and_pays_once(emulator: Emulator, settings: Any) -> None:
    for number in range(6):
        photo("meadow.jpg", picture(colour=(number * 30, 0, 0)))

    with worker_process(settings) as worker:
        wait_until(lambda: ImageScan.objects.exclude(status=Status.QUEUED).exists())
        worker.kill()
    # What the dead worker held is free when its leases end.
    ImageScan.objects.filter(status=Status.QUEUED).update(lease_until=None)
    WebhookReceipt.objects.update(judging_due_at=timezone.now())
    with worker_process(settings):
        wait_until(lambda: all_ended(6))

    assert emulator.ledger.charged == 6
    assert set(ImageScan.objects.values_list("status", flat=True)) == {Status.COMPLETED}


def test_chunked_callback__over_a_real_socket(emulator: Emulator) -> None:
    from django_copyleaks_image.scanning import addresses
    from tests.samples import as_json, clean, submitted

    photo("meadow.jpg")
    scan = submitted(ImageScan.objects.get())

    def chunks() -> Iterator[bytes]:
        yield as_json(clean(scan))

    answer = requests.post(addresses.webhook_url(scan), data=chunks(), timeout=10)

    # The development server ends no chunked stream by itself, so the length must be declared.
    assert answer.status_code == 411
