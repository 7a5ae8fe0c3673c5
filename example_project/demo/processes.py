"""The processes of the demo: started, watched and stopped together."""

import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 10
LOG_LINES = 20


class DemoError(Exception):
    """Something that ends the demo; the message is for the person who started it."""


def is_free(port: int) -> bool:
    """Return whether a loopback port can be listened on."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A ``manage.py`` command that runs beside the demo and logs to a file."""

    def __init__(self, name: str, *arguments: str, project: Path, environment: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self._log = logs / f"{name}.log"
        self._command = [sys.executable, "-u", "manage.py", *arguments]
        self._project = project
        self._environment = environment

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            # In a session of its own, so that Ctrl-C reaches the demo alone, which then stops the others in order.
            self._process = subprocess.Popen(
                self._command,
                cwd=self._project,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def check(self) -> None:
        """Raise DemoError with the end of the log when the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise DemoError(f"The {self.name} ended with status {code}. {self._end_of_log()}")

    def wait_for(self, port: int) -> None:
        """Wait until the process listens on a loopback port; raise DemoError when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            with closing(socket.socket()) as probe:
                probe.settimeout(1)
                if probe.connect_ex((LOOPBACK, port)) == 0:
                    return
            time.sleep(0.1)
        raise DemoError(f"The {self.name} did not answer on port {port} within {START_SECONDS} s. {self._end_of_log()}")

    def _end_of_log(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return f"The end of {self._log}:\n" + "\n".join(f"    {line}" for line in lines)
