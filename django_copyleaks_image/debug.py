"""Hides our secrets in Django's error reports: mails to the admins, with local variables or without, and debug pages.

The report as a whole is searched, since a path shows in it as the request's, in the environment of the server and in
the variables of any frame, ours, Django's or a middleware's.
"""

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from .conf import conf
from .redaction import HIDDEN, redacted
from .setting_values import Secret

# Django hides the API key by its name, but not these: in the settings, and in the environment that servers pass on.
_HEADERS = re.compile("FETCH_HEADERS|WEBHOOK_HEADERS|COPYLEAKS_ALERTS|^ALERTS$", re.IGNORECASE)
# Shorter values, say in development, would strike out ordinary words.
_SHORTEST_SECRET = 8
# What may stand between the words of a value: what stood there, or what HTML, repr and pprint, which breaks long texts
# into several, have made of it.
_BETWEEN = r"(?:&#?\w{1,8};|\W)+"


class ExceptionReporterFilter(SafeExceptionReporterFilter):
    """Django's own filter. What this app hides is hidden by every filter; the name stays for projects that use it."""


def install() -> None:
    """Let Django's reporters and filters hide our secrets, and those that the project has set in their place.

    What they do is left to them: only what comes out of it is searched.
    """
    for kind in _classes(settings.DEFAULT_EXCEPTION_REPORTER, ExceptionReporter):
        for name in ("get_traceback_text", "get_traceback_html"):
            _wrap(kind, name, _hiding_in_report)
    for kind in _classes(settings.DEFAULT_EXCEPTION_REPORTER_FILTER, SafeExceptionReporterFilter):
        _wrap(kind, "cleanse_setting", _hiding_by_name)


def _classes(path: str, default: type) -> list[type]:
    """Return Django's class and the project's with all that it inherits from."""
    try:
        return [default, *import_string(path).__mro__]
    except (ImportError, AttributeError):  # Django says so when it needs the class.
        return [default]


def _wrap(kind: type, name: str, hiding: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    method = vars(kind).get(name)
    if method is None or getattr(method, "hides_secrets", False):
        return
    wrapped = functools.wraps(method)(hiding(method))
    wrapped.hides_secrets = True  # type: ignore[attr-defined]
    setattr(kind, name, wrapped)


def _hiding_in_report(method: Callable[..., str]) -> Callable[..., str]:
    def report(self: Any, *args: Any, **kwargs: Any) -> str:
        shown = method(self, *args, **kwargs)
        return type(shown)(_without_configured_secrets(redacted(shown)))

    return report


def _hiding_by_name(method: Callable[..., Any]) -> Callable[..., Any]:
    def cleanse(self: Any, key: Any, value: Any) -> Any:
        if isinstance(key, str) and _HEADERS.search(key):
            return SafeExceptionReporterFilter.cleansed_substitute
        return method(self, key, value)

    return cleanse


def _without_configured_secrets(text: str) -> str:
    for secret in _configured_secrets():
        words = re.findall(r"\w+", secret)
        if len("".join(words)) >= _SHORTEST_SECRET:
            text = re.sub(_BETWEEN.join(words), HIDDEN, text)
    return text


def _configured_secrets() -> Iterator[str]:
    sources: tuple[Callable[[], Any], ...] = (
        lambda: [("", conf.API_KEY)],
        lambda: [("", conf.METRICS_TOKEN)],
        lambda: conf.WEBHOOK_HEADERS,
        lambda: conf.FETCH_HEADERS,
        lambda: [("", conf.ALERTS.webhook)],
    )
    for configured in sources:
        try:
            pairs: tuple[tuple[str, Secret], ...] = configured()
        except ImproperlyConfigured:  # Said by a check; a report is no place to fail.
            continue
        if not callable(pairs):
            yield from (value.reveal() for _, value in pairs)
