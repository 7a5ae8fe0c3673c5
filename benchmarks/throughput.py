"""Callbacks a second under gunicorn, against a bare view of Django REST framework in the same server.

And how many of those that are stored one worker judges a second.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Self
from urllib.parse import urlsplit

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from benchmarks import site
from benchmarks.archives import postgresql
from benchmarks.figures import Figure
from benchmarks.heatmap import HEIGHT, WIDTH, frayed_mask
from django_copyleaks_image.masks import Mask
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import addresses, receive
from tests.gallery.models import Photo
from tests.processes import LOOPBACK, Process, free_port
from tests.samples import as_json, detection

CLIENTS = 4
ROUNDS = 7
# By the size of the body: how many runs of a mask it takes, and how many callbacks are measured at a time.
BODIES = {"2kb": (100, 200), "1mb": (82_000, 24)}

Address = Callable[[ImageScan], str]


def measure() -> Iterator[Figure]:
    yield from _measure_on("sqlite")
    with postgresql():
        yield from _measure_on("postgresql")


def _measure_on(database: str) -> Iterator[Figure]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    # What other measurements have left would be counted here.
    judge_all()
    with served() as port:
        for size, (runs, count) in BODIES.items():
            mask = frayed_mask(runs)
            ours, judged, bare = [], [], []
            for _ in range(ROUNDS):
                ours.append(callbacks_per_second(port, mask, count, address=webhook_path))
                judged.append(judged_per_second(count))
                bare.append(callbacks_per_second(port, mask, count, address=bare_path))
            name = f"webhook_{size}_{database}"
            yield Figure(name=f"{name}_per_second", value=median(ours), better="higher", unit="/s")
            yield Figure(name=f"{name}_judged_per_second", value=median(judged), better="higher", unit="/s")
            ratio = median(ours) / median(bare)
            yield Figure(name=f"{name}_vs_bare_view", value=ratio, goal=0.7, better="higher", unit="×")


@contextmanager
def served() -> Iterator[int]:
    """Serve the site on the database that is measured, with two processes of two threads; yields the port."""
    port = free_port()
    command = ["gunicorn", "--bind", f"{LOOPBACK}:{port}", "--workers", "2", "--threads", "2"]
    environment = site.environment(SITE_PUBLIC_URL=f"http://{LOOPBACK}:{port}")
    with (
        TemporaryDirectory() as folder,
        Process(
            "server", *command, "benchmarks.site.wsgi:application", folder=Path(folder), environment=environment
        ) as server,
    ):
        server.wait_for(port)
        yield port


def callbacks_per_second(port: int, mask: Mask, count: int, *, address: Address) -> float:
    """Send so many callbacks, each for a scan of its own, from several clients at once."""
    calls = [(address(scan), body_of(scan, mask)) for scan in awaited_scans(count)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        start = perf_counter()
        list(pool.map(_send, [port] * CLIENTS, [calls[number::CLIENTS] for number in range(CLIENTS)]))
        return count / (perf_counter() - start)


def judged_per_second(count: int) -> float:
    """Judge so many stored callbacks, as one worker does, and return how many a second they were."""
    start = perf_counter()
    judged = judge_all()
    assert judged == count, judged
    return count / (perf_counter() - start)


def judge_all() -> int:
    """Judge every stored callback and return how many there were."""
    return sum(iter(receive.judge_due, 0))


def body_of(scan: ImageScan, mask: Mask) -> bytes:
    """Return what Copyleaks would send about a scan in which it has found this mask."""
    image = {"shape": {"width": WIDTH, "height": HEIGHT}, "metadata": {}}
    runs = {"starts": list(mask.starts), "lengths": list(mask.lengths)}
    return as_json(detection(scan, result=runs, imageInfo=image))


def webhook_path(scan: ImageScan) -> str:
    return urlsplit(addresses.webhook_url(scan)).path


def bare_path(scan: ImageScan) -> str:
    return reverse("bare", kwargs={"pk": scan.pk}, urlconf="benchmarks.site.urls")


def _send(port: int, calls: Sequence[tuple[str, bytes]]) -> None:
    with Caller(port) as caller:
        for path, body in calls:
            caller.post(path, body)


class Caller:
    """Sends callbacks over one connection, and accepts no answer but 200."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection(LOOPBACK, port, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def post(self, path: str, body: bytes) -> None:
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)


def awaited_scans(count: int) -> list[ImageScan]:
    """Return scans of as many pictures whose callback is awaited."""
    photos = Photo.objects.bulk_create([Photo(image="photos/meadow.jpg") for _ in range(count)])
    now = timezone.now()
    return ImageScan.objects.bulk_create(
        [
            ImageScan(
                content_type=ContentType.objects.get_for_model(Photo),
                object_id=str(photo.pk),
                field_name="image",
                file_name="photos/meadow.jpg",
                status=Status.SUBMITTED,
                sent_at=now,
                submitted_at=now,
                may_have_arrived=True,
                next_attempt_at=None,
                sha256=f"{photo.pk:064}",
                content_key=f"{photo.pk:064}",
                pay_key=f"{photo.pk:064}",
                byte_size=1,
                width=WIDTH,
                height=HEIGHT,
                image_format="JPEG",
                model="ai-image-1-ultra",
                budget_day=now.date(),
            )
            for photo in photos
        ]
    )
