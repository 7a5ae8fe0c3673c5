"""How alerts are mailed, and posted through a real socket."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import checks, mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone, translation
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from django_copyleaks_image.alerts import channels, noticing, rounds, telling, words
from django_copyleaks_image.models import Alert, AlertMessage
from django_copyleaks_image.models.alert import Kind
from django_copyleaks_image.scanning import circuit
from tests.copyleaks.server import Reply, Request, Server, running
from tests.samples import only_manager, photo

SECRET = "T024BE7LD-s3cret-Xq9Zk2Lm"
PATH = f"/services/{SECRET}"

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat(configure: Callable[..., None]) -> Iterator[Server]:
    with running(Server()) as server:
        configure(ALERTS={"webhook": server.url + PATH, "site": "https://admin.example.org"})
        yield server


def pause() -> None:
    photo("geheim-<b>.jpg")
    circuit.hold("insufficient_credits", "What the provider says: <!channel>")


def again() -> None:
    AlertMessage.objects.exclude(due_at=None).update(due_at=timezone.now())
    telling.send_due()


@pytest.mark.sockets
def test_chat__is_posted_what_happened_and_what_to_do(chat: Server) -> None:
    chat.answer(PATH, Reply(body=b"ok"))
    pause()
    rounds.go_round()
    rounds.go_round()

    [request] = chat.requests
    assert (request.method, request.path) == ("POST", PATH)
    assert request.headers["Content-Type"] == "application/json"
    assert "Authorization" not in request.headers
    document = json.loads(request.body)
    assert document["text"].startswith("*Submissions are paused*\n")
    assert "1 picture waits." in document["text"]
    assert document["text"].endswith("https://admin.example.org/admin/copyleaks_image/accountstate/")
    told = document["copyleaks_image"]
    assert (told["alert"], told["reason"], told["waiting"]) == ("account_paused", "insufficient_credits", 1)
    # Neither names of files nor what others say.
    assert b"geheim" not in request.body
    assert b"channel" not in request.body


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(status=500), "HTTP 500"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), "HTTP 302"),
        (Reply(raw=b""), "Error at 127.0.0.1"),
        (Reply(body=b"x" * (channels.MAX_ANSWER + 1)), "The answer is larger than 65536 bytes."),
    ],
)
def test_chat_that_fails__is_tried_again_a_few_times_and_then_given_up(
    reply: Reply, why: str, chat: Server, caplog: pytest.LogCaptureFixture
) -> None:
    chat.answer(PATH, reply)
    pause()
    rounds.go_round()
    # Not before its time.
    rounds.go_round()
    assert len(chat.requests) == 1
    for _ in range(8):
        again()
    assert len(chat.requests) == telling.TRIES
    assert AlertMessage.objects.get().due_at is None
    assert AlertMessage.objects.get().sent_at is None
    assert "it is given up" in caplog.text
    assert why in caplog.text.replace("ConnectionError at", "Error at")
    assert SECRET not in caplog.text


@pytest.mark.sockets
def test_chat_that_works_again__is_told_once(chat: Server) -> None:
    chat.answer(PATH, Reply(status=503), Reply())
    pause()
    rounds.go_round()
    again()
    again()
    assert len(chat.requests) == 2
    assert AlertMessage.objects.get().sent_at is not None


@pytest.mark.sockets
def test_chat_that_drips__takes_bounded_time(chat: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "TIMEOUT", (0.5, 0.5))
    chat.answer(PATH, Reply(body=b"o" * 1000, drip=0.2))
    pause()
    begun = time.monotonic()
    rounds.go_round()
    assert time.monotonic() - begun < 10
    assert AlertMessage.objects.get().sent_at is None


@pytest.mark.sockets
def test_address_of_the_chat__is_in_no_log_and_no_report(
    chat: Server, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")
    seen: list[str] = []

    def fail(request: Request) -> Reply:
        seen.append(request.path)
        return Reply(status=404, body=b"no_team")

    chat.answer(PATH, fail)
    pause()
    rounds.go_round()
    assert seen == [PATH]
    assert "could not be sent by webhook (HTTP 404)" in caplog.text
    assert SECRET not in caplog.text
    # Other entries of urllib3 are the project's own, and stay.
    logging.getLogger("urllib3.connectionpool").debug("of another exchange")
    assert "of another exchange" in caplog.text
    address = settings.COPYLEAKS_IMAGE["ALERTS"]["webhook"]
    try:
        raise ValueError(address)
    except ValueError as error:
        report = ExceptionReporter(None, type(error), error, error.__traceback__).get_traceback_text()
    assert SECRET not in report
    shown = SafeExceptionReporterFilter().get_safe_settings()["COPYLEAKS_IMAGE"]
    assert SECRET not in repr(shown)


@pytest.fixture
def managers(settings: Any, configure: Callable[..., None]) -> None:
    settings.MANAGERS = only_manager("mia@example.org")
    configure(ALERTS={"mail": True})


@pytest.mark.parametrize("language", ["en", "de", "es"])
@pytest.mark.parametrize("kind", Kind.values)
def test_words__say_what_happened_what_waits_what_to_do_and_where(
    kind: str, language: str, managers: None, settings: Any
) -> None:
    settings.LANGUAGE_CODE = language
    facts = {
        "reason": "no_results",
        "cause": "results",
        "percent": 100,
        "spent": 10,
        "budget": 10,
        "sent": 8,
        "lost": 4,
    }
    facts |= {"credits": 4, "last_callback_at": "2026-11-03T08:00:00+00:00", "days": 2, "a_day": 3.5}
    alert = Alert(kind=kind, since=timezone.now(), facts=facts, noticed_at=timezone.now())
    with translation.override("fr"):
        told = words.words_of(alert, 2)
    assert told.url == "https://photos.example.org/admin/copyleaks_image/accountstate/"
    assert len(told.paragraphs) == 3
    assert "%(" not in told.text
    assert "\n" not in told.subject
    assert ("2 pictures wait." in told.text) == (language == "en")


def test_mail_server_that_is_down__is_tried_again(
    managers: None, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: EmailBackend, messages: Any) -> int:
        raise ConnectionRefusedError("smtp://user:hunter2@mail.example.org")

    pause()
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        rounds.go_round()
    assert "could not be sent by mail (ConnectionRefusedError" in caplog.text
    assert "hunter2" not in caplog.text
    again()
    assert len(mail.outbox) == 1


def test_mail_server_that_never_answers__holds_up_no_round(managers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MAIL_SECONDS", 0.2)
    monkeypatch.setattr(EmailBackend, "send_messages", lambda self, messages: time.sleep(3))
    pause()
    begun = time.monotonic()
    rounds.go_round()
    assert time.monotonic() - begun < 2
    assert AlertMessage.objects.get().sent_at is None


def test_message_that_was_leased_by_a_wrong_clock__is_sent(managers: None) -> None:
    pause()
    noticing.notice_all()
    AlertMessage.objects.update(due_at=timezone.now() + timedelta(days=300))
    assert telling.send_due() == 1


def test_checks__say_what_is_wrong_with_the_receivers(configure: Callable[..., None], settings: Any) -> None:
    def found() -> list[str]:
        return [it.msg for it in checks.run_checks(databases=[]) if it.id == "copyleaks_image.W054"]

    assert found() == []
    configure(ALERTS={"mail": True, "webhook": f"http://hooks.example.org{PATH}"})
    assert [it.split("'ALERTS'] ")[1][:5] for it in found()] == ["mails", "posts"]
    assert SECRET not in repr(found())
    settings.MANAGERS = only_manager("mia@example.org")
    configure(ALERTS={"mail": True, "webhook": f"http://chat.internal{PATH}"})
    assert found() == []
