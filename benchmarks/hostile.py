"""Hostile pictures among ordinary ones on a site that runs, while somebody looks at them: what each process takes.

Each of ``tests/decoding/hostile.py`` goes once through the whole: saved, measured and drawn by a worker, fetched by the
emulator if it was sent, called back, and looked at. Linux alone tells, by /proc.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import requests
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from benchmarks.figures import Figure, Unavailable
from benchmarks.local_copyleaks import local_copyleaks
from benchmarks.throughput import served
from benchmarks.workers import environment_of
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.decoding import hostile
from tests.processes import LOOPBACK, Process
from tests.samples import photo, picture

# What cannot be read is looked at twice, see scanning/arrival.py.
SECONDS = 120
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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        bombs = _made(folder)
        # Results come back: what is sent later would wait for the first of them.
        copyleaks = stack.enter_context(local_copyleaks("--latency", "0.2"))
        port = stack.enter_context(served())
        environment = environment_of(copyleaks, SITE_PUBLIC_URL=f"http://{LOOPBACK}:{port}")
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
    yield from _figures(len(bombs), watch, moderator)


def _made(folder: Path) -> list[Path]:
    """Make the hostile pictures, which takes longer than to read some of them."""
    paths = []
    for name, make in hostile.corpus().items():
        path = folder / name
        path.write_bytes(make())
        paths.append(path)
    return paths


def _upload(bombs: list[Path]) -> None:
    """Save the pictures in turns, so that every ordinary one has hostile ones before it."""
    for number, bomb in enumerate(bombs):
        photo(bomb.name, bomb.read_bytes())
        photo("ordinary.jpg", picture(colour=(number, 90, 60)))
        time.sleep(PACE)


def _wait() -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and ImageScan.objects.unfinished().exists():
        time.sleep(1)


class Watch:
    """What the processes of the site, all started by this one, take at most; in MB and seconds."""

    def __init__(self) -> None:
        self.address_space = self.web_above_idle = self.longest_at_work = 0.0
        # Since when which child has been at work without a pause.
        self._at_work: dict[int, float] = {}
        self._idle = {pid: _megabytes(pid, "VmRSS") for pid in self._running("gunicorn")}

    def look(self) -> None:
        children = self._running("decoding.child")
        now = time.monotonic()
        self._at_work = {pid: self._at_work.get(pid, now) for pid in children if _is_at_work(pid)}
        self.longest_at_work = max(self.longest_at_work, now - min(self._at_work.values(), default=now))
        for pid in children:
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

    with ThreadPoolExecutor(1) as pool:
        going_on = pool.submit(go_on)
        try:
            yield
        finally:
            is_over.set()
            going_on.result()


def _descendants(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, children.read_text().split()):
                yield child
                yield from _descendants(child)


def _is_at_work(pid: int) -> bool:
    """Return whether a process runs, or would if the machine had a core for it."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "RD"
    return False


def _megabytes(pid: int, name: str) -> float:
    with suppress(OSError):
        found = re.search(rf"^{name}:\s+([0-9]+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024 / 1_000_000
    return 0.0


def _figures(number: int, watch: "Watch", moderator: "Moderator") -> Iterator[Figure]:
    ordinary = ImageScan.objects.filter(sent_at__isnull=False, width=640)
    delays = [(scan.sent_at - scan.created_at).total_seconds() for scan in ordinary if scan.sent_at]
    measured = ImageScan.objects.filter(status=Status.COMPLETED, width=640).count()
    for scan in ImageScan.objects.unfinished():
        why = scan.error_code or scan.status
        print(f"without an end: {scan.file_name}: {why}, {scan.attempts} attempts, sent {scan.sent_at}", flush=True)
    for name, value, goal, unit in (
        ("child_address_space_mb", watch.address_space, 600, "MB"),
        ("child_longest_at_work", watch.longest_at_work, 10, "s"),
        ("web_above_idle_mb", watch.web_above_idle, 150, "MB"),
        ("ordinary_pictures_not_measured", number - measured, 0, ""),
        ("ordinary_picture_latest", max(delays, default=SECONDS), 5, "s"),
        ("pictures_without_an_end", ImageScan.objects.unfinished().count(), 0, ""),
        ("requests_that_failed", moderator.failures, 0, ""),
        ("slowest_answer", moderator.slowest, PATIENCE_OF_GUNICORN, "s"),
    ):
        yield Figure(name=f"hostile_{name}", value=value, goal=goal, better="lower", unit=unit)
    yield Figure(name="hostile_pictures", value=number, better="higher", unit="")
    yield Figure(name="hostile_pages_looked_at", value=moderator.answers, better="higher", unit="")
