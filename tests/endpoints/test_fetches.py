"""The address of a picture dies with its fetch, through real sockets."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import addresses, prepare, stored_files
from django_copyleaks_image.worker import Worker
from tests.samples import as_json, clean, judge, only_scan, photo, picture, submitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]


@pytest.fixture
def waiting(live_server: Any, configure: Callable[..., None]) -> ImageScan:
    """A scan that was sent, and whose picture is more than what sockets hold of it for a reader that reads nothing."""
    configure(PUBLIC_URL=live_server.url)
    photo("large.bmp", picture("BMP", (2400, 2400)))
    scan = only_scan()
    facts = prepare.measure(stored_files.stored_file(scan))
    ImageScan.objects.update(sha256=facts.sha256, byte_size=facts.byte_size)
    submitted(only_scan())
    ImageScan.objects.update(byte_size=facts.byte_size)
    return only_scan()


def address_of(scan: ImageScan) -> str:
    return addresses.media_url(scan, stored_files.stored_file(scan))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def begun(url: str) -> Iterator[socket.socket]:
    """Ask for an address, take the first bytes, and hang up at the end without another word."""
    parts = urlsplit(url)
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.connect((parts.hostname, parts.port))
        line.sendall(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        assert line.recv(12) == b"HTTP/1.1 200"
        yield line


def test_address__dies_with_the_fetch_of_the_whole_and_with_nothing_less(waiting: ImageScan) -> None:
    url = address_of(waiting)
    with begun(url):
        assert requests.head(url, timeout=10).status_code == 200
        # Neither part of a picture nor a "not modified" is ever given: both get the whole.
        partly = {"Range": "bytes=0-9", "If-None-Match": "*", "If-Modified-Since": "Tue, 01 Dec 2099 00:00:00 GMT"}
        with requests.get(url, headers=partly, timeout=10, stream=True) as answer:
            assert (answer.status_code, "ETag" in answer.headers) == (200, False)
    assert only_scan().fetched_at is None

    assert len(requests.get(url, timeout=10).content) == waiting.byte_size
    wait_until(lambda: only_scan().fetched_at is not None)
    assert requests.get(url, timeout=10).status_code == 200

    ImageScan.objects.update(fetched_at=timezone.now() - timedelta(minutes=15, seconds=1))
    assert requests.get(url, timeout=10).status_code == 404
    # Its result is taken all the same.
    answer = requests.post(addresses.webhook_url(waiting), data=as_json(clean(waiting)), timeout=10)
    assert answer.status_code == 200
    judge()
    assert only_scan().status == Status.COMPLETED
    assert requests.get(url, timeout=10).status_code == 404


def test_vendor_that_fetches_twice__gets_the_picture_twice(live_server: Any, configure: Callable[..., None]) -> None:
    with Emulator(vendor="careful", latency=0.0) as vendor:
        configure(API_URL=vendor.url, ID_URL=vendor.url, PUBLIC_URL=live_server.url, RATE_LIMIT=1000)
        photo("ai-37.jpg")
        Worker(threads=1, poll_seconds=0.05).run_once()
        wait_until(lambda: bool(judge()) or only_scan().is_finished)

        assert vendor.ledger.counted("fetch") == 2
    scan = only_scan()
    assert (scan.status, scan.fetched_at is None) == (Status.COMPLETED, False)
