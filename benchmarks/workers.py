"""What a second worker adds, on PostgreSQL and where the account is no limit; and two at the account's rate."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from django.core.management import call_command
from django.utils import timezone

from benchmarks import site
from benchmarks.archives import Unavailable, postgresql
from benchmarks.drain import DELAY, queue_pictures
from benchmarks.figures import Figure
from benchmarks.local_copyleaks import local_copyleaks
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.processes import Process

THREADS = 16
SCANS = 400
UNLIMITED = 100_000
RATE = 10
RATE_SCANS = 200
START_SECONDS = 5


def measure() -> Iterator[Figure]:
    try:
        with postgresql():
            call_command("migrate", run_syncdb=True, verbosity=0)
            with local_copyleaks("--answer-delay", str(DELAY)) as copyleaks:
                one = _submitted_per_second(1, SCANS, copyleaks, rate_limit=UNLIMITED)
                two = _submitted_per_second(2, SCANS, copyleaks, rate_limit=UNLIMITED)
            with local_copyleaks("--rate-limit", str(RATE)) as copyleaks:
                limited = _submitted_per_second(2, RATE_SCANS, copyleaks, rate_limit=RATE)
            refused = ImageScan.objects.filter(attempts__gt=1).count()
    except Unavailable as reason:
        print(f"workers: skipped, since {reason}")
        return
    yield Figure(name="workers_1_per_second", value=one, goal=40, better="higher", unit="/s")
    yield Figure(name="workers_2_per_second", value=two, goal=40, better="higher", unit="/s")
    yield Figure(name="workers_2_at_10_a_second", value=limited, goal=9.5, better="higher", unit="/s")
    yield Figure(name="workers_2_refused_for_the_rate", value=refused, goal=0, better="lower", unit="scans")


def _submitted_per_second(workers: int, count: int, copyleaks: str, *, rate_limit: int) -> float:
    scans = ImageScan.objects.filter(pk__in=[scan.pk for scan in queue_pictures(count)])
    scans.update(next_attempt_at=timezone.now() + timedelta(days=1))
    environment = site.environment(
        COPYLEAKS_API_URL=copyleaks, COPYLEAKS_ID_URL=copyleaks, COPYLEAKS_RATE_LIMIT=str(rate_limit)
    )
    command = ["django", "copyleaks_worker", "--threads", str(THREADS), "--poll", "0.1"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        processes = [
            stack.enter_context(Process(f"worker {number}", *command, folder=folder, environment=environment))
            for number in range(workers)
        ]
        sleep(START_SECONDS)
        scans.update(next_attempt_at=timezone.now())
        start = perf_counter()
        while scans.filter(status=Status.QUEUED).exists():
            sleep(0.05)
            for process in processes:
                process.check()
        return count / (perf_counter() - start)
