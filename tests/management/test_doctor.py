import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone

from django_copyleaks_image.admin import PictureAccess
from django_copyleaks_image.copyleaks import client as client_module
from django_copyleaks_image.copyleaks.client import Client
from django_copyleaks_image.copyleaks.errors import RateLimitError
from django_copyleaks_image.copyleaks.token import _Outcome
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, ImageScan
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.redaction import MARK
from django_copyleaks_image.scanning import account, addresses, circuit, evidence, logins
from django_copyleaks_image.setting_values import Secret
from tests.admin import rules
from tests.admin.scans_to_show import measured_photo
from tests.management.proxy import Proxy
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

    with pytest.raises(CommandError, match="6 of 12"):
        call_command("copyleaks_doctor")

    out = told(capsys)
    for words in ("RATE_LIMIT", "connection_failed", "payment_required", "PUBLIC_URL", "copyleaks_worker", "oldest"):
        assert words in out


def problems(capsys: pytest.CaptureFixture[str], *, found: int) -> str:
    with pytest.raises(CommandError, match=f"{found} of 12"):
        call_command("copyleaks_doctor")
    return "\n".join(line for line in told(capsys).splitlines() if line.startswith("!!"))


@pytest.fixture
def well(emulator: Emulator) -> Emulator:
    account.heartbeat()
    call_command("copyleaks_fill", stdout=StringIO())
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


def test_app_that_is_switched_off(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    configure(ENABLED=False)

    assert "Watched fields: ENABLED is off" in problems(capsys, found=1)


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
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None], live_server: Any
) -> None:
    with Proxy(live_server.url, limit=1_000_000) as proxy:
        configure(PUBLIC_URL=proxy.url)
        found = problems(capsys, found=1)

    assert "answered 413 to a callback of 8.0 MB, though not to a small one: a proxy limits bodies" in found
    assert "One of 1.0 MB comes through." in found
    assert "client_max_body_size" in found


def test_proxy__that_cuts_large_bodies(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None], live_server: Any
) -> None:
    with Proxy(live_server.url, limit=300_000, beyond="cut") as proxy:
        configure(PUBLIC_URL=proxy.url)
        found = problems(capsys, found=1)

    assert "broke off a callback of 8.0 MB" in found
    assert "One of 0.1 MB comes through." in found


def test_proxy__that_holds_large_bodies(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None], live_server: Any
) -> None:
    with Proxy(live_server.url, limit=7_000_000, beyond="hold") as proxy:
        configure(PUBLIC_URL=proxy.url, TIMEOUT=(2, 2))
        found = problems(capsys, found=1)

    assert "no answer within 2 seconds to a callback of 8.0 MB" in found
    assert "time limits" in found


def test_proxy__that_redirects__is_named_without_the_token(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None], live_server: Any
) -> None:
    with Proxy(live_server.url, limit=0, beyond="redirect") as proxy:
        configure(PUBLIC_URL=proxy.url)
        found = problems(capsys, found=1)

    assert "answered 302: it redirects to https://login.example.org, and callbacks" in found
    assert MARK not in found


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


