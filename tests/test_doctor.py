import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.scanning import account
from tests.samples import photo

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


def test_all_is_well(emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    account.heartbeat()
    photo()

    call_command("copyleaks_doctor")

    out = told(capsys)
    assert "!!" not in out
    assert "1 queued" in out


def test_every_step__says_what_is_wrong(capsys: pytest.CaptureFixture[str], configure: Callable[..., None]) -> None:
    configure(API_URL="http://127.0.0.1:9", ID_URL="http://127.0.0.1:9", PUBLIC_URL="http://127.0.0.1:9", RATE_LIMIT=-1)
    AccountState.objects.create(
        paused_at=timezone.now(), pause_reason="payment_required", worker_seen_at=timezone.now() - timedelta(hours=1)
    )
    photo()
    ImageScan.objects.update(created_at=timezone.now() - timedelta(days=1))

    with pytest.raises(CommandError, match="6 of 6"):
        call_command("copyleaks_doctor")

    out = told(capsys)
    for words in ("RATE_LIMIT", "connection_failed", "payment_required", "PUBLIC_URL", "copyleaks_worker", "oldest"):
        assert words in out


def test_something_else_before_the_webhook(
    emulator: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None], live_server: Any
) -> None:
    account.heartbeat()
    configure(PUBLIC_URL=live_server.url + "/admin")

    with pytest.raises(CommandError, match="1 of 6"):
        call_command("copyleaks_doctor")

    assert "instead of 404" in told(capsys)
