"""A dead worker tells nothing: a web process does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from django_copyleaks_image.alerts import lookout, noticing, rounds
from django_copyleaks_image.models import Alert, ImageScan, account_row
from django_copyleaks_image.scanning import account
from tests.samples import only_manager, photo

pytestmark = pytest.mark.django_db

Heard = list[tuple[str, dict[str, Any]]]


def dead_worker(*, minutes: int = 30) -> None:
    account.heartbeat()
    account_row().update(worker_seen_at=timezone.now() - timedelta(minutes=minutes))


def waiting_picture(*, minutes: int = 20) -> None:
    photo()
    ImageScan.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))


def look_again() -> None:
    lookout._Lookout.next_at = 0.0


def test_any_request_of_the_site__tells_of_a_worker_that_is_gone(heard: Heard, client: Client) -> None:
    dead_worker()
    waiting_picture()
    for _ in range(3):
        look_again()
        client.get("/nowhere/")
    [(name, told)] = heard
    assert name == "worker_silent"
    assert (told["since"], told["waiting"]) == (account.state().worker_seen_at, 1)
    # It is back, and tells that to nobody; the next silence is another one.
    account.heartbeat()
    rounds.go_round()
    assert Alert.objects.get().ended_at is not None
    dead_worker()
    look_again()
    client.get("/nowhere/")
    assert [name for name, _ in heard] == ["worker_silent"] * 2


def test_web_process__sends_mails_in_the_place_of_the_worker(
    settings: Any, configure: Callable[..., None], client: Client
) -> None:
    settings.MANAGERS = only_manager("mia@example.org")
    configure(ALERTS={"mail": True})
    dead_worker()
    waiting_picture()
    client.get("/nowhere/")
    [message] = mail.outbox
    assert message.subject == "[Django] No worker is there"
    assert "1 picture waits." in message.body
    assert "https://photos.example.org/admin/copyleaks_image/accountstate/" in message.body


@pytest.mark.parametrize("minutes", [1, None])
def test_nothing__is_told_while_a_worker_is_there_or_nothing_waits(
    minutes: int | None, heard: Heard, client: Client
) -> None:
    if minutes is None:
        dead_worker()
    else:
        dead_worker(minutes=minutes)
        waiting_picture()
    client.get("/nowhere/")
    assert heard == []


def test_site__is_asked_once_a_minute_and_only_where_somebody_wants_to_know(
    heard: Heard, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(noticing, "notice_silence", lambda: asked.append(1))
    client.get("/nowhere/")
    client.get("/nowhere/")
    assert len(asked) == 1


def test_site_where_nobody_wants_to_know__is_asked_nothing(client: Client) -> None:
    dead_worker()
    waiting_picture()
    with CaptureQueriesContext(connection) as queries:
        client.get("/nowhere/")
    assert len(queries) == 0


def test_save__is_not_asked_for_anything(heard: Heard) -> None:
    dead_worker()
    with CaptureQueriesContext(connection) as queries:
        photo()
    assert not [query for query in queries.captured_queries if "alert" in query["sql"]]
    assert heard == []


def test_database_that_fails__breaks_no_request(
    heard: Heard, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(noticing, "notice_silence", fail)
    assert client.get("/nowhere/").status_code == 404
    assert "Nobody knows whether a worker is there" in caplog.text
