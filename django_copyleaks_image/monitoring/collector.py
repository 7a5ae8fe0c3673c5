"""The metrics for Prometheus, read of the database when they are asked for: a site has several processes.

What is there now is a gauge. What has happened is a counter, of numbers that only grow and survive every pruning, see
:mod:`.scanning.tallies`. Real scans and those of the sandbox are told apart by a label.
"""

import logging
from collections.abc import Iterable, Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.models.scan import Lane, Spent
from django_copyleaks_image.models.tally import What
from django_copyleaks_image.outcomes import Code, Follows
from django_copyleaks_image.scanning.tallies import BEYOND, BUCKETS
from django_copyleaks_image.standings import WAITING_QUEUES

from . import bounded
from .numbers import Numbers, read

logger = logging.getLogger(__name__)

PREFIX = "copyleaks_image"
RESTORED = "restored"
_JUDGED = [outcome for outcome in Outcome if outcome != Outcome.RECEIVED]


class ImageCollector(Collector):
    """Asks the database at every scrape, no longer than some seconds; one that does not answer is a metric as well."""

    def describe(self) -> Iterable[Metric]:
        """Yield the metrics without values, so that whoever registers the collector needs no database."""
        return [_database_up(0), *_metrics(Numbers())]

    def collect(self) -> Iterator[Metric]:
        try:
            numbers = bounded.within(bounded.SECONDS, read)
        except bounded.NoAnswer:
            problem = "the database has not answered in time"
        except (DatabaseError, InterfaceError) as error:
            problem = f"the database refuses ({told(error)})"
        except ImproperlyConfigured as error:
            problem = str(error)
        else:
            yield _database_up(1)
            yield from _metrics(numbers)
            return
        logger.warning("There are no metrics: %s", problem, extra={"event": "no_metrics", "reason": problem})
        yield _database_up(0)


def register(registry: CollectorRegistry) -> ImageCollector:
    """Add the metrics to a registry; raises ValueError when they are there already."""
    collector = ImageCollector()
    registry.register(collector)
    return collector


def _metrics(numbers: Numbers) -> Iterator[Metric]:
    yield from _queue(numbers)
    yield from _account(numbers)
    yield from _desk(numbers)
    yield from _happened(numbers)
    yield _latency(numbers)


def _database_up(value: float) -> Metric:
    return _gauge("database_up", "1 when the database has answered in time, else 0 and no other metric.", value)


def _queue(numbers: Numbers) -> Iterator[Metric]:
    depth = _gauge_by("queue_scans", "Scans that are queued, counted up to 100001.", "lane")
    oldest = _gauge_by("queue_oldest_due_seconds", "For how long the scan that goes next is due.", "lane")
    for lane in Lane:
        if lane in numbers.lanes:
            depth.add_metric([lane.name.lower()], numbers.lanes[lane].number)
            oldest.add_metric([lane.name.lower()], numbers.lanes[lane].seconds(numbers.now))
    yield from (depth, oldest)
    for name, what, waiting in (
        ("awaited_results", "Results that are awaited", numbers.awaited),
        ("unjudged_callbacks", "Callbacks that are stored and not judged", numbers.unjudged),
    ):
        yield _gauge(name, f"{what}, counted up to 100001.", waiting.number)
        yield _gauge(f"{name}_oldest_seconds", f"{what}: for how long the first of them.", waiting.seconds(numbers.now))


def _account(numbers: Numbers) -> Iterator[Metric]:
    held = _gauge_by("submissions_held", "1 for what holds every submission, see the outcome codes.", "cause")
    for cause in (*Cause.values, RESTORED):
        held.add_metric([cause], cause in numbers.held_by)
    yield held
    yield _gauge("worker_seen_age_seconds", "For how long no worker of the site was seen.", numbers.worker_seen_seconds)
    yield _gauge("sweep_age_seconds", "For how long nobody has swept.", numbers.swept_seconds)
    yield _gauge(
        "budget_left_credits", "Credits that are left of today's budget, if there is one.", numbers.budget_left
    )
    yield _gauge("balance_credits", "Credits of the account, as last asked for.", numbers.balance)


