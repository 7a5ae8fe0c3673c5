"""Keeps our addresses out of what records requests: Sentry, django-silk, and the access logs of web servers.

Settings may import this module: it needs neither settings nor apps.
"""

import functools
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from . import DOCUMENTATION
from .redaction import redacted

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["before_send", "before_send_transaction", "silk_intercepts"]

logger = logging.getLogger(__name__)

Event = TypeVar("Event")

# The variables of a frame are the tenth level of an event of Sentry, and may hold a few of their own.
DEPTH = 24


def before_send(event: Event, hint: object = None) -> Event:
    """Return an event of Sentry without the tokens of our addresses, and without the body of a callback.

    For ``sentry_sdk.init(before_send=…)``; a function of the project's own calls it with what it would return.
    """
    clean = redacted(event, depth=DEPTH)
    if clean is event or not isinstance(clean, dict):
        return clean
    # It mentions an endpoint, so what was posted came from Copyleaks, or from whoever poses as it.
    request = clean.get("request")
    if isinstance(request, dict):
        clean["request"] = {name: value for name, value in request.items() if name != "data"}
    return clean


def before_send_transaction(event: Event, hint: object = None) -> Event:
    """Return a transaction of Sentry, which is an event, as :func:`before_send` does."""
    return before_send(event, hint)


def silk_intercepts(request: "HttpRequest") -> bool:
    """Return whether django-silk may record a request: none of ours, whose paths are secrets and whose bodies are long.

    For ``SILKY_INTERCEPT_FUNC``; a function of the project's own asks this one first.
    """
    path = request.get_full_path()
    return redacted(path) is path


def install() -> None:
    """Let the access log of daphne hide our tokens, and say so where uWSGI, which is no Python, would write them.

    Servers that log in Python are served by :mod:`.logs`.
    """
    # Imported by whoever runs it, and by nobody else.
    daphne = sys.modules.get("daphne.access")
    if daphne is not None:
        _hide_in_entries(daphne.AccessLogGenerator)
    uwsgi = sys.modules.get("uwsgi")
    if uwsgi is not None and logs_every_path(uwsgi.opt):
        logger.warning(
            "uWSGI writes every path to its log, and those of our endpoints are secrets: set disable-logging, or "
            "log-drain to a pattern that fits them, see %sneighbours.html",
            DOCUMENTATION,
            extra={"event": "paths_in_log_of_uwsgi"},
        )


def logs_every_path(options: dict[Any, Any]) -> bool:
    """Return whether uWSGI, started with these options, writes down the path of each request."""
    known = {_text(name): _text(value) for name, value in options.items()}
    if known.keys() & {"disable-logging", "L", "log-drain"}:
        return False
    return "(uri)" in known.get("log-format", "(uri)")


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _hide_in_entries(kind: Any) -> None:
    write_entry: Callable[..., None] = kind.write_entry
    if getattr(write_entry, "hides_tokens", False):
        return

    @functools.wraps(write_entry)
    def hiding(self: Any, *args: Any, **kwargs: Any) -> None:
        write_entry(self, *redacted(args), **redacted(kwargs))

    hiding.hides_tokens = True  # type: ignore[attr-defined]
    kind.write_entry = hiding
