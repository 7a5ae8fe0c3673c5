"""Whether a long queue makes anything slower: scans drained and callbacks taken a second, up to a million rows.

Draws ``docs/growth.svg`` as well.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

from django.core.management import call_command
from django.template import Context, Engine
from django.utils import timezone

from benchmarks import archive
from benchmarks.archives import postgresql
from benchmarks.drain import MANY_THREADS, queue_pictures, submitted_per_second
from benchmarks.figures import Figure
from benchmarks.heatmap import frayed_mask
from benchmarks.local_copyleaks import ROOT, local_copyleaks
from benchmarks.throughput import callbacks_per_second, judge_all, served, webhook_path
from django_copyleaks_image.models import ImageScan

LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
AT_A_TIME = 200
ROUNDS = 3
CHART = ROOT / "docs" / "growth.svg"
# Of the drawing area, in the units of the SVG.
LEFT, TOP, WIDTH, HEIGHT = 60, 50, 520, 220


def measure() -> Iterator[Figure]:
    with postgresql():
        call_command("migrate", run_syncdb=True, verbosity=0)
        rates = _rates()
    for name, measured in rates.items():
        ratio = measured[-1] / measured[0]
        yield Figure(name=f"growth_{name}_1000000_vs_1000", value=ratio, goal=0.8, better="higher", unit="×")
    CHART.write_text(chart(rates))


def _rates() -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {"drain": [], "webhook": []}
    mask = frayed_mask(100)
    with local_copyleaks(RATE_LIMIT=100_000), served() as port:
        for length in LENGTHS:
            archive.queue_up(_last_in_the_queue(), length - ImageScan.objects.count())
            rates["drain"].append(median(_drained() for _ in range(ROUNDS)))
            rates["webhook"].append(
                median(callbacks_per_second(port, mask, AT_A_TIME, address=webhook_path) for _ in range(ROUNDS))
            )
            # Now, or the worker that is measured next would do it meanwhile.
            judge_all()
    return rates


def _last_in_the_queue() -> ImageScan:
    """Return a scan that is due, but not before any other: those that are measured go first."""
    (scan,) = queue_pictures(1)
    ImageScan.objects.filter(pk=scan.pk).update(next_attempt_at=timezone.now())
    return scan


def _drained() -> float:
    pictures = queue_pictures(AT_A_TIME)
    first = timezone.now() - timedelta(days=1)
    ImageScan.objects.filter(pk__in=[scan.pk for scan in pictures]).update(next_attempt_at=first)
    return submitted_per_second(pictures, MANY_THREADS)


def chart(rates: Mapping[str, Sequence[float]]) -> str:
    """Return the rates by the length of the queue as an SVG; the lengths grow tenfold from one to the next."""
    highest = max(value for measured in rates.values() for value in measured)
    step = 10 ** math.floor(math.log10(highest))
    top = step * math.ceil(highest / step)
    columns = [LEFT + WIDTH * number / (len(LENGTHS) - 1) for number in range(len(LENGTHS))]
    lines = [
        {
            "name": name,
            "last": f"{measured[-1]:.0f}",
            "points": [
                (f"{x:.0f}", f"{TOP + HEIGHT * (1 - value / top):.0f}", f"{value:.0f}")
                for x, value in zip(columns, measured, strict=True)
            ],
        }
        for name, measured in rates.items()
    ]
    context = Context(
        {
            "left": LEFT,
            "right": LEFT + WIDTH,
            "bottom": TOP + HEIGHT,
            "lines": lines,
            "rows": [(f"{TOP + HEIGHT * (1 - share):.0f}", f"{top * share:g}") for share in (0, 0.25, 0.5, 0.75, 1)],
            "columns": [(f"{x:.0f}", f"{length:,}") for x, length in zip(columns, LENGTHS, strict=True)],
        }
    )
    return Engine().from_string(Path(__file__).with_suffix(".svg").read_text()).render(context)
