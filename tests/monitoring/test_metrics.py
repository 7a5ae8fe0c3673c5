"""Metrics as Prometheus scrapes them: over a socket, in both formats, and as its linter wants them."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core import checks
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from django_copyleaks_image.metrics import register_metrics
from django_copyleaks_image.models import AccountState, ImageScan, Tally, WatchedImage
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Lane, Status
from django_copyleaks_image.models.tally import What
from django_copyleaks_image.monitoring import collector, numbers
from django_copyleaks_image.monitoring.collector import ImageCollector
from django_copyleaks_image.scanning import lost_results, receive
from tests.samples import as_json, detection, judge, photo, picture, submitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.monitoring.urls")]

TOKEN = "a-long-random-text-of-the-site"
TEXT = "text/plain;version=0.0.4"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
PARSERS: dict[str, Callable[[str], Iterable[Metric]]] = {TEXT: parse_text, OPENMETRICS: parse_openmetrics}


@pytest.fixture(autouse=True)
def _token(configure: Callable[..., None]) -> None:
    configure(METRICS_TOKEN=TOKEN)


def headers(accepted: str = TEXT, token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": accepted}


def scrape(url: str, accepted: str = TEXT) -> dict[str, Metric]:
    response = requests.get(f"{url}/metrics/", headers=headers(accepted), timeout=30)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(accepted.partition(";")[0])
    assert response.headers["Cache-Control"] == "no-store"
    return {metric.name: metric for metric in PARSERS[accepted](response.text)}


def values(metric: Metric, **labels: str) -> dict[str, float]:
    """Return the values of the samples that have these labels, by name and further labels."""
    found = {}
    for sample in metric.samples:
        if labels.items() <= sample.labels.items():
            rest = ",".join(value for label, value in sorted(sample.labels.items()) if label not in labels)
            found[f"{sample.name.removeprefix('copyleaks_image_')}/{rest}"] = sample.value
    return found


def ago(seconds: float) -> Any:
    return timezone.now() - timedelta(seconds=seconds)


def a_busy_site() -> None:
    """Let everything have happened that there are metrics of."""
    AccountState.objects.create(
        worker_seen_at=ago(7), swept_at=ago(30), paused_at=ago(60), pause_cause="api", credits_left=512
    )
    for number in range(5):
        photo(f"{number}.jpg", picture(colour=(number, 0, 0)))
    first, second, third, *_ = ImageScan.objects.order_by("pk")
    for scan in (first, second, third):
        submitted(scan)
    receive.store(first, as_json(detection(first)), Source.WEBHOOK)
    judge()
    receive.store(second, as_json(detection(second)), Source.WEBHOOK)
    lost_results.end_or_resubmit(third, "result_lost", may_resubmit=False)
    fourth, fifth = ImageScan.objects.filter(status=Status.QUEUED)
    ImageScan.objects.filter(pk=fourth.pk).update(next_attempt_at=ago(90))
    ImageScan.objects.filter(pk=fifth.pk).update(next_attempt_at=ago(3000), lane=Lane.BACKFILL)
    ImageScan.objects.filter(pk=second.pk).update(submitted_at=ago(200))
    WatchedImage.objects.filter(queue="review").update(queued_at=ago(5000))


@pytest.mark.sockets
@pytest.mark.parametrize("accepted", PARSERS)
def test_scrape__over_a_socket(accepted: str, live_server: Any) -> None:
    a_busy_site()
    found = scrape(live_server.url, accepted)

    def of(name: str, **labels: str) -> dict[str, float]:
        return values(found[f"copyleaks_image_{name}"], **labels)

    def only(name: str, **labels: str) -> float:
        (value,) = of(name, **labels).values()
        return value

    assert only("database_up") == 1
    assert of("queue_scans") == {"queue_scans/upload": 1, "queue_scans/again": 0, "queue_scans/backfill": 1}
    assert only("queue_oldest_due_seconds", lane="upload") == pytest.approx(90, abs=30)
    assert only("queue_oldest_due_seconds", lane="again") == 0
    assert only("queue_oldest_due_seconds", lane="backfill") == pytest.approx(3000, abs=30)
    assert only("awaited_results") == 1
    assert only("awaited_results_oldest_seconds") == pytest.approx(200, abs=30)
    assert only("unjudged_callbacks") == 1
    assert only("submissions_held", cause="api") == 1
    assert only("submissions_held", cause="restored") == 0
    assert only("worker_seen_age_seconds") == pytest.approx(7, abs=30)
    assert only("sweep_age_seconds") == pytest.approx(30, abs=30)
    assert of("budget_left_credits") == {}
    assert only("balance_credits") == 512
    assert only("desk_pictures", queue="review") == 1
    assert only("desk_oldest_seconds", queue="review") == pytest.approx(5000, abs=30)
    assert only("desk_pictures", queue="unmeasured") == 1
    assert only("submissions") == 0
    assert only("callbacks", outcome="applied") == 1
    assert only("callbacks", outcome="failure") == 0
    assert only("results_lost") == 1
    assert of("scans_ended") == {
        "scans_ended_total/result_lost,false,failed": 1,
        "scans_ended_total/partly_ai,false,completed": 1,
    }
    assert only("spent_credits", spent_as="result") == 1
    assert only("spent_credits", spent_as="lost") == 1
    latency = of("verdict_latency_seconds", lane="upload", sandbox="false")
    assert latency["verdict_latency_seconds_count/"] == latency["verdict_latency_seconds_bucket/+Inf"] == 1
    assert 0 <= latency["verdict_latency_seconds_sum/"] < 60


@pytest.mark.sockets
@pytest.mark.parametrize("accepted", PARSERS)
def test_names__are_those_that_promtool_wants(accepted: str, live_server: Any) -> None:
    a_busy_site()
    found = scrape(live_server.url, accepted)
    assert len(found) > 15
    for metric in found.values():
        assert re.fullmatch(r"copyleaks_image_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.documentation.endswith(".")
        assert not re.search(
            r"_(total|count|sum|bucket|info|gauge|counter|histogram|milliseconds|minutes)$", metric.name
        )
        for sample in metric.samples:
            assert sample.name.endswith("_total") == (metric.type == "counter")
            assert all(re.fullmatch("[a-z_]+", label) for label in sample.labels)
            assert sample.value >= 0
        if metric.type == "gauge" and re.search("_(age|oldest|latency)(_|$)", metric.name):
            assert metric.name.endswith("_seconds")
    samples = [(s.name, *sorted(s.labels.items())) for metric in found.values() for s in metric.samples]
    assert len(samples) == len(set(samples))


def test_every_metric__is_documented_with_its_type() -> None:
    text = (Path(__file__).parents[2] / "docs" / "monitoring.rst").read_text()
    documented = set(re.findall(r"^``(copyleaks_image_\w+)``", text, re.MULTILINE))
    described = {f"{m.name}_total" if m.type == "counter" else m.name for m in ImageCollector().describe()}
    assert documented == described


def test_collect__yields_what_it_describes() -> None:
    assert [m.name for m in ImageCollector().collect()] == [m.name for m in ImageCollector().describe()]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}é"}, 401),
        ({"Authorization": f"bearer  {TOKEN}"}, 200),
    ],
)
def test_token__is_needed(given: dict[str, str], status: int, client: Client) -> None:
    response = client.get("/metrics/", headers=given)
    assert response.status_code == status
    assert response.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert response["Cache-Control"] == "no-store"


def test_without_a_token_of_the_site__nobody_reads(client: Client, configure: Callable[..., None]) -> None:
    configure(METRICS_TOKEN="")
    for given in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}):
        assert client.get("/metrics/", headers=given).status_code == 403


def test_metrics__takes_no_other_method() -> None:
    response = Client(enforce_csrf_checks=True).post("/metrics/", headers=headers())
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD")


def test_database_that_refuses__is_a_metric(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise DatabaseError("no such table")

    monkeypatch.setattr(collector, "read", refuse)
    response = client.get("/metrics/", headers=headers())
    assert response.status_code == 200
    (metric,) = parse_text(response.content.decode())
    assert (metric.name, [sample.value for sample in metric.samples]) == ("copyleaks_image_database_up", [0])
    assert "There are no metrics: the database refuses (DatabaseError: no such table)" in caplog.text


def test_counters__stay_when_rows_are_pruned() -> None:
    Tally.objects.create(what=What.ENDED, kind="failed", code="result_lost", number=3)
    registry = CollectorRegistry()
    register_metrics(registry)
    assert registry.get_sample_value("copyleaks_image_results_lost_total", {"sandbox": "false"}) == 3


def test_other_registry__asks_no_database_until_it_is_scraped() -> None:
    registry = CollectorRegistry(auto_describe=True)
    with CaptureQueriesContext(connection) as asked:
        register_metrics(registry)
    assert not asked.captured_queries
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        register_metrics(registry)
    assert registry.get_sample_value("copyleaks_image_database_up") == 1


def test_scrape__costs_as_many_queries_however_much_there_is() -> None:
    with CaptureQueriesContext(connection) as few:
        numbers.read()
    a_busy_site()
    with CaptureQueriesContext(connection) as many:
        numbers.read()
    assert len(few) == len(many) == 15


def test_django_prometheus__beside_it(client: Client) -> None:
    exports = pytest.importorskip("django_prometheus.exports")
    AccountState.objects.create(worker_seen_at=ago(7))
    register_metrics()
    try:
        response = exports.ExportToDjangoView(client.get("/health/").wsgi_request)
    finally:
        for registered in set(REGISTRY._collector_to_names):
            if isinstance(registered, ImageCollector):
                REGISTRY.unregister(registered)
    found = {metric.name for metric in parse_text(response.content.decode())}
    assert {"python_info", "copyleaks_image_database_up", "copyleaks_image_queue_scans"} <= found


def test_without_prometheus_client__the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['prometheus_client'] = None\n"
        "import django; django.setup()\n"
        "import django_copyleaks_image.health, django_copyleaks_image.api\n"
        "import django_copyleaks_image.metrics"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].endswith(
        'Metrics need prometheus-client: install "django-copyleaks-image[metrics]".'
    )


@pytest.mark.parametrize(
    ("token", "urls", "expected"),
    [
        ("", "tests.monitoring.urls", ["copyleaks_image.W051"]),
        ("", "tests.urls", []),
        ("short", "tests.urls", ["copyleaks_image.W052"]),
        (TOKEN, "tests.monitoring.urls", []),
    ],
)
def test_check_of_the_token(
    token: str, urls: str, expected: list[str], settings: Any, configure: Callable[..., None]
) -> None:
    settings.ROOT_URLCONF = urls
    configure(METRICS_TOKEN=token)
    found = checks.run_checks(databases=[])
    assert [it.id for it in found if str(it.id).endswith(("W051", "W052"))] == expected
