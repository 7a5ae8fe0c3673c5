"""What Copyleaks may answer besides the usual, through real sockets: site, emulator, and the worker in this process."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta, timezone
from typing import Any

import pytest

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.emulator.accounts import Account
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.worker import Worker
from tests.samples import only_scan, photo, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

Start = Callable[..., Emulator]


@pytest.fixture
def start(live_server: Any, configure: Callable[..., None]) -> Iterator[Start]:
    """Start an emulator with the given options, and configure the site for it."""
    with ExitStack() as running:

        def start(**options: Any) -> Emulator:
            emulator = running.enter_context(Emulator(latency=0.0, **options))
            configure(API_URL=emulator.url, ID_URL=emulator.url, PUBLIC_URL=live_server.url, RATE_LIMIT=1000)
            return emulator

        yield start


def work() -> None:
    Worker(threads=1, poll_seconds=0.05).run_once()


def work_until_finished(count: int = 1, *, within: float = 20.0) -> list[ImageScan]:
    deadline = time.monotonic() + within
    while ImageScan.objects.filter(finished_at__isnull=False).count() < count:
        assert time.monotonic() < deadline, list(ImageScan.objects.values("status", "error_code", "error_message"))
        work()
        time.sleep(0.02)
    return list(ImageScan.objects.select_related("result").order_by("pk"))


@pytest.mark.parametrize("form", ["", "-date"])
def test_next_try__waits_for_as_long_as_it_was_asked_to(form: str, start: Start) -> None:
    tries: list[float] = []

    def note(line: str) -> None:
        if " async " in line:
            tries.append(time.time())

    # Longer than the one to two seconds after which the first retry would come by itself.
    start(retry_after=3, passing_tries=1, log=note)
    photo(f"fault-status-429-retry-after{form}.jpg")

    (scan,) = work_until_finished()

    assert scan.status == Status.COMPLETED
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 3


def test_acceptance_with_an_empty_body__is_an_acceptance(start: Start) -> None:
    emulator = start()
    photo("ai-37-fault-empty-201.jpg")

    (scan,) = work_until_finished()

    (entry,) = emulator.ledger.entries()
    assert (scan.status, scan.attempts, entry.tries) == (Status.COMPLETED, 1, 1)


def test_share_that_does_not_agree_with_the_mask__is_never_a_reason_to_reject(start: Start) -> None:
    start()
    photo("ai-5-fault-mask-mismatch.jpg")

    (scan,) = work_until_finished()

    assert scan.result is not None
    assert (scan.result.ai_ratio, scan.verdict) == (0.7, "mostly_ai")
    assert scan.result.read_mask().area / 640**2 == pytest.approx(0.05, abs=0.001)


def test_metadata_that_somebody_else_wrote__are_stored_as_harmless_text(start: Start) -> None:
    start()
    photo("ai-5-fault-metadata-hostile.jpg")

    (scan,) = work_until_finished()

    assert scan.result is not None
    assert scan.result.metadata["issuedBy"] == "<script>alert(1)</script>[2J"
    assert len(scan.result.metadata["contentSummary"]) == 2000


def test_code_that_no_list_has__is_tried_again(start: Start) -> None:
    start()
    photo("fault-error-code-99.jpg")

    work()

    scan = only_scan()
    assert (scan.status, scan.error_code, scan.unclassified_attempts) == (Status.QUEUED, "code_99", 1)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("error-type-payment", "payment_required"), ("error-type-authentication", "authentication_failed")],
)
def test_type_without_a_code__pauses_the_account(
    fault: str, reason: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    monkeypatch.setattr(Account, "credits_left", 0)
    photo(f"fault-{fault}.jpg")

    work()

    assert AccountState.objects.get().pause_reason == reason
    assert only_scan().status == Status.QUEUED


@pytest.mark.parametrize(("hours", "lifetime", "is_reused"), [(-5, 3600, True), (5, 240, False)])
def test_token__whose_end_is_stated_with_an_offset(hours: int, lifetime: int, is_reused: bool, start: Start) -> None:
    emulator = start(utc_offset=timezone(timedelta(hours=hours)), token_lifetime=lifetime)

    for number in range(2):
        photo("meadow.jpg", picture(colour=(number * 30, 0, 0)))
        work_until_finished(number + 1)

    # Read without its offset, the first would count as expired, and the second as good for hours.
    assert (emulator.ledger.counted("login") == 1) is is_reused


@pytest.mark.parametrize(
    ("fault", "code", "pauses"),
    [
        ("login-refused-capital", "authentication_failed", True),
        ("login-error-code-32", "too_many_failed_logins", True),
        ("login-status-503", "temporarily_unavailable", False),
        ("login-status-429-retry-after", "rate_limited", False),
        ("login-hang", "timeout", False),
        ("login-reset", "connection_failed", False),
    ],
)
def test_login_that_fails__sends_nothing_and_fails_nothing(
    fault: str, code: str, pauses: bool, start: Start, configure: Callable[..., None]
) -> None:
    emulator = start(hang=2)
    configure(EMAIL=f"photos-fault-{fault}@example.org", TIMEOUT=[1, 0.3])
    photo("meadow.jpg")

    work()

    scan = only_scan()
    assert (scan.status, scan.error_code, scan.may_have_arrived) == (Status.QUEUED, code, False)
    assert (AccountState.objects.get().paused_at is not None) is pauses
    assert emulator.ledger.entries() == []
