"""How often a scan is tried: every error counts, and those of no known class run out sooner."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from django_copyleaks_image.copyleaks.errors import CopyleaksError, RateLimitError, TransientError, UnknownError
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import submit
from tests.samples import only_scan, photo

pytestmark = pytest.mark.django_db(transaction=True)

BUSY, DOWN, ODD = RateLimitError(), TransientError(code=16), UnknownError()


@pytest.fixture
def attempt(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], ImageScan]:
    """Let the next attempt fail with an error, and return the scan after it."""

    def fail(error: Exception) -> ImageScan:
        def work(*args: Any) -> None:
            raise error

        monkeypatch.setattr(submit, "_work_on", work)
        ImageScan.objects.filter(status=Status.QUEUED).update(next_attempt_at=timezone.now() - timedelta(seconds=1))
        for scan in submit.claim(1):
            submit.work_on(scan)
        return only_scan()

    photo()
    return fail


def test_errors_of_no_known_class__run_out_sooner(
    attempt: Callable[[Exception], ImageScan], configure: Callable[..., None]
) -> None:
    configure(MAX_ATTEMPTS={"transient": 9, "unknown": 3})

    statuses = [attempt(ODD).status for _ in range(3)]

    assert statuses == [Status.QUEUED, Status.QUEUED, Status.FAILED]
    assert (only_scan().error_code, only_scan().attempts) == (ODD.slug, 3)


def test_errors_of_no_known_class__are_counted_apart_from_those_that_pass(
    attempt: Callable[[Exception], ImageScan], configure: Callable[..., None]
) -> None:
    configure(MAX_ATTEMPTS={"transient": 30, "unknown": 2})
    for error in (DOWN, BUSY, DOWN, BUSY, RuntimeError("A bug.")):
        assert attempt(error).status == Status.QUEUED

    assert attempt(ODD).status == Status.QUEUED
    assert (only_scan().attempts, only_scan().unclassified_attempts) == (6, 1)
    assert attempt(DOWN).status == Status.QUEUED
    assert attempt(ODD).status == Status.FAILED


@pytest.mark.parametrize("last", [DOWN, ODD])
def test_all_errors_together__run_out(
    last: CopyleaksError, attempt: Callable[[Exception], ImageScan], configure: Callable[..., None]
) -> None:
    configure(MAX_ATTEMPTS={"transient": 4, "unknown": 3})
    for error in (ODD, DOWN, DOWN):
        assert attempt(error).status == Status.QUEUED

    assert attempt(last).status == Status.FAILED
