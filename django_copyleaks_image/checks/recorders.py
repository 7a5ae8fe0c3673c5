"""Checks of what records requests beside this app: whether the secrets in our addresses would be kept there."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning  # noqa: A004 - Django's names
from django.http import HttpRequest

from django_copyleaks_image.redaction import MARK

from .registering import PREFIX, register

# An address that is none: of no scan, and signed by nobody.
_TOKEN = f"{MARK}{'x' * 43}"
_PATH = f"/copyleaks/webhook/00000000-0000-4000-8000-000000000000/{_TOKEN}/"


@register(Tags.security)
def check_recorders(**kwargs: Any) -> list[CheckMessage]:
    """Check that Sentry and django-silk, where they are in use, are given our filters, or some that do the same."""
    return [
        Warning(
            f"{package} would keep the addresses of our endpoints, which are secrets: who reads it could send results.",
            hint=f"Set {name} of django_copyleaks_image.recorders as {where}, or call it in your own.",
            id=f"{PREFIX}.W063",
        )
        for package, name, where in (*_sentry(), *_silk())
    ]


def _sentry() -> Iterator[tuple[str, str, str]]:
    """Yield what is missing of the client that the project has made by now; one without an address sends nothing."""
    sentry = sys.modules.get("sentry_sdk")
    client = sentry.get_client() if sentry is not None and hasattr(sentry, "get_client") else None
    if client is None or not client.is_active() or not client.options.get("dsn"):
        return
    traces = client.options.get("traces_sample_rate") or client.options.get("traces_sampler")
    for name in ("before_send", *(["before_send_transaction"] if traces else [])):
        if _lets_through(client.options.get(name)):
            yield "Sentry", name, f"{name} of sentry_sdk.init()"


def _lets_through(hide: Callable[[Any, Any], Any] | None) -> bool:
    event = {"request": {"url": f"https://photos.example.org{_PATH}", "method": "POST"}}
    try:
        left = event if hide is None else hide(event, {})
    except Exception:  # noqa: BLE001 - a function of the project's own that expects more of an event
        return False
    return _TOKEN in str(left)


def _silk() -> Iterator[tuple[str, str, str]]:
    if "silk.middleware.SilkyMiddleware" not in settings.MIDDLEWARE:
        return
    request = HttpRequest()
    request.method, request.path, request.path_info = "POST", _PATH, _PATH
    intercepts = getattr(settings, "SILKY_INTERCEPT_FUNC", None)
    try:
        is_kept = intercepts is None or intercepts(request)
    except Exception:  # noqa: BLE001 - as above
        return
    if is_kept:
        yield "django-silk", "silk_intercepts", "SILKY_INTERCEPT_FUNC"
