"""The loop of the worker; what it does with a scan is tested in ``scanning/``."""

from concurrent.futures import Future

import pytest

from django_copyleaks_image.models import AccountState
from django_copyleaks_image.worker import Worker


def test_all_threads_busy__the_first_that_ends_is_given_more_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(threads=1, poll_seconds=0.01)
    busy: Future[None] = Future()
    worker._busy = {busy}
    slept: list[float] = []
    monkeypatch.setattr(worker._stop, "wait", slept.append)

    worker._wait(0)
    busy.set_result(None)
    worker._wait(0)

    assert slept == []


def test_nothing_to_claim__waits_for_the_next_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(threads=2, poll_seconds=0.01)
    worker._busy = {Future()}
    slept: list[float] = []
    monkeypatch.setattr(worker._stop, "wait", slept.append)

    worker._wait(0)

    assert slept == [0.01]


@pytest.mark.django_db(transaction=True)
def test_once__shows_that_somebody_works() -> None:
    Worker(threads=1, poll_seconds=0.01).run_once()

    assert AccountState.objects.get().worker_seen_at is not None