def _desk(numbers: Numbers) -> Iterator[Metric]:
    depth = _gauge_by("desk_pictures", "Pictures that wait for people, counted up to 100001.", "queue")
    oldest = _gauge_by("desk_oldest_seconds", "For how long the first of them has waited.", "queue")
    for queue in WAITING_QUEUES:
        if queue in numbers.desk:
            depth.add_metric([queue.value], numbers.desk[queue].number)
            oldest.add_metric([queue.value], numbers.desk[queue].seconds(numbers.now))
    yield from (depth, oldest)


def _happened(numbers: Numbers) -> Iterator[Metric]:
    yield _counter(numbers, What.SUBMITTED, "submissions", "Pictures that Copyleaks has taken.", known=[("", "")])
    yield _counter(
        numbers,
        What.CALLBACK,
        "callbacks",
        "Callbacks and synchronous answers, by what became of them.",
        labels=("outcome",),
        known=[(outcome.value, "") for outcome in _JUDGED],
    )
    yield _counter(
        numbers,
        What.ERROR,
        "errors",
        "Tries that failed, by what follows from it.",
        labels=("class",),
        known=[(follows.value, "") for follows in Follows],
    )
    yield _counter(
        numbers,
        What.ENDED,
        "scans_ended",
        "Scans that ended, by status and by verdict or outcome code.",
        labels=("status", "reason"),
        known=[],
    )
    lost = CounterMetricFamily(f"{PREFIX}_results_lost", "Results that did not come in time.", labels=["sandbox"])
    for sandbox in (False, True):
        number = sum(
            it.number for it in numbers.of(What.ENDED) if it.code == Code.RESULT_LOST and it.sandbox == sandbox
        )
        if number or not sandbox:
            lost.add_metric([_truth(sandbox)], number)
    yield lost
    spent = CounterMetricFamily(f"{PREFIX}_spent_credits", "Credits, by what was had for them.", labels=["spent_as"])
    amounts = {it.kind: it.amount for it in numbers.of(What.CREDITS)}
    for spent_as in Spent.values:
        spent.add_metric([spent_as], amounts.get(spent_as, 0))
    yield spent


def _counter(
    numbers: Numbers,
    what: What,
    name: str,
    text: str,
    *,
    known: Iterable[tuple[str, str]],
    labels: tuple[str, ...] = (),
) -> Metric:
    """Return a counter; what is ``known`` begins with 0, so that the first time is seen as an increase."""
    metric = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=[*labels, "sandbox"])
    values = {(kind, code, False): 0.0 for kind, code in known}
    values |= {(it.kind, it.code, it.sandbox): it.number for it in numbers.of(what)}
    for (kind, code, sandbox), number in sorted(values.items()):
        metric.add_metric([*(kind, code)[: len(labels)], _truth(sandbox)], number)
    return metric


def _latency(numbers: Numbers) -> Metric:
    metric = HistogramMetricFamily(
        f"{PREFIX}_verdict_latency_seconds",
        "Seconds from the request for a scan, as an upload makes it, to its verdict.",
        labels=["lane", "sandbox"],
    )
    rows = list(numbers.of(What.LATENCY))
    for lane, sandbox in sorted({(it.kind, it.sandbox) for it in rows} | {("upload", False)}):
        of_lane = {it.code: it for it in rows if (it.kind, it.sandbox) == (lane, sandbox)}
        buckets, total = [], 0
        for bound in (*map(str, BUCKETS), BEYOND):
            total += of_lane[bound].number if bound in of_lane else 0
            buckets.append(("+Inf" if bound == BEYOND else f"{float(bound)}", float(total)))
        metric.add_metric([lane, _truth(sandbox)], buckets, sum(it.amount for it in of_lane.values()))
    return metric


def _gauge(name: str, text: str, value: float | None) -> Metric:
    """Return a gauge, which has no value where none is known."""
    metric = GaugeMetricFamily(f"{PREFIX}_{name}", text)
    if value is not None:
        metric.add_metric([], value)
    return metric


def _gauge_by(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=[label])


def _truth(value: bool) -> str:
    return "true" if value else "false"
