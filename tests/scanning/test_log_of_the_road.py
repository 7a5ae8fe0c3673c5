"""What programs read of the log: the road of a scan as JSON, one object for each entry."""

import ast
import io
import json
import logging
import logging.config
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

import django_copyleaks_image
from django_copyleaks_image.copyleaks.errors import PaymentError, UnknownError
from django_copyleaks_image.management.commands import copyleaks_worker
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.scanning import addresses, circuit, recovery, sweep
from django_copyleaks_image.worker import Worker
from tests.samples import as_json, detection, judge, only_scan, photo, submitted

from .fake_provider import Provider, work

pytestmark = pytest.mark.django_db(transaction=True)

PACKAGE = "django_copyleaks_image"
DOCUMENT = Path(django_copyleaks_image.__file__).parents[1] / "docs" / "logging.rst"
FIELD = "gallery.Photo.image"


def documented_settings(section: str) -> Any:
    """Return the ``LOGGING`` that the documentation has under a heading."""
    text = DOCUMENT.read_text().split(f"\n{section}\n=", 1)[1]
    block = re.search(r"\n    LOGGING = (\{.*?\n    \})\n", text, re.DOTALL)
    assert block
    return ast.literal_eval(block[1])


@pytest.fixture
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Log as the documentation has it, into a text."""
    logger, stream = logging.getLogger(PACKAGE), io.StringIO()
    before = logger.level, logger.handlers[:], logger.propagate
    settings = documented_settings(request.param)
    settings["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(settings)
    yield stream
    logger.handlers[:] = before[1]
    logger.setLevel(before[0])
    logger.propagate = before[2]


as_lines = pytest.mark.parametrize("written", ["As plain lines"], indirect=True)
in_json = pytest.mark.parametrize("written", ["As JSON"], indirect=True)


def entries(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def told(written: io.StringIO, event: str) -> dict[str, Any]:
    """Return the only entry of an event."""
    (found,) = (entry for entry in entries(written) if entry["event"] == event)
    return found


def call_back(client: Browser, scan: ImageScan, body: bytes) -> int:
    address = f"/copyleaks/webhook/{scan.scan_id}/{addresses.webhook_token(scan.scan_id)}/"
    return client.post(address, body, content_type="application/json").status_code


@in_json
def test_road_of_a_scan__in_json(written: io.StringIO, provider: Provider, client: Browser) -> None:
    photo()

    work()
    scan = only_scan()
    assert call_back(client, scan, body := as_json(detection(scan))) == 200
    judge()

    about = {"scan_id": scan.scan_id, "field": FIELD}
    road = [entry["event"] for entry in entries(written)]
    assert road == ["scan_submitted", "callback_stored", "result_received"]
    assert told(written, "scan_submitted").items() >= about.items()
    stored = told(written, "callback_stored")
    assert (stored["scan_id"], stored["size"], stored["outcome"]) == (scan.scan_id, len(body), "received")
    assert told(written, "result_received").items() >= (about | {"outcome": "applied"}).items()
    assert told(written, "result_received")["name"] == f"{PACKAGE}.scanning.receive"
    assert datetime.fromisoformat(told(written, "scan_submitted")["asctime"]).tzinfo is not None


@in_json
def test_attempts__in_json(written: io.StringIO, provider: Provider) -> None:
    photo()
    provider.fail_next([UnknownError(status=418, slug="teapot")])

    work()

    failed = told(written, "scan_attempt_failed")
    assert (failed["code"], failed["attempts"], failed["levelname"]) == ("teapot", 1, "WARNING")
    assert failed["scan_id"] == only_scan().scan_id
    assert failed["seconds"] >= 1


@in_json
def test_pause_and_its_end__in_json(written: io.StringIO, provider: Provider) -> None:
    photo()
    provider.always = provider.credits = PaymentError(status=402, slug="payment_required")

    work(3)
    provider.always, provider.credits = None, Decimal(100)
    AccountState.objects.update(probe_at=timezone.now())
    recovery.step()

    begun, ended = told(written, "pause_begun"), told(written, "pause_ended")
    assert (begun["code"], begun["cause"], begun["levelname"]) == ("payment_required", "account", "ERROR")
    assert (ended["code"], ended["levelname"]) == (begun["code"], "INFO")
    assert {entry["code"] for entry in entries(written) if entry["event"] == "scan_waits"} == {begun["code"]}


@in_json
def test_pause_that_a_person_sets_and_ends__in_json(written: io.StringIO) -> None:
    circuit.hold("paused_by_a_person", "We move.")
    circuit.resume()

    assert told(written, "pause_set")["code"] == "paused_by_a_person"
    assert "code" not in told(written, "pause_ended")


@in_json
def test_lost_result__in_json(written: io.StringIO, configure: Callable[..., None]) -> None:
    photo()
    scan = submitted(only_scan())
    configure(ON_LOST_RESULT="resubmit")
    ImageScan.objects.update(submitted_at=timezone.now() - timedelta(days=3))

    sweep.sweep()

    again = ImageScan.objects.exclude(pk=scan.pk).get()
    assert told(written, "scan_lost").items() >= {"scan_id": scan.scan_id, "field": FIELD}.items()
    assert told(written, "scan_resubmitted")["new_scan_id"] == again.scan_id


@in_json
def test_credentials_and_tokens__stand_in_no_entry_and_not_beside_it(written: io.StringIO) -> None:
    photo()
    scan = only_scan()
    token = addresses.webhook_token(scan.scan_id)
    address = f"https://site.example/copyleaks/webhook/{scan.scan_id}/{token}/"
    reason = "s3://bucket/?X-Amz-Signature=5ecret5ecret and redis://:pa55word@broker/1"

    logging.getLogger(f"{PACKAGE}.part").error("Failed.", extra=scan.event("x", reason=reason, addresses=[address]))

    text = written.getvalue()
    assert "[hidden]" in text
    assert [secret for secret in (token, "5ecret5ecret", "pa55word") if secret in text] == []
    assert told(written, "x")["scan_id"] == scan.scan_id


def test_entry_about_a_scan__asks_no_database(django_assert_num_queries: Any) -> None:
    photo()
    bare, row = ImageScan.objects.only("scan_id").get(), only_scan()
    whole = ImageScan.objects.select_related("content_type").get()

    with django_assert_num_queries(0):
        assert bare.event("x") == row.event("x") == {"event": "x", "scan_id": bare.scan_id}
        assert whole.event("x", code="y") == {"event": "x", "scan_id": bare.scan_id, "field": FIELD, "code": "y"}


@as_lines
def test_plain_lines__have_full_dates(written: io.StringIO, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"

    logging.getLogger(f"{PACKAGE}.part").info("Said.")

    date, rest = written.getvalue().split(" ", 1)
    moment = datetime.fromisoformat(date)
    assert date.endswith("+05:30")
    assert abs(timezone.now() - moment) < timedelta(minutes=1)
    assert rest == f"INFO    {PACKAGE}.part Said.\n"


def test_worker__writes_full_dates_where_the_project_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    logger, stream = logging.getLogger(PACKAGE), io.StringIO()
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    monkeypatch.setattr(logger, "propagate", False)

    def run_once(_worker: Worker) -> bool:
        logger.info("Works.")
        return True

    monkeypatch.setattr(Worker, "run_once", run_once)

    command = copyleaks_worker.Command(stdout=stream)
    command.handle(once=True, threads=1, poll=1, graceful_timeout=1, healthcheck=False, heartbeat_file=None)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO    Works\.\n", stream.getvalue())
