"""Submissions leave at the account's rate, as the vendor counts them, also when some of them leave late."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from django_copyleaks_image.copyleaks.errors import RateLimitError
from django_copyleaks_image.models import AccountState
from django_copyleaks_image.scanning import account, rate, submit
from tests.samples import photo

from .fake_provider import Provider

pytestmark = pytest.mark.django_db(transaction=True)

WINDOW = rate.LATE_SPACING


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the departures, which waiting moves on."""
    now = [1000.0]

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return now[0]

    class Condition:
        def __enter__(self) -> None:
            return None

        def __exit__(self, *_: object) -> None:
            return None

        def wait(self, timeout: float) -> None:
            now[0] += max(timeout, 0.001)

        def notify_all(self) -> None:
            return None

    monkeypatch.setattr(rate, "time", Clock)
    monkeypatch.setattr(threading, "Condition", Condition)
    return now


def test_calls__leave_no_more_of_them_at_once_than_the_limit(seconds: list[float]) -> None:
    departures, left = rate._Departures(), []
    for _ in range(25):
        with departures.one_more(10) as has_left:
            has_left()
            left.append(seconds[0])

    assert left[9] == 1000
    assert all(later - earlier >= WINDOW - 1e-6 for earlier, later in zip(left, left[10:], strict=False))


def test_call_that_leaves_late__counts_from_when_it_has_left(seconds: list[float]) -> None:
    departures = rate._Departures()
    with departures.one_more(2) as has_left:
        seconds[0] += 0.7  # A busy machine, or a new connection.
        has_left()
    with departures.one_more(2):
        pass
    with departures.one_more(2):
        assert seconds[0] == pytest.approx(1000.7 + WINDOW)


def test_call_that_has_left__may_be_on_its_way_for_a_moment(seconds: list[float]) -> None:
    departures = rate._Departures()
    with departures.one_more(1) as has_left:
        has_left()
        with departures.one_more(1):
            assert seconds[0] == pytest.approx(1000 + rate.JITTER + WINDOW)


def call_answered_after(taken: float, departures: rate._Departures, seconds: list[float]) -> float:
    """Let a call leave at once and be answered; return when it left."""
    with departures.one_more(1) as has_left:
        has_left()
        left_at = seconds[0]
        seconds[0] += taken
    return left_at


@pytest.mark.parametrize("fastest", [0.0, 0.25])
def test_call_that_was_answered__counts_from_when_it_arrived_at_the_latest(
    seconds: list[float], fastest: float
) -> None:
    departures = rate._Departures()
    call_answered_after(fastest, departures, seconds)

    # What answers always take is no reason to wait, but this one took longer: it may have arrived later.
    left_at = call_answered_after(fastest + 0.02, departures, seconds)

    assert call_answered_after(fastest, departures, seconds) == pytest.approx(left_at + 0.02 + WINDOW)


def test_answer_that_is_late_for_once__tells_of_a_call_that_was(seconds: list[float]) -> None:
    departures = rate._Departures()
    for _ in range(rate.ANSWERS):
        call_answered_after(0.25, departures, seconds)

    left_at = call_answered_after(0.45, departures, seconds)

    assert call_answered_after(0.25, departures, seconds) == pytest.approx(left_at + 0.2 + WINDOW)


def test_answers_that_vary__say_little_about_the_way(seconds: list[float]) -> None:
    departures = rate._Departures()
    call_answered_after(0.1, departures, seconds)
    left_at = call_answered_after(0.9, departures, seconds)

    assert call_answered_after(0.1, departures, seconds) == pytest.approx(left_at + rate.JITTER + WINDOW)


def test_busy_machine__gets_no_call_refused(seconds: list[float]) -> None:
    departures, arrived = rate._Departures(), []
    # Of a machine whose two cores had nine times as much to do, in milliseconds: to leave, to arrive, to be answered.
    taken = random.Random(10)
    for _ in range(600):
        with departures.one_more(10) as has_left:
            seconds[0] += taken.choice((1, 2, 12, 35)) / 1000
            has_left()
            seconds[0] += taken.choice((1, 1, 20, 30, 90, 340)) / 1000
            arrived.append(seconds[0])
            seconds[0] += taken.choice((0, 5)) / 1000

    # As the vendor counts them.
    assert [later for earlier, later in zip(arrived, arrived[10:], strict=False) if later - earlier < 1] == []


