"""What a second worker adds, on PostgreSQL and where the account is no limit; and two at the account's rate.

A worker of eight threads that wait 250 ms for each answer submits 32 scans a second at most, so two of them are held
back by waiting and not by the two cores of a small machine.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from django.core.management import call_command
from django.utils import timezone

from benchmarks import site
from benchmarks.archives import postgresql
from benchmarks.drain import DELAY, queue_pictures
from benchmarks.figures import Figure
from benchmarks.local_copyleaks import local_copyleaks, refused_for_the_rate
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import ImageScanQuerySet, Status
from tests.processes import Process

THREADS = 8
SCANS = 300
UNLIMITED = 100_000
RATE = 10
RATE_SCANS = 300
WARM_UP = 40
HOLD = timedelta(minutes=5)


def measure() -> Iterator[Figure]:
    with postgresql():
        call_command("migrate", run_syncdb=True, verbosity=0)
        with local_copyleaks("--answer-delay", str(DELAY)) as copyleaks:
            environment = environment_of(copyleaks)
            one = submitted_per_second([worker(THREADS)], SCANS, environment=environment)
            two = submitted_per_second(2 * [worker(THREADS)], SCANS, environment=environment)
        with local_copyleaks("--rate-limit", str(RATE)) as copyleaks:
            environment = environment_of(copyleaks, COPYLEAKS_RATE_LIMIT=str(RATE))
            limited = submitted_per_second(2 * [worker(THREADS)], RATE_SCANS, environment=environment)
            refused = refused_for_the_rate(copyleaks)
    yield Figure(name="workers_1_per_second", value=one, better="higher", unit="/s")
    yield Figure(name="workers_2_per_second", value=two, better="higher", unit="/s")
    yield Figure(name="workers_2_vs_1", value=two / one, goal=1.5, better="higher", unit="×")
    yield Figure(name="workers_2_at_10_a_second", value=limited, goal=9.5, better="higher", unit="/s")
    yield Figure(name="workers_2_refused_for_the_rate", value=refused, goal=0, better="lower", unit="requests")


def environment_of(copyleaks: str, **more: str) -> dict[str, str]:
    """Return the environment of a worker that submits to a local Copyleaks, as fast as it can."""
    own = {"COPYLEAKS_API_URL": copyleaks, "COPYLEAKS_ID_URL": copyleaks}
    # The local Copyleaks never calls back, so that nothing would be submitted after the first ten.
    own |= {"COPYLEAKS_RATE_LIMIT": str(UNLIMITED), "COPYLEAKS_RESULT_WINDOW": str(UNLIMITED)}
    return site.environment(**{**own, **more})


def worker(threads: int) -> list[str]:
    """Return the command of a worker."""
    return ["django", "copyleaks_worker", "--threads", str(threads), "--poll", "0.1"]


def submitted_per_second(
    commands: Sequence[Sequence[str]],
    count: int,
    *,
    environment: dict[str, str],
    send: Callable[[Sequence[str]], object] = lambda _scan_ids: None,
) -> float:
    """Return how many scans a second the processes of these commands submit; ``send`` is given the ids of all.

    They are logged in and have imported what they need before the time begins: some pictures come before.
    """
    first, measured = queue_pictures(len(commands) * WARM_UP), queue_pictures(count)
    # As if put back once: a worker does not believe that one which nobody has tried waits.
    _of(measured).update(next_attempt_at=timezone.now() + HOLD, attempts=1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        processes = [
            stack.enter_context(Process(f"worker {number}", *command, folder=folder, environment=environment))
            for number, command in enumerate(commands)
        ]
        send([scan.scan_id for scan in first])
        _wait_for(first, processes)
        _of(measured).update(next_attempt_at=timezone.now())
        start = perf_counter()
        send([scan.scan_id for scan in measured])
        _wait_for(measured, processes)
        return count / (perf_counter() - start)


def _of(pictures: Sequence[ImageScan]) -> ImageScanQuerySet:
    return ImageScan.objects.filter(pk__in=[scan.pk for scan in pictures])


def _wait_for(pictures: Sequence[ImageScan], processes: Sequence[Process]) -> None:
    waiting = _of(pictures).filter(status=Status.QUEUED)
    while waiting.exists():
        sleep(0.05)
        for process in processes:
            process.check()
