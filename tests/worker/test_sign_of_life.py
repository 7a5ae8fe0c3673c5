"""Whether a worker of this machine is alive, asked for without a database."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_copyleaks_image.worker import default_path, loop
from django_copyleaks_image.worker.sign_of_life import SignOfLife, seconds_ago
from tests.waiting import wait_until

from .test_process import ROOT, worker

SOON = 30


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "worker.alive"


def ask(file: Path) -> None:
    call_command("copyleaks_worker", "--healthcheck", "--heartbeat-file", str(file))


def test_healthcheck__without_a_worker(file: Path) -> None:
    with pytest.raises(CommandError, match=r"^No worker of this machine has shown itself\.$"):
        ask(file)


def test_healthcheck__of_a_worker_that_goes_on(file: Path) -> None:
    SignOfLife(file).show()
    ask(file)
    assert file.stat().st_mode & 0o077 == 0o044


def test_healthcheck__of_a_worker_that_hangs(file: Path) -> None:
    SignOfLife(file).show()
    long_ago = time.time() - 121
    os.utime(file, (long_ago, long_ago))
    with pytest.raises(CommandError, match=r"has shown itself for 12[0-9] seconds"):
        ask(file)


def test_healthcheck__does_not_believe_a_clock_that_was_wrong(file: Path) -> None:
    SignOfLife(file).show()
    tomorrow = time.time() + 86_400
    os.utime(file, (tomorrow, tomorrow))
    with pytest.raises(CommandError):
        ask(file)


def test_worker_that_ends__takes_its_sign_away(file: Path) -> None:
    shown = SignOfLife(file)
    shown.show()
    shown.take_away()
    shown.take_away()
    assert seconds_ago(file) is None


def test_link_of_another_user__is_not_followed(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    target = file.with_name("precious")
    file.symlink_to(target)
    shown = SignOfLife(file)
    shown.show()
    shown.show()
    assert not target.exists()
    assert [record.message for record in caplog.records] == [
        f"The worker cannot show with {file} that it is alive: Too many levels of symbolic links."
    ]


def test_default_file__is_one_for_each_site(settings: Any) -> None:
    path = default_path()
    assert path == default_path()
    settings.SECRET_KEY = "of another site"
    assert path != default_path()


@pytest.mark.parametrize(("silent", "expected"), [([], 4), (["claims"], 1)])
def test_worker__shows_itself_as_long_as_all_its_loops_go_on(
    silent: list[str], expected: int, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "WATCH_SECONDS", 0.01)
    one = loop.Worker(threads=1, poll_seconds=0.1, heartbeat_file=file)
    monkeypatch.setattr(one._watchdog, "silent", lambda seconds: silent)
    looks, shown = iter(range(3)), list[str]()
    monkeypatch.setattr(one, "_check", lambda loops: one.stop() if next(looks) == 2 else None)
    monkeypatch.setattr(SignOfLife, "show", lambda self: shown.append("now"))

    one._watch_over()

    assert len(shown) == expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.sockets
def test_worker_process__is_well_until_it_is_killed(settings: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with worker(settings, "--heartbeat-file", str(file)) as process:
        wait_until(lambda: seconds_ago(file) is not None, seconds=SOON)
        first = file.stat().st_mtime
        wait_until(lambda: file.stat().st_mtime > first, seconds=SOON)
        ask(file)
        process.kill()
        process.wait(SOON)
    monkeypatch.setattr("django_copyleaks_image.worker.sign_of_life.WORKER_SILENCE", timedelta(0))
    with pytest.raises(CommandError):
        ask(file)


@pytest.mark.django_db(transaction=True)
@pytest.mark.sockets
def test_worker_process__that_is_stopped_is_gone_at_once(settings: Any, file: Path) -> None:
    with worker(settings, "--heartbeat-file", str(file)) as process:
        wait_until(lambda: seconds_ago(file) is not None, seconds=SOON)
        process.send_signal(signal.SIGTERM)
        process.wait(SOON)
    assert seconds_ago(file) is None


def test_healthcheck_process__ends_with_a_status_and_asks_no_database(file: Path) -> None:
    # There is no such server: whoever asked it would fail.
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3",
    }
    command = [sys.executable, "-m", "django", "copyleaks_worker", "--healthcheck", "--heartbeat-file", str(file)]

    def asked() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, env=environment, cwd=ROOT, text=True, capture_output=True, check=False)

    ended = asked()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "CommandError: No worker of this machine has shown itself.\n"
    SignOfLife(file).show()
    ended = asked()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
