"""The largest realistic result, 27 megapixels with 200,000 runs: how long the webhook keeps its caller, and memory."""

import tracemalloc
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter

from django.core.management import call_command
from django.test import RequestFactory
from django.urls import resolve

from benchmarks.archives import postgresql
from benchmarks.figures import Figure
from benchmarks.heatmap import frayed_mask
from benchmarks.throughput import Address, Caller, awaited_scans, bare_path, body_of, judge_all, served, webhook_path
from django_copyleaks_image.masks import Mask
from django_copyleaks_image.models.scan import Status

RUNS = 200_000
REPEAT = 100


def measure() -> Iterator[Figure]:
    yield from _measure_on("sqlite")
    with postgresql():
        yield from _measure_on("postgresql")


def _measure_on(database: str) -> Iterator[Figure]:
    call_command("migrate", run_syncdb=True, verbosity=0)
    mask = frayed_mask(RUNS)
    stored, judged, size = _peaks(mask)
    name = f"webhook_{RUNS}_runs"
    for step, peak in (("memory", stored), ("judging_memory", judged)):
        yield Figure(name=f"{name}_{step}_{database}", value=peak / size, goal=8, better="lower", unit="× the body")
    yield Figure(name=f"{name}_body_mb_{database}", value=size / 1e6, better="higher", unit="MB")
    ours, bare = _milliseconds(mask)
    yield Figure(name=f"{name}_p99_ms_{database}", value=ours[int(REPEAT * 0.99) - 1], better="lower", unit="ms")
    ratio = median(ours) / median(bare)
    yield Figure(name=f"{name}_time_vs_bare_view_{database}", value=ratio, goal=2, better="lower", unit="×")


def _milliseconds(mask: Mask) -> tuple[list[float], list[float]]:
    """Return how long callbacks take under gunicorn, ours and a bare view's in turn, the fastest first."""
    times: dict[Address, list[float]] = {webhook_path: [], bare_path: []}
    with served() as port, Caller(port) as caller:
        scans = iter(awaited_scans(2 * REPEAT))
        for _ in range(REPEAT):
            for address, taken in times.items():
                scan = next(scans)
                path, body = address(scan), body_of(scan, mask)
                start = perf_counter()
                caller.post(path, body)
                taken.append((perf_counter() - start) * 1000)
    return sorted(times[webhook_path]), sorted(times[bare_path])


def _peaks(mask: Mask) -> tuple[int, int, int]:
    """Return the most bytes that a callback takes, in the request and when a worker judges it, and its own size.

    What the server has received comes on top of the first.
    """
    (scan,) = awaited_scans(1)
    path, content = webhook_path(scan), body_of(scan, mask)
    request = RequestFactory().post(path, content, content_type="application/json")
    view, arguments, names = resolve(path)
    peaks = [_peak(work) for work in (lambda: view(request, *arguments, **names), judge_all)]
    scan.refresh_from_db()
    assert scan.status == Status.COMPLETED, scan.status
    return peaks[0], peaks[1], len(content)


def _peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
