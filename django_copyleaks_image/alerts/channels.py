"""The ways by which somebody is told of an alert: the project's receivers, mail to the managers, a webhook."""

import logging
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.core.mail import mail_managers
from django.db import connections
from django.dispatch import Signal
from django.utils.dateparse import parse_datetime

from django_copyleaks_image import signals, tenants
from django_copyleaks_image.conf import conf
from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.copyleaks.transport import Bearer, Body, Transport
from django_copyleaks_image.models import AccountState, Alert, scans
from django_copyleaks_image.models.alert import Channel, Kind
from django_copyleaks_image.redaction import without_credentials

from .words import words_of

SIGNALS: Mapping[Kind, Signal] = {kind: getattr(signals, kind.value) for kind in Kind}
# Connecting and reading, in seconds, and how many bytes of an answer are read.
TIMEOUT, MAX_ANSWER = (5.0, 10.0), 64 * 1024
MAIL_SECONDS = 20.0
# No more is counted of what waits.
_MOST_COUNTED = 100_000
_TIMES = ("last_callback_at", "until")

_is_posting: ContextVar[bool] = ContextVar("is_posting", default=False)


class NotSent(Exception):
    """A message could not be sent; the message says why, and quotes no address."""


def wanted_for(kind: Kind) -> list[Channel]:
    """Return by which ways somebody wants to be told of this kind of trouble."""
    receivers = conf.ALERTS
    found = [Channel.SIGNAL] if SIGNALS[kind].has_listeners(AccountState) else []
    found += [Channel.MAIL] if receivers.mail else []
    return found + ([Channel.WEBHOOK] if receivers.webhook else [])


def send(channel: str, alert: Alert) -> None:
    """Tell of an alert by one way; raise :class:`NotSent` where that fails."""
    waiting = scans().unfinished()[:_MOST_COUNTED].count()
    {Channel.SIGNAL: _send_signal, Channel.MAIL: _send_mail, Channel.WEBHOOK: _post}[Channel(channel)](alert, waiting)


def _send_signal(alert: Alert, waiting: int) -> None:
    """Send the signal; receivers that raise are logged by Django and harm nothing."""
    facts: dict[str, Any] = {"waiting": waiting, **alert.facts}
    times = {name: parse_datetime(str(facts[name])) for name in _TIMES if name in facts}
    SIGNALS[Kind(alert.kind)].send_robust(sender=AccountState, alert=alert, since=alert.since, **(facts | times))


def _send_mail(alert: Alert, waiting: int) -> None:
    """Mail the managers. A mail server that never answers costs a thread, and not the worker's rounds."""
    if not settings.MANAGERS:
        raise NotSent("MANAGERS is empty")
    words, failures = words_of(alert, waiting), []

    def mail() -> None:
        try:
            mail_managers(words.subject, words.text)
        except Exception as error:  # noqa: BLE001 - whatever the project's mail backend leads to
            failures.append(f"{type(error).__name__}: {without_credentials(str(error))[:200]}")
        finally:
            connections.close_all()  # Some backends keep what they send in the database.

    thread = threading.Thread(target=tenants.carried(mail), name="copyleaks-alert-mail", daemon=True)
    with checked_in():
        thread.start()
        thread.join(MAIL_SECONDS)
    if thread.is_alive():
        raise NotSent(f"the mail server has not answered within {MAIL_SECONDS:.0f} seconds")
    if failures:
        raise NotSent(failures[0])


def _post(alert: Alert, waiting: int) -> None:
    """Post JSON whose ``text`` Slack, Mattermost and others show: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/."""
    words = words_of(alert, waiting)
    document = {
        "text": _escaped("\n".join([f"*{words.subject}*", *words.paragraphs, *filter(None, [words.url])])),
        "copyleaks_image": {
            "alert": alert.kind,
            "incident": alert.pk,
            "since": alert.since.isoformat(),
            "waiting": waiting,
            "url": words.url,
            **alert.facts,
        },
    }
    _keep_the_address_out_of_logs()
    posting = _is_posting.set(True)
    try:
        # Redirects are answers, too: none is followed.
        answer = Transport(timeout=TIMEOUT, pool_size=1).send(
            "POST", conf.ALERTS.webhook.reveal(), auth=Bearer(), body=Body.of_json(document), max_bytes=MAX_ANSWER
        )
        problem = "" if answer.is_success else f"HTTP {answer.status}"
    except CopyleaksError as error:
        problem = error.message
    finally:
        _is_posting.reset(posting)
    # Raised outside the handler, whose frames hold the address.
    if problem:
        raise NotSent(problem)


def _escaped(text: str) -> str:
    """Return a text in which nothing is a command or a link of the chat's own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _hide_posts(record: logging.LogRecord) -> bool:
    """Leave out what urllib3 logs of a post: the address is a secret, and its path stands in each entry."""
    return not _is_posting.get()


def _keep_the_address_out_of_logs() -> None:
    """Have no address of a webhook logged; more than once is once."""
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).addFilter(_hide_posts)
