import hashlib
import json
from pathlib import Path
from threading import Thread

import pytest

from .client import Client
from .conftest import Start

pytestmark = pytest.mark.sockets


def test_ledger_over_http(client: Client) -> None:
    client.submit("ai-5.jpg", scan_id="the-scan")
    client.receiver.wait()
    client.emulator.ledger.wait_for(lambda ledger: ledger.entries()[0].delivered == 1)

    ledger = client.call("GET", "/_emulator/ledger").json()

    assert ledger["charged"] == 1
    assert ledger["counts"] == {"login": 1, "fetch": 1}
    assert ledger["scans"] == [
        {
            "scan_id": "the-scan",
            "endpoint": "async",
            "file_name": "ai-5.jpg",
            "sandbox": False,
            "state": "analysed",
            "tries": 1,
            "accepted": 1,
            "charged": 1,
            "sha256": hashlib.sha256(client.receiver.files["/photo"]).hexdigest(),
            "callbacks": [200],
            "faults": [],
            "delivered": 1,
        }
    ]


def test_faults_of_the_accepted_try_are_entered(client: Client) -> None:
    name = "ai-5 fault-status-503 fault-gzip fault-malformed-types.jpg"
    for _ in range(3):
        client.submit(name, scan_id="the-scan")

    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert entry.faults == ("gzip", "malformed-types")


def test_health(client: Client) -> None:
    assert client.call("GET", "/_emulator/health").json() == {"status": "ok"}


def test_concurrent_puts_of_one_id_are_charged_once(client: Client) -> None:
    client.login()
    statuses: list[int] = []

    def submit() -> None:
        with Client(client.emulator, client.receiver) as other:
            other.token = client.token
            statuses.append(other.submit(scan_id="the-scan").status_code)

    threads = [Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [201] * 8
    entry = client.emulator.ledger.get("the-scan")
    assert entry is not None
    assert (entry.tries, entry.accepted, entry.charged) == (8, 1, 1)


def test_ledger_file_survives_a_restart_and_a_torn_line(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    client = start(ledger=path, repeated="409")
    client.submit("fault-gzip.jpg", scan_id="the-scan")
    client.receiver.wait()
    assert client.emulator.ledger.wait_for(lambda ledger: ledger.entries()[0].delivered == 1)
    client.emulator.stop()
    before = client.emulator.ledger.as_json()["scans"]
    with path.open("a") as file:
        file.write('{"scan_id": "torn')

    again = start(ledger=path, repeated="409")

    assert again.emulator.ledger.as_json()["scans"] == before
    assert again.emulator.ledger.charged == 1
    assert again.submit(scan_id="the-scan").status_code == 409
    assert again.submit(scan_id="another").status_code == 201
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_log_tells_events_and_no_secret(start: Start) -> None:
    lines: list[str] = []
    client = start(log=lines.append)
    client.receiver.files["/photo?secret-in-url"] = client.receiver.files["/photo"]
    client.submit(
        "ai-5.jpg",
        scan_id="the-scan",
        url=client.receiver.url + "/photo?secret-in-url",
        headers=[["X-Endpoint", "secret-header"]],
        webhooks={
            "url": client.receiver.url + "/hook/secret-hook",
            "headers": [["X-Hook", "secret-hook-header"]],
        },
        developerPayload="secret-payload",
    )
    nowhere = "http://127.0.0.1:9/secret"
    client.submit(scan_id="gone", url=nowhere, webhooks={"url": nowhere})
    client.call("GET", "/v1/secret-path", headers={"Authorization": "Bearer secret-token"})
    client.receiver.wait()
    ledger = client.emulator.ledger
    assert ledger.wait_for(lambda _: all(entry.callbacks for entry in ledger.entries()))

    text = "\n".join(lines)
    for event in ("login", "async", "fetch", "scanned", "callback", "failed", "ConnectionError"):
        assert event in text
    assert "secret" not in text
    assert client.token not in text
    assert all("\n" not in line for line in lines)