def test_answers_that_have_become_slower__are_no_reason_to_wait_for_long(seconds: list[float]) -> None:
    departures = rate._Departures()
    call_answered_after(0.01, departures, seconds)
    for _ in range(rate.ANSWERS):
        left_at = call_answered_after(0.3, departures, seconds)

    assert call_answered_after(0.3, departures, seconds) == pytest.approx(left_at + WINDOW)


def test_steady_answers__cost_no_more_than_the_window(seconds: list[float]) -> None:
    departures = rate._Departures()
    left = [call_answered_after(0.25, departures, seconds) for _ in range(11)]

    assert left[10] - left[0] == pytest.approx(10 * WINDOW)


def test_call_that_is_still_leaving__keeps_its_place(seconds: list[float]) -> None:
    departures = rate._Departures()
    with departures.one_more(1), departures.one_more(1):
        # It does not wait for ever for one that does not get away.
        assert seconds[0] == pytest.approx(1000 + rate.PATIENCE + WINDOW, abs=0.1)


@pytest.mark.parametrize(("limit", "second"), [(0.5, 2 * WINDOW), (2.5, 0.0)])
def test_limit_that_is_no_whole_number(seconds: list[float], limit: float, second: float) -> None:
    departures = rate._Departures()
    for _ in range(2):
        with departures.one_more(limit):
            pass

    assert seconds[0] == pytest.approx(1000 + second)


def test_slots_that_nobody_took__are_not_made_up_for(configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=1)
    account.state()
    AccountState.objects.update(next_slot_at=timezone.now() - timedelta(hours=1))

    assert rate.reserve_slot(within=timedelta(minutes=1)) == (timedelta(0), True)
    wait, is_ours = rate.reserve_slot(within=timedelta(minutes=1))

    assert is_ours
    assert wait > timedelta(seconds=0.5)


def test_slot_that_is_too_far_away__is_left_alone(configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=1)
    account.state()
    next_slot = timezone.now() + timedelta(seconds=5)
    AccountState.objects.update(next_slot_at=next_slot)

    wait, is_ours = rate.reserve_slot(within=timedelta(seconds=3))

    assert (is_ours, wait > timedelta(seconds=3)) == (False, True)
    assert account.state().next_slot_at == next_slot


def test_refusal_for_the_rate__slows_everybody_down_and_wears_off(configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=10)
    account.heartbeat()
    rate.slow_down(None)

    wait, _ = rate.reserve_slot(within=timedelta(minutes=1))
    assert timedelta(seconds=0.5) < wait <= rate.REST
    assert apart() == pytest.approx(0.1 * rate.SPACING * rate.SLOWER, abs=0.01)

    AccountState.objects.update(slowed_at=timezone.now() - rate.RECOVERY / 2)
    assert apart() == pytest.approx(0.1 * rate.SPACING * (1 + (rate.SLOWER - 1) / 2), abs=0.01)
    AccountState.objects.update(slowed_at=timezone.now() - 2 * rate.RECOVERY)
    assert apart() == pytest.approx(0.1 * rate.SPACING, abs=0.01)


def apart() -> float:
    """Return how far apart the next two slots are."""
    slots = []
    for _ in range(2):
        assert rate.reserve_slot(within=timedelta(minutes=1))[1]
        slots.append(account.state().next_slot_at)
    first, second = slots
    assert first is not None
    assert second is not None
    return (second - first).total_seconds()


def test_refusals_at_once__are_one_and_later_ones_add_up(configure: Callable[..., None]) -> None:
    account.heartbeat()
    for _ in range(5):
        rate.slow_down(None)
    assert account.state().slowdown == pytest.approx(rate.SLOWER, abs=0.01)

    for _ in range(20):
        AccountState.objects.update(slowed_at=timezone.now() - rate.AT_ONCE)
        rate.slow_down(None)
    assert 0.9 * rate.SLOWEST < account.state().slowdown <= rate.SLOWEST


