"""How fast a worker empties the queue, through real sockets: against the least that one could do, and at the
account's rate.

Threads that wait 250 ms for each answer submit four scans a second each at best. What processor time each scan takes
besides depends on the machine, so the peer is a worker of a few lines that claims, reads, submits and notes, and
nothing else.
"""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from threading import Thread, local

import requests
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from PIL import Image

from benchmarks.figures import Figure, alternating
from benchmarks.local_copyleaks import local_copyleaks, refused_for_the_rate
from django_copyleaks_image.copyleaks.client import Submission, client_from_settings
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.worker import Worker
from tests.gallery.models import Photo
from tests.samples import picture, upload

THREADS, MANY_THREADS = 8, 16
DELAY = 0.25
SCANS = 300
RATE = 10
RATE_SECONDS = 60
CALLS = 400


def measure() -> Iterator[Figure]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    # What other measurements have left in the queue would be sent first.
    ImageScan.objects.unfinished().delete()
    with local_copyleaks("--answer-delay", str(DELAY), RATE_LIMIT=100_000) as url:
        submitted_per_second(queue_pictures(MANY_THREADS), MANY_THREADS)  # Logs in, and imports what is needed.
        for threads, goal in ((THREADS, 0.8), (MANY_THREADS, None)):
            by_hand = _by_hand_per_second(url, queue_pictures(SCANS), threads)
            ours = submitted_per_second(queue_pictures(SCANS), threads)
            ideal = threads / DELAY
            name = f"drain_{threads}_threads"
            yield Figure(name=f"{name}_vs_by_hand", value=ours / by_hand, goal=goal, better="higher", unit="×")
            yield Figure(name=f"{name}_vs_ideal", value=ours / ideal, better="higher", unit=f"of {ideal:.0f}/s")
    yield from _at_the_rate_limit()
    yield from _per_call()


def _at_the_rate_limit() -> Iterator[Figure]:
    with local_copyleaks("--rate-limit", str(RATE), RATE_LIMIT=RATE) as url:
        rate = submitted_per_second(queue_pictures(RATE * RATE_SECONDS), THREADS)
        refused = refused_for_the_rate(url)
    yield Figure(name="drain_at_10_a_second", value=rate, goal=9.5, better="higher", unit="/s")
    yield Figure(name="drain_refused_for_the_rate", value=refused, goal=0, better="lower", unit="requests")


def queue_pictures(count: int) -> list[ImageScan]:
    """Save so many pictures, no two alike, and return their queued scans."""
    plain = picture(size=(512, 512))
    # A comment behind the picture makes other bytes of it without the work of encoding it.
    photos = [
        Photo.objects.create(image=upload("a.jpg", plain + f"{os.getpid()}-{number}-{time.monotonic_ns()}".encode()))
        for number in range(count)
    ]
    return list(ImageScan.objects.filter(object_id__in=[str(photo.pk) for photo in photos]))


def submitted_per_second(pictures: list[ImageScan], threads: int) -> float:
    """Return how many of these scans a second a worker with so many threads submits."""
    worker = Worker(threads=threads, poll_seconds=0.1)
    runner = Thread(target=worker.run)
    waiting = ImageScan.objects.filter(pk__in=[scan.pk for scan in pictures], status=Status.QUEUED)
    start = time.perf_counter()
    runner.start()
    while waiting.exists():
        time.sleep(0.05)
    taken = time.perf_counter() - start
    worker.stop()
    runner.join()
    return len(pictures) / taken


def _by_hand_per_second(url: str, pictures: list[ImageScan], threads: int) -> float:
    """Return how many of these scans a second are submitted by threads that take care of nothing."""
    token, sessions = _token(url), local()

    def submit(pk: int) -> None:
        now = timezone.now()
        queued = ImageScan.objects.filter(pk=pk, status=Status.QUEUED, lease_owner="")
        assert queued.update(lease_owner="by hand", lease_until=now + timedelta(minutes=1))
        scan = ImageScan.objects.get(pk=pk)
        with Photo.objects.get(pk=scan.object_id).image.open() as file:
            content = file.read()
        with Image.open(BytesIO(content)) as opened:
            width, height = opened.size
        session = sessions.__dict__.setdefault("session", requests.Session())
        _put(session.put, url, token, _submission(scan.scan_id))
        noted = {"sha256": sha256(content).hexdigest(), "width": width, "height": height, "byte_size": len(content)}
        ended = {"lease_owner": "", "lease_until": None, "next_attempt_at": None}
        ImageScan.objects.filter(pk=pk, lease_owner="by hand").update(
            status=Status.SUBMITTED, submitted_at=timezone.now(), **noted, **ended
        )

    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(submit, [scan.pk for scan in pictures]))
        taken = time.perf_counter() - start
        list(pool.map(lambda _: connection.close(), range(threads)))
    return len(pictures) / taken


def _submission(scan_id: str) -> Submission:
    return Submission(
        scan_id=scan_id,
        url="https://photos.example.org/picture.jpg",
        file_name="picture.jpg",
        model="ai-image-1-ultra",
        webhook_url="https://photos.example.org/hook",
        sandbox=False,
    )


def _token(url: str) -> str:
    login = {"email": "a@example.org", "key": "key"}
    token: str = requests.post(f"{url}/v3/account/login/api", json=login, timeout=10).json()["access_token"]
    return token


def _put(put: Callable[..., requests.Response], url: str, token: str, submission: Submission) -> None:
    """Submit as whoever takes care of nothing does."""
    answer = put(
        f"{url}/v1/ai-image-detector-async/{submission.scan_id}/submit",
        data=submission.body().content,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.status_code


def _per_call() -> Iterator[Figure]:
    """Compare our client with a bare session, and with a connection per call as in the vendor's own SDK."""
    with local_copyleaks(RATE_LIMIT=100_000) as url:
        client = client_from_settings()
        session = requests.Session()
        token = _token(url)
        numbers = iter(range(10**9))

        def submission() -> Submission:
            return _submission(f"bench-{next(numbers)}")

        def ours() -> None:
            for _ in range(CALLS):
                client.submit(submission())

        def bare(put: Callable[..., requests.Response] = session.put) -> None:
            for _ in range(CALLS):
                _put(put, url, token, submission())

        yield Figure(
            name="client_put_vs_bare_session",
            value=alternating(ours, bare, repeat=5),
            goal=1.25,
            better="lower",
            unit="×",
        )
        yield Figure(
            name="client_put_vs_connection_per_call",
            value=alternating(ours, lambda: bare(requests.put), repeat=5),
            better="lower",
            unit="×",
        )
