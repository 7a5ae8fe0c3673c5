"""Python commands in processes of their own: each logs to a file, dies when told to, and none outlives its user."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.db import connection

LOOPBACK = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 5
LOG_LINES = 20


class RunFailed(Exception):
    """The run itself cannot go on, whatever the app does; the message is for the person who started it."""


def environment_of(settings: Any) -> dict[str, str]:
    """Return the environment in which a process sees the project as the running test does."""
    return {
        "DJANGO_SETTINGS_MODULE": "tests.settings_of_processes",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "TEST_DATABASE": str(connection.settings_dict["NAME"]),
        "TEST_MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "TEST_COPYLEAKS_IMAGE": json.dumps(settings.COPYLEAKS_IMAGE),
    }


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A Python command in a session of its own, between ``with`` and its end; it can be killed and started again."""

    def __init__(self, name: str, *command: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [sys.executable, "-u", "-m", *command]
        self._environment = environment

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # Its own children first of all: a session ends as a whole.
            self.kill()

    def start(self, *more: str) -> None:
        """Start the command, with more arguments; the log goes on where it was."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *more],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill the process and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def kill_a_child(self, rng: random.Random) -> bool:
        """Kill one of the processes it has started; return False where the system does not list them as Linux does."""
        pid = self._process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            return False
        if not children:
            return False
        with suppress(ProcessLookupError):
            os.kill(int(rng.choice(children)), signal.SIGKILL)
        return True

    @property
    def status(self) -> int | None:
        """Return the exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    def check(self) -> None:
        """Raise RunFailed with the end of the log when the process has ended."""
        if self.status is not None:
            raise RunFailed(f"The {self.name} ended with status {self.status}.\n{self.end_of_log()}")

    def wait_for(self, port: int) -> None:
        """Wait until the process listens on a loopback port; raise RunFailed when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            with closing(socket.socket()) as probe:
                probe.settimeout(1)
                if probe.connect_ex((LOOPBACK, port)) == 0:
                    return
            time.sleep(0.05)
        raise RunFailed(f"The {self.name} did not answer within {START_SECONDS} s.\n{self.end_of_log()}")

    def end_of_log(self) -> str:
        return "\n".join(f"    {line}" for line in self.lines()[-LOG_LINES:])

    def lines(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()
