"""Hostile pictures among ordinary ones on a site that runs, while somebody looks at them: what each process takes.

Linux alone tells: by /proc. Nothing is waited for longer than a minute.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import requests
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from benchmarks.figures import Figure, Unavailable
from benchmarks.local_copyleaks import local_copyleaks
from benchmarks.pictures import BOMBS
from benchmarks.throughput import served
from benchmarks.workers import environment_of
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.decoding import hostile
from tests.processes import LOOPBACK, Process
from tests.samples import photo, picture

HOSTILE = (
    *BOMBS,
    "8000000-strips.tiff",
    "million-pages.tiff",
    "itxt-600000000.png",
    "million-frames.png",
    "many-zTXt.png",
    "20000-scans-2000.jpg",
    "100000-frames.webp",
    "runs-that-jump.bmp",
    "million-boxes.heic",
    "64-megapixels-float.tiff",
)
SECONDS = 60
PAUSE = 0.05
# Seconds after which it kills a process that does not answer.
PATIENCE_OF_GUNICORN = 30
# Between two uploads: each hostile one has its turn, which may take as long as that of the one after it.
PACE = 0.5
LIST = "/admin/copyleaks_image/imagescan/"


def measure() -> Iterator[Figure]:
    if not Path("/proc/self/status").exists():
        raise Unavailable("only Linux tells of the memory of other processes")
    call_command("migrate", run_syncdb=True, verbosity=0)
    corpus = hostile.corpus()
    bombs = {name: corpus[name]() for name in HOSTILE}
    with local_copyleaks() as copyleaks, served() as port, ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        # No result comes here, which would hold what is sent after the first.
        environment = environment_of(copyleaks, COPYLEAKS_RESULT_WINDOW="1000")
        command = ["django", "copyleaks_worker", "--poll", "0.2"]
        worker = stack.enter_context(Process("worker", *command, folder=folder, environment=environment))
        moderator = Moderator(port)
        for _ in range(5):
            moderator.look()
        watch = Watch()
        with repeated(watch.look), repeated(moderator.look):
            _upload(bombs)
            _wait()
            time.sleep(5)  # For what is drawn last.
        worker.check()
    yield from _figures(watch, moderator)


def _upload(bombs: Mapping[str, bytes]) -> None:
    """Save the pictures in turns, so that every ordinary one has hostile ones before it."""
    for number, (name, content) in enumerate(bombs.items()):
        photo(name, content)
        photo("ordinary.jpg", picture(colour=(16 * number, 90, 60)))
        time.sleep(PACE)


def _wait() -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and ImageScan.objects.filter(status=Status.QUEUED).exists():
        time.sleep(1)


class Watch:
    """What the processes of the site, all started by this one, take at most; in MB."""

    def __init__(self) -> None:
        self.address_space = self.web_above_idle = 0.0
        self._idle = {pid: _megabytes(pid, "VmRSS") for pid in self._running("gunicorn")}

    def look(self) -> None:
        for pid in self._running("decoding.child"):
            self.address_space = max(self.address_space, _megabytes(pid, "VmPeak"))
        for pid in self._running("gunicorn"):
            above = _megabytes(pid, "VmRSS") - self._idle.get(pid, 0)
            self.web_above_idle = max(self.web_above_idle, above)
        time.sleep(PAUSE)

    @staticmethod
    def _running(words: str) -> list[int]:
        found = []
        for pid in _descendants(os.getpid()):
            with suppress(OSError):
                if words.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
        return found


class Moderator:
    """Somebody who is logged in, and opens list, pictures and pages of the newest scans one after the other."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://{LOOPBACK}:{port}"
        user, _ = User.objects.get_or_create(username="moderator", is_staff=True, is_superuser=True)
        client = Client()
        client.force_login(user)
        self._session = requests.Session()
        self._session.cookies.update({name: cookie.value for name, cookie in client.cookies.items()})
        self.answers = self.failures = 0
        self.slowest = 0.0

    def look(self) -> None:
        page = self._get(LIST)
        for address in dict.fromkeys(re.findall(rf'"({LIST}rendition/[^"]+)"', page)):
            self._get(address)
        for pk in list(dict.fromkeys(re.findall(rf"{LIST}([0-9]+)/change/", page)))[:5]:
            for address in (f"{pk}/change/", f"rendition/{pk}/page/", f"original/{pk}/"):
                self._get(LIST + address)

    def _get(self, path: str) -> str:
        start = time.perf_counter()
        try:
            answer = self._session.get(self._origin + path, timeout=30)
        except requests.RequestException:
            self.failures += 1
            return ""
        self.answers += 1
        self.slowest = max(self.slowest, time.perf_counter() - start)
        self.failures += answer.status_code >= 500
        return answer.text if answer.headers["Content-Type"].startswith("text/html") else ""


@contextmanager
def repeated(look: Callable[[], None]) -> Iterator[None]:
    """Do something again and again in a thread beside the block."""
    is_over = Event()

    def go_on() -> None:
        while not is_over.is_set():
            look()

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _descendants(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _descendants(child)


def _megabytes(pid: int, name: str) -> float:
    with suppress(OSError):
        found = re.search(rf"^{name}:\s+([0-9]+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024 / 1_000_000
    return 0.0


def _figures(watch: "Watch", moderator: "Moderator") -> Iterator[Figure]:
    ordinary = ImageScan.objects.filter(sent_at__isnull=False, width=640)
    delays = [(scan.sent_at - scan.created_at).total_seconds() for scan in ordinary if scan.sent_at]
    waiting = ImageScan.objects.filter(status=Status.QUEUED).count()
    for name, value, goal, unit in (
        ("child_address_space_mb", watch.address_space, 600, "MB"),
        ("web_above_idle_mb", watch.web_above_idle, 150, "MB"),
        ("ordinary_pictures_not_sent", len(HOSTILE) - len(delays), 0, ""),
        ("ordinary_picture_latest", max(delays, default=SECONDS), 5, "s"),
        ("pictures_without_an_end", waiting, 0, ""),
        ("requests_that_failed", moderator.failures, 0, ""),
        ("slowest_answer", moderator.slowest, PATIENCE_OF_GUNICORN, "s"),
    ):
        yield Figure(name=f"hostile_{name}", value=value, goal=goal, better="lower", unit=unit)
    yield Figure(name="hostile_pages_looked_at", value=moderator.answers, better="higher", unit="")