def as_json(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    with suppress(CommandError):
        call_command("copyleaks_doctor", "--json", *options)
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def step(document: dict[str, Any], name: str) -> dict[str, str]:
    (found,) = (it for it in document["steps"] if it["name"] == name)
    return dict(found)


def test_json__has_a_stable_shape(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    document = as_json(capsys)

    assert {name: document[name] for name in ("version", "ok", "problems")} == {"version": 1, "ok": True, "problems": 0}
    assert [it["name"] for it in document["steps"]] == [
        *("settings", "watched_fields", "account", "pause_and_budget", "public_address", "callbacks", "results"),
        *("media", "worker", "queue", "rows", "desk"),
    ]
    assert {tuple(it) for it in document["steps"]} == {("name", "status", "code", "text", "advice")}
    assert {it["status"] for it in document["steps"]} == {"ok"}


def test_json__names_what_is_wrong_by_a_code(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    configure(PUBLIC_URL="http://127.0.0.1:9", DAILY_BUDGET=0)

    document = as_json(capsys, "--quiet")

    assert document["ok"] is False
    assert [(it["name"], it["status"], it["code"]) for it in document["steps"]] == [
        ("pause_and_budget", "problem", "budget_exhausted"),
        ("public_address", "problem", "unreachable"),
    ]


def test_quiet__says_nothing_when_all_is_well(
    well: Emulator, capsys: pytest.CaptureFixture[str], configure: Callable[..., None]
) -> None:
    call_command("copyleaks_doctor", "--quiet")
    assert told(capsys) == ""

    configure(DAILY_BUDGET=0)
    with pytest.raises(CommandError) as raised:
        call_command("copyleaks_doctor", "--quiet")
    assert raised.value.returncode == 1
    assert len(told(capsys).splitlines()) == 1


def test_ten_runs_with_a_cache_of_their_own__leave_logins_for_the_workers(
    well: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = []
    for _ in range(10):
        cache.clear()  # Another process, with a cache in its own memory.
        client_module._client.cache_clear()
        statuses.append(step(as_json(capsys), "account")["status"])

    assert statuses == ["ok"] * logins.SPARING_LIMIT + ["skipped"] * (10 - logins.SPARING_LIMIT)
    assert well.ledger.counted("login") == logins.SPARING_LIMIT
    assert logins.admit() == 0.0
    assert "left to the workers" in step(as_json(capsys), "account")["text"]


def test_token_that_works__is_used_without_a_login(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        as_json(capsys)

    assert well.ledger.counted("login") == 1


def test_logins_that_the_workers_used_up__are_a_problem(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(logins.LIMIT):
        assert logins.admit() == 0.0

    found = step(as_json(capsys), "account")

    assert (found["status"], found["code"]) == ("problem", "login_limit")
    assert "workers wait as well" in found["text"]


def test_stale_token__is_replaced_as_the_worker_does(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    stale = _Outcome(until=time.time() + 3600, token=Secret("revoked"))
    client_module.client_from_settings()._tokens._remember(stale)

    assert step(as_json(capsys), "account")["status"] == "ok"
    assert (well.ledger.counted("unauthorised"), well.ledger.counted("login")) == (1, 1)


def ended(number: int, code: str, **columns: Any) -> None:
    """Let scans have ended just now."""
    status = Status.SKIPPED if code == "missing_file" else Status.FAILED
    for _ in range(number):
        photo()
    now = timezone.now()
    queued = ImageScan.objects.filter(status=Status.QUEUED)
    queued.update(
        status=status,
        next_attempt_at=None,
        error_code=code,
        finished_at=now,
        notified_at=now,
        **columns,
    )


def test_lost_results__are_told_with_the_last_callback(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    ended(3, "result_lost", sent_at=timezone.now())

    found = step(as_json(capsys), "results")

    assert (found["status"], found["code"]) == ("problem", "result_lost")
    assert (
        found["text"] == "of the last 3 scans that were sent, 3 ended without their result; no callback has ever come."
    )
    assert "ON_LOST_RESULT" in found["advice"]


def test_worker_that_cannot_read_the_media(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    ended(4, "missing_file")
    assert step(as_json(capsys), "media")["status"] == "ok"
    ended(1, "missing_file")

    found = step(as_json(capsys), "media")

    assert (found["status"], found["code"]) == ("problem", "missing_file")
    assert found["text"].startswith("5 of the last 5 scans found no file, and the newest ones all. The doctor can read")
    assert "MEDIA_ROOT" in found["advice"]

    for scan in ImageScan.objects.all():
        default_storage.delete(scan.file_name)
    assert "cannot read the newest of them either" in step(as_json(capsys), "media")["text"]


def moderator(*codenames: str, **columns: Any) -> User:
    user = User.objects.create_user(f"moderator{User.objects.count()}", is_staff=True, **columns)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    assert user.user_permissions.count() == len(codenames)
    return user


def test_pictures_that_no_moderator_may_see__are_counted(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        measured_photo(f"{number}.jpg")
    User.objects.create_superuser("root")
    assert step(as_json(capsys), "desk")["status"] == "ok"
    moderator("view_watchedimage", "decide_watchedimage")

    found = step(as_json(capsys), "desk")

    assert (found["status"], found["code"]) == ("warning", "unseen")
    assert found["text"] == (
        "3 of the 3 that have waited longest can be seen by none of the 1 people who may decide: 3 of gallery.photo."
    )

    moderator("view_watchedimage", "decide_watchedimage", "view_photo", is_active=False)
    assert step(as_json(capsys), "desk")["status"] == "warning"
    moderator("view_watchedimage", "decide_watchedimage", "view_photo")
    assert step(as_json(capsys), "desk")["text"] == (
        "all 3 that were looked at can be seen by somebody who may decide."
    )


def test_pictures_that_a_rule_of_the_project_hides__are_counted(
    well: Emulator,
    capsys: pytest.CaptureFixture[str],
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured_photo()
    moderator("view_watchedimage", "decide_watchedimage", "view_photo")
    hiding = type("ProjectAccess", (PictureAccess,), {"may_view": lambda _self, _model, row=None: row is None})
    monkeypatch.setattr(rules, "ProjectAccess", hiding)
    configure(PICTURE_ACCESS="tests.admin.rules.ProjectAccess")

    assert step(as_json(capsys), "desk")["code"] == "unseen"


def test_pictures_without_any_moderator(well: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    measured_photo()

    assert step(as_json(capsys), "desk")["code"] == "no_moderator"
