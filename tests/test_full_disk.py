"""A database whose disk is full: everybody who meets it is told why, first of all and in the words of the driver."""

import logging
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, connection
from django.test import Client

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, ImageScan, WebhookReceipt
from django_copyleaks_image.scanning import account, addresses, receive, submit
from django_copyleaks_image.scanning.isolation import isolated
from django_copyleaks_image.worker import Worker
from tests.driver_errors import raised
from tests.samples import as_json, detection, only_scan, photo, submitted

pytestmark = pytest.mark.django_db(transaction=True)

SQLITE = "database or disk is full"
POSTGRESQL = 'could not extend file "base/16384/16385": No space left on device'
MARIADB = "The table 'copyleaks_image_imagescan' is full"
full_disks = pytest.mark.parametrize(
    ("words", "arguments", "codes"),
    [
        (SQLITE, (SQLITE,), {"sqlite_errorcode": 13}),
        (POSTGRESQL, (f"{POSTGRESQL}\nHINT:  Check free disk space.",), {"sqlstate": "53100"}),
        (MARIADB, (1114, MARIADB), {}),
    ],
    ids=["sqlite", "postgresql", "mariadb"],
)


@full_disks
def test_worker__says_why(
    words: str,
    arguments: tuple[Any, ...],
    codes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Worker(threads=1, poll_seconds=0.01)

    def claim(limit: int) -> list[ImageScan]:
        worker.stop()
        raise raised(OperationalError(), *arguments, **codes)

    monkeypatch.setattr(submit, "claim", claim)

    worker.run()

    (entry,) = (it for it in caplog.records if vars(it).get("event") == "database_refuses")
    assert (
        entry.getMessage() == f"The database refuses (OperationalError: {words}. Make room on its disk); trying again."
    )
    assert "migrate" not in caplog.text


@full_disks
def test_scan_that_is_worked_on__says_why_and_is_not_counted_as_failed(
    words: str,
    arguments: tuple[Any, ...],
    codes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    photo()
    full = raised(OperationalError(), *arguments, **codes)

    def refuse(*_arguments: object) -> None:
        raise full

    monkeypatch.setattr(submit, "_measure", refuse)
    worker = Worker(threads=1, poll_seconds=0.01)
    (scan,) = submit.claim(1)

    worker._work_on(scan)
    worker._connections.close_idle(longer_than=0)

    (entry,) = (it for it in caplog.records if it.levelno >= logging.WARNING)
    assert entry.getMessage().endswith(f"the database refuses (OperationalError: {words}. Make room on its disk).")
    assert vars(entry)["scan_id"] == scan.scan_id
    assert entry.exc_info is None
    assert only_scan().error_code == ""


def test_callback__says_why_and_is_sent_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    photo()
    scan = submitted(only_scan())
    address = f"/copyleaks/webhook/{scan.scan_id}/{addresses.webhook_token(scan.scan_id)}/"

    def refuse(*_arguments: object, **_named: object) -> WebhookReceipt:
        raise raised(OperationalError(), SQLITE, sqlite_errorcode=13)

    monkeypatch.setattr(receive, "store", refuse)

    answer = client.post(address, as_json(detection(scan)), content_type="application/json")

    assert answer.status_code == 503
    (entry,) = (it for it in caplog.records if vars(it).get("event") == "callback_not_stored")
    assert f"could not be stored (OperationalError: {SQLITE}. Make room on its disk)" in entry.getMessage()
    assert entry.exc_info is not None


@pytest.mark.sockets
def test_doctor__says_why(
    emulator: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> AccountState:
        raise raised(OperationalError(), SQLITE, sqlite_errorcode=13)

    monkeypatch.setattr(account, "state", refuse)

    with pytest.raises(CommandError):
        call_command("copyleaks_doctor")

    said = capsys.readouterr().out
    assert f"the database refuses: OperationalError: {SQLITE}. Make room on its disk." in said
    assert "migrate" not in said


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite's files can be told to be full")
def test_step__on_a_disk_that_is_full_indeed(caplog: pytest.LogCaptureFixture) -> None:
    account.state()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages:d}")
    try:
        with isolated("note %s", "marks"):
            AccountState.objects.update(watermarks={"x": "y" * 10_000_000})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA max_page_count = 1073741823")

    (entry,) = (it for it in caplog.records if vars(it).get("event") == "step_failed")
    assert entry.getMessage() == (
        f"Could not note marks (OperationalError: {SQLITE}. Make room on its disk); the rest goes on."
    )
    assert entry.exc_info is not None
    assert isinstance(entry.exc_info[1], DatabaseError)
