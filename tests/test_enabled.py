"""The switch for the tests of a project: with ``ENABLED`` off, a save costs what it costs without the app."""

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image import receivers
from django_copyleaks_image.api import request_scan
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import reconcile, submit
from tests.gallery.models import Listing
from tests.samples import only_scan, photo, upload

pytestmark = pytest.mark.django_db

INLINE = "django_copyleaks_image.dispatch.inline"


def words(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"].split()[0] for query in queries.captured_queries]


def test_off__a_save_and_a_deletion_run_no_statement_and_leave_nothing_for_the_commit(
    configure: Callable[..., None], watch: Callable[..., None]
) -> None:
    watch(Listing, "front")
    configure(ENABLED=False, DISPATCHER=INLINE)

    with CaptureQueriesContext(connection) as queries, TestCase.captureOnCommitCallbacks() as callbacks:
        saved = Listing(front=upload())
        saved.save()
        saved.front = upload("other.jpg")
        saved.save()
        saved.delete()

    assert words(queries) == ["INSERT", "UPDATE", "DELETE"]
    assert callbacks == []
    assert not ImageScan.objects.exists()


def test_off__the_worker_submits_nothing_and_looks_for_nothing(configure: Callable[..., None]) -> None:
    photo()
    configure(ENABLED=False)
    reconcile.reconcile()
    photo("other.jpg")

    assert submit.claim(10) == []
    assert reconcile.reconcile() == 0
    assert only_scan().status == Status.QUEUED


def test_off__what_is_asked_for_wakes_nobody(configure: Callable[..., None]) -> None:
    configure(ENABLED=False, DISPATCHER=INLINE)

    with TestCase.captureOnCommitCallbacks(execute=True) as callbacks:
        request_scan(photo(), "image")

    assert callbacks == []
    assert only_scan().status == Status.QUEUED


def test_on_again__saves_are_followed(configure: Callable[..., None]) -> None:
    configure(ENABLED=False)
    assert receivers._watched == {}

    configure(ENABLED=True)
    photo()

    assert only_scan().status == Status.QUEUED


@pytest.mark.parametrize("text", ["off", "false", "0"])
def test_off_by_the_environment__as_a_command_is_started(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPYLEAKS_ENABLED", text)
    receivers._reconnect()
    try:
        photo()
        assert not ImageScan.objects.exists()
    finally:
        monkeypatch.undo()
        receivers._reconnect()


def test_value_that_is_wrong__switches_nothing_off(configure: Callable[..., None]) -> None:
    configure(ENABLED="no")

    photo()

    assert only_scan().status == Status.QUEUED


@pytest.mark.parametrize(("dispatcher", "left"), [("django_copyleaks_image.dispatch.outbox", 0), (INLINE, 1)])
def test_commit__has_nothing_to_do_where_nobody_is_to_be_woken(
    dispatcher: str, left: int, configure: Callable[..., None]
) -> None:
    configure(DISPATCHER=dispatcher)

    with transaction.atomic(), TestCase.captureOnCommitCallbacks() as callbacks:
        photo()

    assert len(callbacks) == left
