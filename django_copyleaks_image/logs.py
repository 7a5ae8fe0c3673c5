"""Hides the tokens of our endpoints in every log entry of the process, also in those about requests we never see.

Django logs and mails the path of whatever is refused before a view, and servers that log in Python log every path.
Only ``Logger.handle`` sees all of them whole: filters of a logger do not see what its children log, handlers may be
added at any time, and a factory of records is called before their ``extra``, such as the request, is attached.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, cast

from django.http import HttpRequest
from django.utils import timezone

from .redaction import HIDDEN, redacted, without_credentials

T = TypeVar("T")

_PACKAGE = __name__.partition(".")[0]
_handle = logging.Logger.handle


def install() -> None:
    """Let every logger hide our tokens from now on, before its filters and handlers; more than once is once."""
    logging.Logger.handle = _redact_and_handle  # type: ignore[method-assign]


class HideTokens(logging.Filter):
    """A filter for ``LOGGING``, where entries reach a handler by another way than ``Logger.handle``.

    So does what another process has sent by ``SocketHandler`` or a queue, and what a program writes that does not load
    this app.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        hide_tokens(record)
        return True


def _redact_and_handle(self: logging.Logger, record: logging.LogRecord) -> None:
    hide_tokens(record)
    _handle(self, record)


class Lines(logging.Formatter):
    """Writes dates in full: ISO 8601 in the site's own time zone, with the difference to UTC."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - as it is called there
        moment = datetime.fromtimestamp(record.created, tz=timezone.get_default_timezone())
        return moment.strftime(datefmt) if datefmt else moment.isoformat(timespec="milliseconds")


def hide_tokens(record: logging.LogRecord) -> None:
    """Hide tokens in message, arguments, traceback and whatever else is attached to a record; raise nothing."""
    # What storages, brokers and proxies say is ours to search where we quote it, and nobody else's entry is.
    is_ours = str(record.name).partition(".")[0] == _PACKAGE
    hide = without_credentials if is_ours else redacted
    for name, value in list(vars(record).items()):
        if value is None or type(value) in (int, float):  # Most are, and every entry of the process comes by here.
            continue
        try:
            clean = _clean(value, hide)
        except Exception:  # noqa: BLE001 - a dictionary of the project's own that cannot be copied
            clean = HIDDEN
        if clean is not value:
            setattr(record, name, clean)
    _hide_in_message(record, hide)
    _hide_in_traceback(record, hide)


def _clean(value: Any, hide: Callable[[str], str]) -> Any:
    kind = type(value)
    if issubclass(kind, HttpRequest):
        return _redacted_request(value)
    return hide(value) if kind is str else redacted(value)


def _hide_in_message(record: logging.LogRecord, hide: Callable[[str], str]) -> None:
    """Hide what shows only when the message is put together: an argument that is an exception, a path, a request."""
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001 - arguments that do not fit; the handler says so
        return
    clean = hide(message)
    if clean != message:
        record.msg, record.args = clean, ()


def _hide_in_traceback(record: logging.LogRecord, hide: Callable[[str], str]) -> None:
    """Hide tokens in the messages of exceptions; source lines hold none, and local variables are not logged."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if error is None or all(hide(text) == text for text in _messages(error)):
        return
    # Formatters show this text; reports and JSON read the exception, and get one that says the same.
    record.exc_text = hide("".join(traceback.format_exception(error)).rstrip("\n"))
    kind = type(error)
    namesake = type(kind.__name__, (Exception,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})
    record.exc_info = (namesake, namesake(hide(_text(error))), error.__traceback__)


def _messages(error: BaseException) -> Iterator[str]:
    """Yield what an exception says, and those that it came from or holds."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield _text(one)
        yield from (note for note in getattr(one, "__notes__", ()) if isinstance(note, str))
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - as traceback does
        return "<exception str() failed>"


def _redacted_request(request: HttpRequest) -> HttpRequest:
    """Return a request whose path, headers and query show no token, or the very same one."""
    # A body may be long, and nobody shows it.
    shown = {name: value for name, value in vars(request).items() if name != "_body"}
    attributes: dict[str, Any] = redacted(shown)
    match = request.resolver_match
    # It was made of the path, and shows the token when it is printed.
    if match is not None and (of_match := redacted(vars(match))) is not vars(match):
        attributes = {**attributes, "resolver_match": _with(match, of_match)}
    if attributes is shown:
        return request
    # What holds the request itself, such as its messages, would print the one that is as it was.
    holders = {name: HIDDEN for name, value in attributes.items() if _holds(value, request)}
    return _with(request, attributes | holders)


def _holds(value: object, request: HttpRequest) -> bool:
    kind = type(value)  # Not isinstance(), see redaction.py.
    if issubclass(kind, partial):
        return any(argument is request for argument in cast("partial[object]", value).args)
    return bool(getattr(kind, "__dictoffset__", 0)) and vars(value).get("request") is request


def _with(original: T, attributes: dict[str, Any]) -> T:
    """Return an object like another, with other attributes."""
    # Not copy.copy(): a request does not give away all of itself.
    changed = object.__new__(type(original))
    vars(changed).update(vars(original) | attributes)
    return changed
