"""A project in processes of its own: commands, a worker and a server; a warning is an error in all of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from demo.visitor import Visitor
from django_copyleaks_image.emulator import Emulator

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
NAME, PASSWORD = "moderator@example.org", "correct horse"
COMMAND_SECONDS = 60
SIGNAL_SECONDS = 30

WARNINGS = (
    "error",
    # Gunicorn copies the socket that it is handed, and drops it.
    "ignore:unclosed:ResourceWarning:gunicorn.arbiter",
)
# Each server is handed a socket that listens already, so that nobody has to wait for its start.
SERVERS = {
    "wsgi": ("gunicorn", "--bind=fd://{fd}", "--threads=4", "--no-control-socket", "tests.everywhere.sites.wsgi"),
    "asgi": ("uvicorn", "--fd={fd}", "--no-access-log", "tests.everywhere.sites.asgi:application"),
    "gevent": (
        *("gunicorn", "--bind=fd://{fd}", "--worker-class=gevent", "--no-control-socket"),
        "tests.everywhere.sites.wsgi",
    ),
    "daphne": ("daphne", "--fd={fd}", "tests.everywhere.sites.asgi:application"),
    "uwsgi": (
        *("uwsgi", "--http-socket=fd://{fd}", "--add-header=Connection: close", "--threads=4", "--need-app"),
        "--module=tests.everywhere.sites.wsgi",
    ),
    # Both write down what they are asked for, and whatever else they can.
    "wsgi-logged": (
        *("gunicorn", "--bind=fd://{fd}", "--threads=4", "--no-control-socket", "--access-logfile=-"),
        *('--access-logformat=%(r)s %(U)s %(q)s "%(f)s" %({{raw_uri}}e)s', "--log-level=debug"),
        "tests.everywhere.sites.wsgi",
    ),
    "asgi-logged": ("uvicorn", "--fd={fd}", "--log-level=trace", "tests.everywhere.sites.asgi:application"),
}


class Project:
    """A project with the settings of ``tests.everywhere.sites.<name>``.

    ``databases`` are the names of the databases by alias, ``options`` are keys of ``COPYLEAKS_IMAGE``, and
    whatever else is named is set in the environment.
    """

    def __init__(
        self,
        name: str,
        *,
        folder: Path,
        databases: Mapping[str, str],
        options: Mapping[str, object],
        **environment: str,
    ) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": f"tests.everywhere.sites.{name}",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "example_project"))),
            "PYTHONWARNINGS": ",".join(WARNINGS),
            "SITE_FOLDER": str(folder),
            "SITE_DATABASES": json.dumps(databases),
            "SITE_COPYLEAKS_IMAGE": json.dumps(options),
            **environment,
        }

    def run(self, module: str, *arguments: str, **environment: str) -> str:
        """Run a Python module to its end and return what it printed; fail with that when it fails."""
        ended = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self._environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        return ended.stdout

    def manage(self, *arguments: str) -> str:
        """Run a management command."""
        return self.run("django", *arguments)

    def prepare(self) -> None:
        """Make the tables of all databases, and the moderator."""
        self.run("tests.everywhere.prepare", SITE_PREPARING="1")


class Site(Project):
    """A project that is served between ``with`` and its end, and talks to the emulator.

    ``prefix`` is the path in front of all its addresses.
    """

    def __init__(
        self,
        name: str,
        *,
        copyleaks: Emulator,
        server: str = "wsgi",
        prefix: str = "",
        options: Mapping[str, object] | None = None,
        **arguments: Any,
    ) -> None:
        self._server = server
        self._socket = socket.create_server((LOOPBACK, 0))
        origin = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}"
        self.url = origin + prefix
        addresses = {"PUBLIC_URL": origin, "API_URL": copyleaks.url, "ID_URL": copyleaks.url}
        super().__init__(name, options={**addresses, "RATE_LIMIT": 1000, **(options or {})}, **arguments)

    def __enter__(self) -> Self:
        descriptor = self._socket.fileno()
        name, *arguments = (argument.format(fd=descriptor) for argument in SERVERS[self._server])
        # What is no module of Python lies beside it.
        program = [str(Path(sys.executable).with_name(name))] if name == "uwsgi" else [sys.executable, "-m", name]
        with closing(self._socket), self._log("server").open("wb") as log:
            self._process = subprocess.Popen(
                [*program, *arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[descriptor],
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The whole group at once: a server that ends in order waits for connections that nobody uses any more.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        # Shown by pytest when the test has failed.
        print(self.log("server"))

    def work(self) -> None:
        """Let a worker submit what is queued, and judge what has come back."""
        with self._log("worker").open("a") as log:
            log.write(self.manage("copyleaks_worker", "--once"))

    def moderator(self) -> Visitor:
        """Return the moderator, logged in on the page of the admin."""
        visitor = Visitor(self.url)
        visitor.submit("/admin/login/?next=/", {"username": NAME, "password": PASSWORD})
        return visitor

    def heard(self, count: int) -> list[dict[str, Any]]:
        """Let a worker judge the callbacks; return what the host has heard, once it has heard of ``count`` scans."""
        deadline = time.monotonic() + SIGNAL_SECONDS
        while True:
            lines = self._read("heard.jsonl").splitlines()
            if len(lines) >= count:
                return [json.loads(line) for line in lines]
            assert time.monotonic() < deadline, f"The host has heard {lines}.\n{self.log('worker')}"
            self.work()

    def log(self, process: str) -> str:
        """Return what the ``server`` or the ``worker`` has printed."""
        return self._read(self._log(process).name)

    def _log(self, process: str) -> Path:
        return self._folder / f"{process}.log"

    def _read(self, name: str) -> str:
        file = self._folder / name
        return file.read_text(errors="replace") if file.exists() else ""
