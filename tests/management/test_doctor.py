import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from django_copyleaks_image.copyleaks.client import Client
from django_copyleaks_image.copyleaks.errors import RateLimitError
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.management.commands import copyleaks_doctor
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.scanning import account, addresses, circuit, evidence
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
    ImageScan.objects.update(next_attempt_at=timezone.now() - timedelta(days=1))

    with pytest.raises(CommandError, match="6 of 8"):
        call_command("copyleaks_doctor")

    out = told(capsys)
    for words in ("RATE_LIMIT", "connection_failed", "payment_required", "PUBLIC_URL", "copyleaks_worker", "oldest"):
        assert words in out


def problems(capsys: pytest.CaptureFixture[str], *, found: int) -> str:
    with pytest.raises(CommandError, match=f"{found} of 8"):
        call_command("copyleaks_doctor")
    return "\n".join(line for line in told(capsys).splitlines() if line.startswith("!!"))


@pytest.fixture
def well(emulator: Emulator) -> Emulator:
    account.heartbeat()
    return emulator


@pytest.mark.parametrize(
    ("path", "reason"), [("/admin", "answered 403: a proxy, a redirect or a login"), ("/blog", "another site answers")]
)
def test_public_address__that_leads_elsewhere(
    path: str,
    reason: str,
    well: Emulator,
    capsys: pytest.CaptureFixture[str],
    configure: Callable[..., None],
    live_server: Any,
) -> None:
    configure(PUBLIC_URL=live_server.url + path)

    assert reason in problems(capsys, found=1)


def test_public_address__of_another_site_with_the_same_app(
    well: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "webhook_token", lambda _scan_id: "signed-with-another-key")

    assert "another SECRET_KEY" in problems(capsys, found=1)


def test_public_address__whose_host_is_not_allowed(
    well: Emulator, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["photos.example.org"]

    assert "ALLOWED_HOSTS" in problems(capsys, found=1)


def test_urls_not_included(well: Emulator, capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.admin_only_urls"

    found = problems(capsys, found=2)

    assert 'Settings: The URLs of django_copyleaks_image are not included. Add path("copyleaks/"' in found
    assert "Public address: the URLs of django_copyleaks_image are not included." in found


def test_wrong_setting__is_told_by_each_step_that_needs_it(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    configure(TIMEOUT="x")

    assert problems(capsys, found=3).count("COPYLEAKS_IMAGE['TIMEOUT'] must be a pair of seconds") == 3


def test_nothing_watched(well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]) -> None:
    configure(FIELDS=[])

    assert "Watched fields: none" in problems(capsys, found=1)


def test_tables_missing(well: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_table() -> AccountState:
        raise OperationalError("no such table")

    monkeypatch.setattr(account, "state", no_such_table)

    assert problems(capsys, found=4).count("Run migrate") == 4


def test_account__that_has_logged_in_too_often(
    well: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many_logins(_client: Client) -> int:
        raise RateLimitError

    monkeypatch.setattr(Client, "credits", too_many_logins)

    found = problems(capsys, found=1)

    assert "share a cache" in found
    assert "API_KEY" not in found


def test_callbacks_that_were_refused__and_a_restored_database(
    well: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    today = timezone.now().date()
    AccountState.objects.update(unknown_scans=2, unknown_scans_on=today)
    assert "at least 2 since yesterday were about scans that this database does not know" in problems(capsys, found=1)
    AccountState.objects.update(wrong_tokens=3, wrong_tokens_on=today)
    assert "add the old one to SECRET_KEY_FALLBACKS" in problems(capsys, found=1)
    AccountState.objects.update(restored_at=timezone.now())
    (held,) = (line for line in problems(capsys, found=2).splitlines() if "copyleaks_restored --go-on" in line)
    assert "Pause and budget" in held


def test_headers__that_do_not_arrive_or_come_from_a_stranger(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    configure(WEBHOOK_HEADERS=[["X_Secret", "open sesame"]])
    found = problems(capsys, found=2)
    assert "answered 412" in found
    assert "sesame" not in found

    configure(WEBHOOK_HEADERS=[["X-Secret", "open sesame"]])
    call_command("copyleaks_doctor")

    configure(CLIENT_CERTIFICATE_HEADER="X-Thumbprint", TRUSTED_PROXIES=["192.0.2.1"])
    assert "none of TRUSTED_PROXIES" in problems(capsys, found=1)


def test_proxy__that_limits_bodies(
    well: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copyleaks_doctor, "_probe", lambda body: 413 if len(body) > 1_000_000 else 204)

    assert "a proxy limits bodies" in problems(capsys, found=1)


def test_pause__is_told_with_its_reason_and_mend(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    circuit.open_for(Cause.RESULTS, "no_results", "No result comes.")

    found = problems(capsys, found=1)

    for words in ("submissions are paused since", "No result comes.", "look at the firewall", "copyleaks_resume"):
        assert words in found


def test_first_results__that_are_waited_for(
    well: Emulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "window_is_full", lambda: True)

    assert "no result has come since" in problems(capsys, found=1)