@pytest.mark.parametrize(("asked", "rest"), [(5.0, 5.0), (3600.0, rate.LONGEST_REST.total_seconds())])
def test_rest_that_the_vendor_asks_for__is_kept_by_all_within_reason(asked: float, rest: float) -> None:
    account.heartbeat()
    rate.slow_down(asked)

    wait, _ = rate.reserve_slot(within=timedelta(0))
    assert wait.total_seconds() == pytest.approx(rest, abs=1)


def test_submission_that_is_refused_for_the_rate__slows_down(provider: Provider) -> None:
    provider.fail_next([RateLimitError()])
    photo()
    for scan in submit.claim(5):
        submit.work_on(scan)

    assert account.state().slowdown > 1


def test_time_that_the_database_takes__is_not_waited_for_once_more(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(RATE_LIMIT=1)
    account.heartbeat()
    rate.reserve_slot(within=timedelta(minutes=1))
    next_slot_at = account.state().next_slot_at
    pace = rate._pace

    def slow_pace(*arguments: object) -> object:
        time.sleep(0.3)
        return pace(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rate, "_pace", slow_pace)
    wait, _ = rate.reserve_slot(within=timedelta(minutes=1))

    assert next_slot_at is not None
    assert wait <= next_slot_at - timezone.now() + timedelta(seconds=0.1)


def apart_from_the_following(
    *, noted_by_this_process: bool, ahead: timedelta, monkeypatch: pytest.MonkeyPatch
) -> timedelta:
    """Return how far apart a slot that lies so far ahead and the following one are."""
    seen = timezone.now() + ahead
    account.state()
    AccountState.objects.update(next_slot_at=seen)
    monkeypatch.setattr(rate, "_noted", seen if noted_by_this_process else seen - timedelta(seconds=9))
    _, reserved = rate.reserve_slot(within=timedelta(minutes=1))
    following = account.state().next_slot_at
    assert reserved
    assert following is not None
    return following - max(seen, timezone.now())


NEARLY = timedelta(seconds=0.03)


@pytest.mark.parametrize(("is_ours", "spacing"), [(True, rate.SPACING), (False, rate.SPACING_BETWEEN_PROCESSES)])
def test_slots_that_other_processes_take_as_well__are_further_apart(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch, is_ours: bool, spacing: float
) -> None:
    configure(RATE_LIMIT=2)

    found = apart_from_the_following(noted_by_this_process=is_ours, ahead=timedelta(seconds=5), monkeypatch=monkeypatch)

    assert found == timedelta(seconds=spacing / 2)


@pytest.mark.parametrize(
    ("ahead", "late"),
    [
        (rate.HEAD_START + timedelta(seconds=1), timedelta(0)),  # Prepared when its slot comes.
        (timedelta(seconds=-0.5), timedelta(seconds=rate.SPACING / 10)),
        (timedelta(seconds=-2), rate.HEAD_START),  # Connections are cold.
    ],
)
def test_call_without_a_head_start__may_leave_late(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch, ahead: timedelta, late: timedelta
) -> None:
    configure(RATE_LIMIT=10)

    found = apart_from_the_following(noted_by_this_process=True, ahead=ahead, monkeypatch=monkeypatch)

    assert abs(found - timedelta(seconds=rate.SPACING / 10) - late) < NEARLY


def test_first_call_of_a_process__may_leave_late(
    configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(RATE_LIMIT=100)
    account.state()
    AccountState.objects.update(next_slot_at=timezone.now())
    monkeypatch.setattr(rate, "_noted", None)

    rate.reserve_slot(within=timedelta(minutes=1))
    wait, _ = rate.reserve_slot(within=timedelta(minutes=1))

    assert wait > rate.HEAD_START - NEARLY


def test_departures__of_threads_that_wait_at_once() -> None:
    departures, left = rate._Departures(), []
    lock = threading.Lock()

    def leave() -> None:
        with departures.one_more(20) as has_left, lock:
            left.append(time.monotonic())
            has_left()

    threads = [threading.Thread(target=leave) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert left[20] - left[0] >= 1
