import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.emulator.faults import FAULTS
from django_copyleaks_image.emulator.options import Options, add_arguments, from_arguments
from django_copyleaks_image.management.commands.copyleaks_emulator import Command

pytestmark = pytest.mark.sockets

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def run(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "django", "copyleaks_emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)},
    ) as process:
        try:
            yield process
        finally:
            # Nothing happens to a process that has ended.
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_prints_its_address_and_stops_cleanly(number: int) -> None:
    with run("--port", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"Copyleaks emulator at (http://127\.0\.0\.1:\d+)\n", line)
        assert match, line
        assert requests.get(match[1] + "/_emulator/health", timeout=5).json() == {"status": "ok"}
        process.send_signal(number)
        _, errors = process.communicate(timeout=5)

    assert process.returncode == 0
    assert errors == ""


def test_help__tells_what_file_names_ask_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        Command().run_from_argv(["manage.py", "copyleaks_emulator", "--help"])

    words = capsys.readouterr().out
    assert "'ai-37' anywhere in it marks 37 %" in words
    assert "malformed-truncated" in words


def test_unknown_fault_is_named_with_those_that_exist() -> None:
    parser = Command().create_parser("manage.py", "copyleaks_emulator")

    with pytest.raises(CommandError, match=r"unknown fault 'lsot'; there are denied, .*, status-503"):
        parser.parse_args(["--fault", "lsot=1"])


def test_port_that_is_taken() -> None:
    with Emulator() as emulator, pytest.raises(CommandError, match="in use"):
        call_command("copyleaks_emulator", port=int(emulator.url.rpartition(":")[2]))


def test_ledger_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Emulator(ledger=tmp_path / "missing" / "ledger.jsonl")


def test_every_option_has_its_switch() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    assert from_arguments(vars(parser.parse_args([]))) == Options()
    given = parser.parse_args(
        ["--fault", "lost=0.1", "--fault", "status-503=0.05", "--seed", "7", "--webhook-retries", "0.5,2"]
    )
    options = from_arguments({**vars(given), "verbosity": 1})
    assert options.faults == {"lost": 0.1, "status-503": 0.05}
    assert (options.seed, options.webhook_retries) == (7, (0.5, 2.0))


def test_offset_of_a_login() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def offset(text: str) -> timedelta | None:
        return from_arguments(vars(parser.parse_args([f"--utc-offset={text}"]))).utc_offset.utcoffset(None)

    assert [offset("+02:00"), offset("-03:30"), offset("Z")] == [timedelta(hours=2), timedelta(hours=-3.5), timedelta()]
    for wrong in ("", "2", "+25:00"):
        with pytest.raises(SystemExit):
            offset(wrong)


def test_help__names_every_fault() -> None:
    epilog = Command().create_parser("manage.py", "copyleaks_emulator").epilog

    assert epilog is not None
    assert set(re.findall(r"[a-z0-9-]+", epilog)) >= FAULTS


def test_key_is_not_shown() -> None:
    assert "the key" not in repr(Options(key="the key"))
