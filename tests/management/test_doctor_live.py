"""``copyleaks_doctor --live`` against several vendors, through real sockets."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.token import _Outcome
from django_copyleaks_image.doctor import live, picture
from django_copyleaks_image.doctor.report import Report
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, ImageScan, LiveTrial, WebhookReceipt
from django_copyleaks_image.redaction import MARK, redacted
from django_copyleaks_image.scanning import account, addresses, logins, trials
from django_copyleaks_image.scanning.sweep import sweep
from django_copyleaks_image.setting_values import Secret
from django_copyleaks_image.worker import go_round

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]


@pytest.fixture
def vendor(live_server: Any, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Start an emulator with some options, for which the site is configured."""
    monkeypatch.setattr(live, "LONGER", 1.0)
    account.heartbeat()
    running: list[Emulator] = []

    def start(name: str = "", **options: Any) -> Emulator:
        emulator = Emulator(latency=0.0, webhook_retries=(), vendor=name, **options).start()
        running.append(emulator)
        configure(API_URL=emulator.url, ID_URL=emulator.url, PUBLIC_URL=live_server.url, RATE_LIMIT=1000)
        return emulator

    yield start
    for emulator in running:
        emulator.stop()


def live_step(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what the live step found, and the contract report."""
    with suppress(CommandError):
        call_command("copyleaks_doctor", "--json", "--live", "--wait", "5", *options)
    document = json.loads(capsys.readouterr().out)
    assert not LiveTrial.objects.exists()
    assert not ImageScan.objects.exists()
    assert not WebhookReceipt.objects.exists()
    assert AccountState.objects.get().unknown_scans == 0
    return next(it for it in document["steps"] if it["name"] == "live"), document["contract"]


VENDORS: dict[str, tuple[str, dict[str, Any]]] = {
    "": (
        "ok",
        {
            "submit_status": 201,
            "callback_encoding": "identity",
            "callback_headers": [],
            "described_by": "scannedDocument",
            "verdict": ["isAiDetected", "summary", "result"],
            "developer_payload": "returned",
            "heatmap": "heatmap: data:image/png;base64",
            "credits": 0,
            "unknown_keys": [],
            "repeated_id": "accepted with 201, not called back again",
            "failure": "error as object with a code, beside a status",
        },
    ),
    "sibling": (
        "ok",
        {
            "callback_encoding": "gzip",
            "described_by": "scannedImage",
            "heatmap": "result.overlay: address",
            "repeated_id": "refused: 409, code 30, bad_parameter",
            "failure": "error as object with a code",
        },
    ),
    "terse": (
        "ok",
        {
            "developer_payload": "missing",
            "heatmap": "absent",
            "repeated_id": "refused: 400, code 30, bad_parameter",
            "failure": "no callback within",
        },
    ),
    "changed": (
        "unknown_keys",
        {
            "callback_headers": ["x-copyleaks-signature"],
            "heatmap": "heatmap: object with 'data', base64",
            "unknown_keys": ["riskScore", "summary.confidence"],
            "repeated_id": "accepted with 201, called back again",
            "failure": "error as text",
        },
    ),
    "greedy": ("sandbox_charged", {"credits": 1}),
}


@pytest.mark.parametrize("name", VENDORS)
def test_report__tells_vendors_apart(name: str, vendor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, expected = VENDORS[name]
    emulator = vendor(name)

    finding, report = live_step(capsys)

    assert finding["code"] == code
    found = {key: report[key] for key in expected}
    if name == "terse":
        found["failure"] = found["failure"][: len(expected["failure"])]
    assert found == expected
    assert {entry.sandbox for entry in emulator.ledger.entries()} == {True}
    assert emulator.ledger.charged == 0


def test_report__is_printed_for_people(vendor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    vendor("changed")

    call_command("copyleaks_doctor", "--live", "--wait", "5")

    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert "Live: the result came after" in out
    assert "with keys that this version does not know: riskScore, summary.confidence." in out
    assert "     heatmap: heatmap: object with 'data', base64" in out
    assert MARK not in out


def test_live__beside_a_worker(vendor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    vendor()
    go_round()

    assert live_step(capsys)[0]["status"] == "ok"
    go_round()


@pytest.mark.parametrize(("name", "repeated"), [("", "answered with a result"), ("sibling", "refused: 409")])
def test_live__in_synchronous_mode(
    name: str, repeated: str, vendor: Any, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    vendor(name)
    configure(MODE="sync", PUBLIC_URL="")

    finding, report = live_step(capsys)

    assert finding["code"] == "ok"
    assert report["mode"] == "sync"
    assert report["repeated_id"].startswith(repeated)
    assert report["failure"].startswith("refused: 4")


def test_headers__that_come_and_that_do_not(
    vendor: Any, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    vendor(fetch_headers_key="requestHeaders")
    configure(WEBHOOK_HEADERS=[["X-Secret", "open sesame"]], FETCH_HEADERS=[["X-Fetch", "open barley"]])

    finding, report = live_step(capsys)
    assert (report["webhook_headers"], report["fetch_headers"]) == ("came", "did not come")

    configure(FETCH_HEADERS_KEY="requestHeaders")
    finding, report = live_step(capsys)
    assert (finding["code"], report["fetch_headers"]) == ("ok", "came")
    assert "x-secret" not in report["callback_headers"]


def test_webhook_headers__are_tried_where_none_are_asked_for(vendor: Any, capsys: pytest.CaptureFixture[str]) -> None:
    emulator = vendor()
    finding, report = live_step(capsys)
    assert (finding["code"], report["webhook_headers"]) == (
        "ok",
        "not asked for, and came on trial: set WEBHOOK_HEADERS",
    )
    assert {entry.charged for entry in emulator.ledger.entries()} == {0}

    vendor(webhook_headers_key="callbackHeaders")
    finding, report = live_step(capsys)
    assert (finding["code"], report["webhook_headers"]) == ("ok", "not asked for, and did not come on trial")


def test_verifier__that_would_refuse_the_result(
    vendor: Any, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    vendor()
    configure(WEBHOOK_VERIFIERS=["tests.management.test_doctor_live.refuse"])

    finding, report = live_step(capsys)

    assert (finding["status"], finding["code"]) == ("problem", "callback_refused")
    assert report["heatmap"] == "heatmap: data:image/png;base64"


def refuse(_request: object) -> bool:
    return False


def test_no_callback__is_said_in_a_sentence(
    vendor: Any, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    vendor(faults={"lost": 1.0})
    finding, _report = live_step(capsys, "--wait", "1")
    assert (finding["status"], finding["code"]) == ("problem", "no_callback")
    assert "no result came within 1 seconds; it has fetched the picture" in finding["text"]

    configure(PUBLIC_URL="http://127.0.0.1:9")
    finding, report = live_step(capsys, "--wait", "1")
    assert "it has not even fetched the picture" in finding["text"]
    assert report["fetches"] == 0


def test_provider__that_refuses(
    vendor: Any, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    vendor()
    configure(MODEL="ai-image-2")

    finding, report = live_step(capsys)

    assert finding["status"] == "problem"
    assert "There is no such model" in finding["text"]
    assert report == {}


def test_stale_token__is_replaced_once(vendor: Any) -> None:
    emulator = vendor()
    stale = _Outcome(until=time.time() + 3600, token=Secret("revoked"))
    client_from_settings()._tokens._remember(stale)

    finding = live.round_trip(Report(), seconds=5)

    assert finding.status == "ok"
    assert (emulator.ledger.counted("unauthorised"), emulator.ledger.counted("login")) == (1, 1)


def test_logins__are_left_to_the_workers(vendor: Any) -> None:
    emulator = vendor()
    for _ in range(logins.SPARING_LIMIT):
        logins.admit()

    finding = live.round_trip(Report(), seconds=5)

    assert (finding.status, finding.code) == ("problem", "login_limit")
    assert emulator.ledger.entries() == []
    assert not LiveTrial.objects.exists()


def test_trial__opens_nothing_for_strangers_and_ends(client: Any) -> None:
    trial = trials.begin(picture.draw())
    webhook = addresses.endpoint_path("webhook", trial.trial_id, addresses.webhook_token(trial.trial_id))
    wrong = addresses.endpoint_path("webhook", trial.trial_id, addresses.webhook_token("doctor"))
    media = addresses.endpoint_path("media", addresses.media_token(trial.trial_id), trials.FILE_NAME)

    assert client.post(wrong, b"{}", content_type="application/json").status_code == 404
    assert client.get(media).content == picture.draw()
    LiveTrial.objects.update(created_at=timezone.now() - trials.LIFETIME - timedelta(seconds=1))
    assert client.get(media).status_code == 404
    assert client.post(webhook, b"{}", content_type="application/json").status_code == 404
    assert AccountState.objects.filter(unknown_scans__gt=0).count() == 0

    sweep()
    assert not LiveTrial.objects.exists()


def test_address_of_a_trial__is_hidden_in_texts() -> None:
    trial = trials.begin(b"")
    token = addresses.webhook_token(trial.trial_id)

    assert token.removeprefix(MARK) not in redacted(f"webhook/{trial.trial_id}/{token.removeprefix(MARK)}/")
    assert token not in redacted(f"it was {token}")


def test_callback__is_stored_once_and_counted(client: Any) -> None:
    trial = trials.begin(b"")
    webhook = addresses.endpoint_path("webhook", trial.trial_id, addresses.webhook_token(trial.trial_id))

    for body in (b'{"first":1}', b'{"second":1}'):
        headers = {"X-New": "value", **{f"X-{number}": "a" for number in range(50)}}
        assert client.post(webhook, body, content_type="application/json", headers=headers).status_code == 200

    trial.refresh_from_db()
    assert trial.callbacks == 2
    assert WebhookReceipt(body=bytes(trial.body)).payload() == b'{"first":1}'
    assert len(trial.header_names.split(", ")) == trials.MOST_NAMES


def test_without_live__nothing_is_sent(vendor: Any) -> None:
    emulator = vendor()

    with suppress(CommandError):
        call_command("copyleaks_doctor", stdout=StringIO())

    assert emulator.ledger.entries() == []
