"""Several workers notice and tell at the same moment: real threads, on whichever database ``DATABASE_URL`` names."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail

from django_copyleaks_image.alerts import noticing, rounds
from django_copyleaks_image.models import Alert, AlertMessage
from django_copyleaks_image.scanning import account, circuit
from tests.samples import only_manager, photo
from tests.threads import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _managers(settings: Any, configure: Callable[..., None]) -> None:
    settings.MANAGERS = only_manager("mia@example.org")
    configure(ALERTS={"mail": True})


def test_workers_that_notice_at_once__send_one_mail_and_one_signal(heard: list[Any]) -> None:
    photo()
    account.heartbeat()
    for number in range(1, 4):
        circuit.hold("no_results", "Nothing comes.")
        together(*[rounds.go_round] * 6)
        assert len(heard) == 2 * number - 1
        assert Alert.objects.filter(kind="account_paused").count() == number
        circuit.resume()
        together(*[rounds.go_round] * 6)
        assert len(heard) == 2 * number
    # The second and the third pause came within an hour of the first, and are over.
    assert [message.subject for message in mail.outbox] == [
        "[Django] Submissions are paused",
        "[Django] Submissions go on",
    ]
    assert not AlertMessage.objects.exclude(due_at=None).filter(alert__ended_at=None).exists()


def test_web_processes_that_miss_the_worker_at_once__send_one_mail(
    heard: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo()
    monkeypatch.setattr("django_copyleaks_image.scanning.liveness.OVERDUE", noticing.AGAIN_AFTER * 0)
    together(*[rounds.look_out] * 6)
    assert [name for name, _ in heard] == ["worker_silent"]
    assert len(mail.outbox) == 1
