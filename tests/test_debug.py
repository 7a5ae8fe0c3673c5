"""Error reports, as mails and on debug pages, show no token, key or header value, whoever makes them."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import django
import pytest
from django.core import mail
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.log import AdminEmailHandler
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from django_copyleaks_image import debug
from django_copyleaks_image.scanning import addresses

from .settings import COPYLEAKS_IMAGE

SCAN_ID = "0b8f5a0e-6a55-4a4f-9f5e-0d1a6e0f7c11"
TOKEN = addresses.webhook_token(SCAN_ID)
PATH = f"/copyleaks/webhook/{SCAN_ID}/{TOKEN}/"
HEADER = 'it\'s <a> long & "odd" value of 1 header ' + "with many words " * 6
API_KEY = str(COPYLEAKS_IMAGE["API_KEY"])
SECRETS = (TOKEN, API_KEY, "many words")


class HostsReporter(ExceptionReporter):
    """Builds its report without asking Django's."""

    def get_traceback_text(self) -> SafeString:
        assert self.request
        return SafeString(f"{self.request.get_full_path()} of our own")


class HostsFilter(SafeExceptionReporterFilter):
    def cleanse_setting(self, key: Any, value: Any) -> Any:
        return "ours" if key == "OURS" else value


class RogueFilter:
    """Fulfils Django's interface without inheriting from it."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        return value


@pytest.fixture
def secretive(configure: Callable[..., None], settings: Any) -> None:
    settings.ADMINS = ["anna@example.org"] if django.VERSION >= (6, 0) else [("Anna", "anna@example.org")]
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    configure(WEBHOOK_HEADERS=[["X-Endpoint", HEADER]], FETCH_HEADERS=[["X-Gate", HEADER], ["X-Flag", "1"]])


@pytest.fixture
def mails() -> Iterator[Callable[[], str]]:
    """Return all that was mailed to the admins so far, by a handler that shows local variables."""
    logger, handler = logging.getLogger("host.requests"), AdminEmailHandler(include_html=True)
    logger.addHandler(handler)
    yield lambda: "\n".join(
        f"{message.subject}\n{message.body}\n" + "\n".join(str(part[0]) for part in message.alternatives)
        for message in mail.outbox
        if hasattr(message, "alternatives")
    )
    logger.removeHandler(handler)


def failing(request: HttpRequest) -> None:
    path, token, scope = request.path, TOKEN, {"path": request.path, "raw_path": request.path.encode()}
    key, value, headers = API_KEY, HEADER, [("X-Endpoint", HEADER)]
    raise RuntimeError(f"failed at {path}", bool(token and scope and key and value and headers))


def report_of(request: HttpRequest) -> ExceptionReporter:
    try:
        failing(request)
    except RuntimeError as error:
        return ExceptionReporter(request, type(error), error, error.__traceback__)
    raise AssertionError


def request() -> HttpRequest:
    return RequestFactory().post(
        f"{PATH}?next={PATH}", headers={"X-Endpoint": HEADER, "Referer": PATH}, REQUEST_URI=PATH, RAW_URI=PATH
    )


@pytest.mark.usefixtures("secretive")
@pytest.mark.parametrize("debugging", [False, True])
def test_report(debugging: bool, settings: Any) -> None:
    settings.DEBUG = debugging
    reporter = report_of(request())
    text, html = reporter.get_traceback_text(), reporter.get_traceback_html()

    assert isinstance(html, SafeString)
    assert "scope" in html
    assert "RuntimeError" in text
    assert [secret for secret in SECRETS if secret in text or secret in html] == []
    # The flag is too short to be a secret, and anything may contain it.
    assert "127.0.0.1" in html
    assert settings.COPYLEAKS_IMAGE["EMAIL"] in html


@pytest.mark.usefixtures("secretive")
def test_mail(mails: Callable[[], str]) -> None:
    try:
        failing(request())
    except RuntimeError:
        logging.getLogger("host.requests").exception("Internal: %s", PATH, extra={"request": request()})
    logging.getLogger("host.requests").error("Unavailable: %s", PATH, extra={"request": request()})

    assert len(mail.outbox) == 2
    assert "Traceback" in mails()
    assert [secret for secret in SECRETS if secret in mails()] == []


@pytest.mark.usefixtures("secretive")
def test_reporter_of_the_project__is_kept_and_searched(settings: Any) -> None:
    settings.DEFAULT_EXCEPTION_REPORTER = f"{__name__}.HostsReporter"
    debug.install()

    assert HostsReporter(request(), None, None, None).get_traceback_text() == (
        f"{PATH}?next={PATH} of our own".replace(TOKEN, "[hidden]")
    )


@pytest.mark.parametrize("kind", [HostsFilter, RogueFilter])
def test_filter_of_the_project__is_kept_and_hides_headers(kind: type[Any], settings: Any) -> None:
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = f"{__name__}.{kind.__name__}"
    debug.install()
    found = kind()

    assert found.cleanse_setting("WEBHOOK_HEADERS", [["X-Endpoint", HEADER]]) != [["X-Endpoint", HEADER]]
    assert found.cleanse_setting("OURS", "x") == ("ours" if kind is HostsFilter else "x")


def test_class_that_is_not_there__is_left_to_django(settings: Any) -> None:
    settings.DEFAULT_EXCEPTION_REPORTER = "nowhere.Reporter"
    settings.DEFAULT_EXCEPTION_REPORTER_FILTER = "nonsense"

    debug.install()


def test_installing_twice__is_installing_once() -> None:
    method = ExceptionReporter.get_traceback_text
    debug.install()

    assert ExceptionReporter.get_traceback_text is method


@pytest.mark.parametrize("key", ["FETCH_HEADERS", "WEBHOOK_HEADERS"])
def test_settings__as_debugging_tools_show_them(key: str, configure: Callable[..., None]) -> None:
    configure(**{key: [["X-Endpoint", HEADER]]})
    shown = SafeExceptionReporterFilter().get_safe_settings()["COPYLEAKS_IMAGE"]

    assert "many words" not in str(shown)
    assert shown["EMAIL"] == COPYLEAKS_IMAGE["EMAIL"]
    environment = SafeExceptionReporterFilter().cleanse_setting(f"COPYLEAKS_{key}", HEADER)
    assert environment == SafeExceptionReporterFilter.cleansed_substitute


def test_headers_that_are_made_for_each_scan__are_left_out(configure: Callable[..., None]) -> None:
    configure(FETCH_HEADERS="django_copyleaks_image.scanning.addresses.media_token")

    assert API_KEY not in report_of(request()).get_traceback_html()


def test_setting_that_is_wrong__hides_the_others_all_the_same(configure: Callable[..., None]) -> None:
    configure(WEBHOOK_HEADERS="nonsense")

    assert API_KEY not in report_of(request()).get_traceback_html()
