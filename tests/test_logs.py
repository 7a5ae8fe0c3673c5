"""No log entry of the process shows a token: whoever writes it, whichever handler takes it, whatever is attached."""

import copy
import json
import logging
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any, NoReturn

import pytest
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory
from django.urls import resolve
from django.utils.functional import SimpleLazyObject
from gunicorn.glogging import SafeAtoms  # type: ignore[import-untyped, unused-ignore]
from uvicorn.logging import AccessFormatter

from django_copyleaks_image import logs
from django_copyleaks_image.scanning import addresses

SCAN_ID = "0b8f5a0e-6a55-4a4f-9f5e-0d1a6e0f7c11"
TOKEN = addresses.webhook_token(SCAN_ID)
PATH = f"/copyleaks/webhook/{SCAN_ID}/{TOKEN}/"
SHOWN = PATH.replace(TOKEN, "[hidden]")


def shown(value: object) -> str:
    """Return what is shown of a thing, without evaluating what is lazy."""
    return "lazy" if type(value) is SimpleLazyObject else repr(value)


class Everything(logging.Handler):
    """Keeps what a formatter for lines and one for JSON would write."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        attached = json.dumps(vars(record), default=shown)
        thrown = traceback.format_exception(record.exc_info[1]) if record.exc_info else []
        self.lines.append(self.format(copy.copy(record)) + attached + "".join(thrown))
        self.records.append(record)


@pytest.fixture
def handler() -> Iterator[Everything]:
    logger, handler = logging.getLogger("host.part"), Everything()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield handler
    logger.propagate = True
    logger.removeHandler(handler)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


class NoDictionary(dict[str, str]):
    def __copy__(self) -> "NoDictionary":
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "arguments",
    [
        (f"Not Found: {PATH}",),
        ("Not Found: %s", PATH),
        ("%(method)s %(path)s", {"method": "POST", "path": PATH}),
        ("%s", PurePosixPath(PATH)),
        ("%s", DisallowedHost(PATH)),
        (DisallowedHost(PATH),),
        ("%r", RequestFactory().post(PATH)),
        ("%s", PATH.encode()),
        ("/copyleaks/webhook/%s/%s/", SCAN_ID, TOKEN),
        ("%s", [{"url": PATH}]),
    ],
)
def test_message(handler: Everything, arguments: tuple[Any, ...]) -> None:
    logging.getLogger("host.part").warning(*arguments)

    (line,) = handler.lines
    assert TOKEN not in line
    assert "[hidden]" in line


def test_message_that_does_not_fit__is_printed_without_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    logger, handler = logging.getLogger("host.other"), logging.StreamHandler()
    logger.addHandler(handler)
    logger.propagate = False
    logger.warning("%s and %s", PATH)  # noqa: PLE1206 - logging prints what it was given
    logger.removeHandler(handler)

    assert "[hidden]" in (printed := capsys.readouterr().err)
    assert TOKEN not in printed


def test_attached(handler: Everything) -> None:
    request = RequestFactory().post(f"{PATH}?next={PATH}", headers={"Referer": f"https://photos.example.org{PATH}"})
    logging.getLogger("host.part").warning("Refused", extra={"request": request, "path": PATH, "raw": PATH.encode()})

    (line,), (record,) = handler.lines, handler.records
    seen: Any = record
    assert TOKEN not in line
    assert seen.request.path == SHOWN
    assert TOKEN not in str(vars(seen.request))
    assert seen.request.get_host() == "testserver"
    assert seen.request.resolver_match is None
    # The request itself goes on to its view as it came.
    assert request.path == PATH
    assert request.GET["next"] == PATH


def test_request_that_has_found_its_view(handler: Everything) -> None:
    request = RequestFactory().get("/")
    request.resolver_match = resolve(PATH)

    logging.getLogger("host.part").error("Refused", extra={"request": request})

    (record,) = handler.records
    attached: Any = record.__dict__["request"]
    assert TOKEN not in repr(attached.resolver_match)
    assert attached.resolver_match.url_name == "webhook"
    assert request.resolver_match.kwargs["token"] == TOKEN


def test_what_holds_a_request__does_not_print_it_as_it_was(handler: Everything) -> None:
    request: Any = RequestFactory().get(PATH)
    request.auser = partial(print, request)
    request._messages = CookieStorage(request)

    logging.getLogger("host.part").error("Refused", extra={"request": request})

    (record,) = handler.records
    assert TOKEN not in repr(vars(record.__dict__["request"]))
    assert request._messages.request is request


def test_body_of_a_request__is_not_searched(handler: Everything) -> None:
    request = RequestFactory().post(PATH, PATH, content_type="text/plain")
    body = request.body
    logging.getLogger("host.part").warning("Refused", extra={"request": request})

    seen: Any = handler.records[0]
    assert seen.request.path == SHOWN
    assert seen.request.body is body


def test_user_of_a_request__is_not_asked_for(handler: Everything) -> None:
    def evaluate() -> NoReturn:
        raise AssertionError("a query, while something is logged")

    request: Any = RequestFactory().post(PATH)
    request.user = SimpleLazyObject(evaluate)
    logging.getLogger("host.part").warning("Refused", extra={"request": request, "lazy": SimpleLazyObject(evaluate)})

    seen: Any = handler.records[0]
    assert seen.request.path == SHOWN
    assert seen.request.user is request.user


def test_request_without_a_token__is_attached_as_it_is(handler: Everything) -> None:
    request = RequestFactory().get("/gallery/")
    logging.getLogger("host.part").warning("Refused", extra={"request": request})

    seen: Any = handler.records[0]
    assert seen.request is request


@pytest.mark.parametrize("kind", ["itself", "cause", "context", "note", "group"])
def test_traceback(handler: Everything, kind: str) -> None:
    secret = ValueError(f"no view for {PATH}")
    try:
        if kind == "itself":
            raise secret
        if kind == "cause":
            raise LookupError("refused") from secret
        if kind == "note":
            secret = ValueError("refused")
            secret.add_note(f"at {PATH}")
            raise secret
        if kind == "group":
            raise ExceptionGroup("several", [secret])
        try:
            raise secret
        except ValueError:
            raise LookupError("refused")  # noqa: B904 - what happened while it was handled
    except Exception:
        logging.getLogger("host.part").exception("Failed")

    (line,), (record,) = handler.lines, handler.records
    assert TOKEN not in line
    assert "[hidden]" in line
    assert "test_traceback" in line
    assert record.exc_info
    assert record.exc_info[0]
    name = {"cause": "LookupError", "context": "LookupError", "group": "ExceptionGroup"}.get(kind, "ValueError")
    assert record.exc_info[0].__name__ == name


def test_causes_that_go_round_in_a_circle__come_to_an_end(handler: Everything) -> None:
    one, other = ValueError("one"), ValueError(f"other at {PATH}")
    one.__cause__, other.__context__ = other, one
    logging.getLogger("host.part").error("Failed", exc_info=one)

    (line,) = handler.lines
    assert TOKEN not in line


def test_traceback_without_a_token__is_left_alone(handler: Everything) -> None:
    try:
        raise Unprintable
    except Unprintable:
        logging.getLogger("host.part").exception("Failed")

    (record,) = handler.records
    assert record.exc_info
    assert record.exc_info[0] is Unprintable


def test_entry_that_cannot_be_searched__is_logged_without_it(handler: Everything) -> None:
    logging.getLogger("host.part").warning("Refused", extra={"odd": NoDictionary(path=PATH)})

    (line,) = handler.lines
    assert TOKEN not in line
    assert "Refused" in line


@pytest.mark.parametrize(
    "address",
    [
        "redis://user:hush-hush@cache.example.org:6379/0",
        "redis://:hush-hush@cache.example.org",
        "https://user:hush@hush-hush@proxy.example.org:3128",
        "https://media.example.org/a.jpg?X-Amz-Credential=hush-hush&X-Amz-Signature=hush-hush&X-Amz-Expires=60",
        "/a.jpg?sv=2024&sig=hush-hush",
    ],
)
def test_credentials_in_what_others_say__are_hidden_where_we_quote_it(handler: Everything, address: str) -> None:
    ours = logging.getLogger("django_copyleaks_image.scanning.submit")
    ours.addHandler(handler)
    try:
        raise OSError(f"Cannot reach {address} (timed out)")
    except OSError as error:
        ours.warning("Scan: %s", error, exc_info=True)
        logging.getLogger("host.part").warning("Scan: %s", error)
    finally:
        ours.removeHandler(handler)

    quoted, others = handler.lines
    assert "hush" not in quoted
    assert "(timed out)" in quoted
    assert address in others


def test_access_log_of_gunicorn(handler: Everything) -> None:
    atoms = SafeAtoms({"h": "127.0.0.1", "r": f"POST {PATH} HTTP/1.1", "U": PATH, "{raw_uri}e": PATH, "s": 404})
    logging.getLogger("host.part").info('%(h)s "%(r)s" %(s)s %(U)s %({raw_uri}e)s %({absent}i)s', atoms)

    (line,) = handler.lines
    assert TOKEN not in line
    assert f'127.0.0.1 "POST {SHOWN} HTTP/1.1" 404 {SHOWN} {SHOWN} -' in line


def test_access_log_of_uvicorn(handler: Everything) -> None:
    logging.getLogger("host.part").info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", PATH, "1.1", 404)

    line = AccessFormatter('%(client_addr)s "%(request_line)s" %(status_code)s', use_colors=False).format(
        handler.records[0]
    )
    assert line == f'127.0.0.1:1 "POST {SHOWN} HTTP/1.1" 404 Not Found'


def test_configuration_and_records_of_the_project__change_nothing(handler: Everything) -> None:
    previous = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    try:
        late = logging.getLogger("host.part.made.later")
        late.warning(PATH)
        logging.getLogger("host.part").handle(logging.makeLogRecord({"msg": PATH, "levelno": logging.ERROR}))
    finally:
        logging.setLogRecordFactory(previous)

    assert len(handler.lines) == 2
    assert TOKEN not in "".join(handler.lines)


def test_installing_twice__is_installing_once(handler: Everything) -> None:
    installed = logging.Logger.handle
    logs.install()
    assert logging.Logger.handle is installed

    logging.getLogger("host.part").warning("once")
    assert len(handler.lines) == 1
