"""What is wrong is told once while it lasts, whoever notices it, and what is over is over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError
from django.utils import timezone

from django_copyleaks_image.alerts import channels, incidents, noticing, rounds
from django_copyleaks_image.models import AccountState, Alert, AlertMessage, ImageScan, account_row
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.scanning import account, circuit
from django_copyleaks_image.signals import account_paused
from tests.samples import only_manager, photo
from tests.scanning.test_losses import lost, measured

pytestmark = pytest.mark.django_db

Heard = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def managed(settings: Any, configure: Callable[..., None]) -> None:
    settings.MANAGERS = only_manager("mia@example.org")
    configure(ALERTS={"mail": True})


def rounds_of(count: int = 3) -> None:
    for _ in range(count):
        account.heartbeat()
        rounds.go_round()


def subjects() -> list[str]:
    return [message.subject.removeprefix("[Django] ") for message in mail.outbox]


def pass_time(**time: float) -> None:
    """Let the alerts and messages be so much older."""
    ago = timedelta(**time)
    for message in AlertMessage.objects.all():
        AlertMessage.objects.filter(pk=message.pk).update(
            due_at=message.due_at and message.due_at - ago, sent_at=message.sent_at and message.sent_at - ago
        )
    for alert in Alert.objects.all():
        Alert.objects.filter(pk=alert.pk).update(noticed_at=alert.noticed_at - ago)


def test_pause__is_told_once_and_so_is_its_end(heard: Heard, managed: None) -> None:
    photo()
    rounds_of()
    assert heard == []
    circuit.open_for(Cause.ACCOUNT, "insufficient_credits", "No credits.")
    since = account.state().paused_at

    rounds_of()

    [(name, told)] = heard
    assert name == "account_paused"
    assert (told["reason"], told["since"], told["waiting"]) == ("insufficient_credits", since, 1)
    assert told["alert"] == Alert.objects.get()
    assert subjects() == ["Submissions are paused"]
    circuit.resume()
    rounds_of()
    assert [name for name, _ in heard] == ["account_paused", "account_resumed"]
    assert (heard[1][1]["since"], heard[1][1]["until"]) == (since, account.state().resumed_at)
    assert subjects() == ["Submissions are paused", "Submissions go on"]
    # The next pause is another one.
    circuit.open_for(Cause.ACCOUNT, "insufficient_credits", "No credits.")
    rounds_of()
    assert [name for name, _ in heard] == ["account_paused", "account_resumed", "account_paused"]


def test_worker_that_has_read_of_a_pause_before__does_not_begin_it_anew(heard: Heard) -> None:
    circuit.hold("no_results", "Nothing comes.")
    [read_before] = incidents.current(account.state(), timezone.now())
    rounds_of()
    circuit.resume()
    rounds_of()
    assert not noticing.begin(read_before, timezone.now())
    rounds_of()
    assert [name for name, _ in heard] == ["account_paused", "account_resumed"]


def test_pause_that_comes_again_within_the_hour__is_mailed_only_if_it_lasts(heard: Heard, managed: None) -> None:
    for _ in range(3):
        circuit.hold("no_results", "Nothing comes.")
        rounds_of()
        circuit.resume()
        rounds_of()
    assert len(heard) == 6
    assert subjects() == ["Submissions are paused", "Submissions go on"]
    circuit.hold("no_results", "Nothing comes.")
    rounds_of()
    assert len(mail.outbox) == 2

    pass_time(hours=1)
    rounds_of()

    assert subjects()[2:] == ["Submissions are paused"]


def test_budget__is_told_of_by_each_share_once_a_day(
    heard: Heard, managed: None, configure: Callable[..., None]
) -> None:
    configure(DAILY_BUDGET=100)
    account.state()
    today = timezone.now().date()
    for spent in (49, 50, 79, 85, 70, 85, 99, 100):
        account_row().update(budget_day=today, budget_spent=spent)
        rounds_of()
    assert [(told["percent"], told["spent"]) for _, told in heard] == [(50, 50), (80, 85), (100, 100)]
    assert subjects() == [*(f"{it} % of today's budget is spent" for it in (50, 80)), "Today's budget is used up"]


def test_budget_that_buys_no_scan_more__is_used_up(heard: Heard, configure: Callable[..., None]) -> None:
    configure(DAILY_BUDGET=10)
    measured(1)
    account.state()
    today = timezone.now().date()
    account_row().update(budget_day=today, budget_spent=10 - account.price_of_a_scan() + 1)
    rounds_of()
    assert [told["percent"] for _, told in heard] == [100]


def test_lost_results__are_told_of_once_until_none_is_lost_any_more(heard: Heard) -> None:
    lost(4)
    rounds_of()
    [(name, told)] = heard
    assert name == "results_lost"
    assert (told["lost"], told["sent"], told["credits"], told["last_callback_at"]) == (4, 4, 4, None)
    # Fewer than one in ten by now, and then more again: the same incident.
    measured(40)
    rounds_of()
    lost(10)
    rounds_of()
    assert len(heard) == 1
    ImageScan.objects.update(notified_at=timezone.now() - timedelta(days=2))
    rounds_of()
    lost(4)
    rounds_of()
    assert [name for name, _ in heard] == ["results_lost"] * 2


def test_low_balance__is_told_of(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_copyleaks_image.scanning.ledger.a_day", lambda: 10.0)
    account.state()
    AccountState.objects.update(credits_left=25, credits_left_at=timezone.now())
    rounds_of()
    [(name, told)] = heard
    assert name == "balance_low"
    assert (told["credits"], told["days"], told["a_day"]) == (25, 2, 10.0)


def test_receiver_that_raises__harms_nobody_and_is_called_once(heard: Heard, managed: None) -> None:
    calls = []

    def fail(**kwargs: Any) -> None:
        calls.append(kwargs)
        raise ConnectionError("The chat is down.")

    account_paused.connect(fail, sender=AccountState)
    try:
        circuit.hold("no_results", "Nothing comes.")
        rounds_of()
    finally:
        account_paused.disconnect(fail, sender=AccountState)
    assert (len(calls), len(heard), len(mail.outbox)) == (1, 1, 1)


def test_process_that_dies_while_it_tells__is_followed_by_another(
    heard: Heard, managed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit.hold("no_results", "Nothing comes.")
    with monkeypatch.context() as patch:

        def die(*arguments: object) -> None:
            raise SystemExit

        patch.setattr(channels, "send", die)
        with pytest.raises(SystemExit):
            rounds.go_round()
    rounds_of()
    assert not [name for name, _ in heard]
    # Its lease is over.
    pass_time(minutes=11)
    rounds_of()
    assert (len(heard), len(mail.outbox)) == (1, 1)


def test_row_and_messages__are_made_together_or_not_at_all(
    heard: Heard, managed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit.hold("no_results", "Nothing comes.")
    with monkeypatch.context() as patch:

        def fail(*arguments: object) -> None:
            raise DatabaseError("The disk is full.")

        patch.setattr("django.db.models.query.QuerySet.bulk_create", fail)
        rounds.go_round()
    assert not Alert.objects.exists()
    rounds_of()
    assert len(heard) == 1


def test_nothing__is_noted_where_nobody_wants_to_know() -> None:
    circuit.hold("no_results", "Nothing comes.")
    lost(3)
    rounds_of()
    assert not Alert.objects.exists()


def test_receivers_that_come_later__are_told_of_what_lasts(managed: None, configure: Callable[..., None]) -> None:
    configure(ALERTS={})
    circuit.hold("no_results", "Nothing comes.")
    rounds_of()
    configure(ALERTS={"mail": True})
    rounds_of()
    assert subjects() == ["Submissions are paused"]


def test_old_alerts__go_once_they_are_over(heard: Heard) -> None:
    circuit.hold("no_results", "Nothing comes.")
    rounds_of()
    circuit.resume()
    rounds_of()
    pass_time(days=91)
    lost(3)
    rounds_of()
    assert [alert.kind for alert in Alert.objects.all()] == ["results_lost"]
