"""A project around each task backend: the site, the backend's worker and a local Copyleaks, all on real sockets."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from django_copyleaks_image.emulator import Emulator
from tests.processes import LOOPBACK, Process, free_port
from tests.samples import picture

ROOT = Path(__file__).resolve().parents[2]
# A database number of our own, which is emptied.
REDIS = f"redis://{LOOPBACK}:6379/13"
RABBITMQ = f"amqp://guest:guest@{LOOPBACK}:5672//"
END_SECONDS = 60
COMMAND_SECONDS = 60
CELERY = ("celery", "-A", "tests.task_backends.celery")
CELERY_WORKER = (
    *(*CELERY, "worker", "--loglevel", "INFO", "--concurrency", "2", "--prefetch-multiplier", "1"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A package, the broker behind it, and the command of its worker."""

    package: str
    broker: str = ""
    port: int = 0
    worker: tuple[str, ...]

    @property
    def missing(self) -> str:
        """Return what is not there, "" when everything is."""
        if not find_spec(self.package):
            return f"the package {self.package} is not installed"
        with closing(socket.socket()) as probe:
            if self.port and probe.connect_ex((LOOPBACK, self.port)):
                return f"nobody listens on {LOOPBACK}:{self.port}"
        return ""


BACKENDS = {
    "celery-redis": Backend(package="celery", broker=REDIS, port=6379, worker=CELERY_WORKER),
    "celery-rabbitmq": Backend(package="celery", broker=RABBITMQ, port=5672, worker=CELERY_WORKER),
    "tasks-db": Backend(
        package="django_tasks_db", worker=("django", "db_worker", "--interval", "0.1", "--no-startup-delay")
    ),
    "tasks-rq": Backend(
        package="django_tasks_rq",
        broker=REDIS,
        port=6379,
        worker=("django", "rqworker", "default", "--job-class", "django_tasks_rq.Job", "--with-scheduler"),
    ),
}


class Project:
    """A project in a folder of its own; its processes are started by the test and end with it."""

    def __init__(self, backend: Backend, *, folder: Path, emulator: Emulator, broker: str, rate_limit: float) -> None:
        port = free_port()
        self.emulator = emulator
        self.queue = f"copyleaks-{uuid4().hex}"
        self._backend = backend
        self._folder = folder
        self._url = f"http://{LOOPBACK}:{port}"
        self._environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.task_backends.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "default",
            "BACKEND_FOLDER": str(folder),
            "BACKEND_PACKAGE": backend.package,
            "BACKEND_BROKER": broker,
            "BACKEND_QUEUE": self.queue,
            "BACKEND_SITE": self._url,
            "BACKEND_COPYLEAKS": emulator.url,
            "BACKEND_RATE_LIMIT": str(rate_limit),
        }
        self._processes: list[Process] = []
        self._running = ExitStack()
        self.manage("migrate", "--run-syncdb")
        site = ("gunicorn", "django.core.wsgi:get_wsgi_application()", "--threads", "4", "--bind", f"{LOOPBACK}:{port}")
        self.site = self.start("site", *site)
        self.site.wait_for(port)

    def start(self, name: str, *command: str) -> Process:
        """Start a Python module as a process that ends with the test."""
        process = Process(name, *command, folder=self._folder, environment=self._environment)
        self._processes.append(process)
        return self._running.enter_context(process)

    def start_worker(self) -> None:
        self.start("worker", *self._backend.worker)

    def start_beat(self) -> None:
        self.start("beat", *CELERY, "beat", "--loglevel", "INFO", "--schedule", str(self._folder / "beat"))

    def manage(self, *arguments: str) -> None:
        """Run a management command to its end."""
        command = [sys.executable, "-m", "django", *arguments]
        options: dict[str, Any] = {"env": self._environment, "cwd": ROOT, "capture_output": True, "text": True}
        done = subprocess.run(command, timeout=COMMAND_SECONDS, check=False, **options)
        assert done.returncode == 0, done.stdout + done.stderr

    def upload(self, *names: str) -> None:
        """Upload a picture of its own under each name."""
        for name in names:
            colour = tuple(os.urandom(3))
            image = picture(size=(10, 10) if name.startswith("tiny") else (640, 640), colour=colour)
            answer = requests.post(f"{self._url}/upload/", files={"image": (name, image)}, timeout=20)
            assert answer.status_code == 201, answer.text

    def scans(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self._url}/scans/", timeout=20).json()["scans"])

    def wait_until(self, condition: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait until the scans are as they should be; fail with everything that was logged."""
        deadline = time.monotonic() + END_SECONDS
        while not condition(scans := self.scans()):
            if time.monotonic() > deadline:
                logs = "\n".join(f"== {log.name}\n{log.read_text()}" for log in self._folder.glob("*.log"))
                pytest.fail("\n".join([*map(str, scans), logs]))
            time.sleep(0.05)

    def wait_until_all_ended(self) -> None:
        self.wait_until(lambda scans: all(scan["status"] not in ("queued", "submitted") for scan in scans))

    def purge(self) -> int:
        """Throw away every message that no worker has taken yet; return how many there were."""
        if self._backend.package == "django_tasks_db":
            with closing(sqlite3.connect(self._folder / "db.sqlite3", timeout=20)) as database, database:
                ready = "DELETE FROM django_tasks_database_dbtaskresult WHERE status = 'READY'"
                return database.execute(ready).rowcount
        if self._backend.package == "django_tasks_rq":
            from redis import Redis

            with Redis.from_url(REDIS) as redis:
                waiting: int = redis.llen("rq:queue:default")
                redis.delete("rq:queue:default")
                return waiting
        from kombu import Connection

        with Connection(self._backend.broker) as connection:
            return int(connection.default_channel.queue_purge(self.queue))

    def stop(self) -> None:
        """Kill all processes, which have nothing left to lose, and remove what they left in the broker."""
        for process in self._processes:
            process.kill()
        self._running.close()
        if self._backend.broker == REDIS:
            from redis import Redis

            with Redis.from_url(REDIS) as redis:
                redis.flushdb()
        elif self._backend.broker == RABBITMQ:
            from kombu import Connection

            with Connection(RABBITMQ) as connection:
                connection.default_channel.queue_delete(self.queue)
                connection.default_channel.exchange_delete(self.queue)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each task backend; one that is not there is skipped, or fails where all of them must be."""
    return needed_backend(request.param)


def needed_backend(name: str) -> Backend:
    found = BACKENDS[name]
    if found.missing:
        (pytest.fail if os.environ.get("TASK_BACKENDS_REQUIRED") else pytest.skip)(found.missing)
    return found


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Make a project around a task backend; its site runs, its worker does not yet."""
    with ExitStack() as running:

        def start_project(backend: Backend, *, broker: str = "", rate_limit: float = 1000) -> Project:
            emulator = running.enter_context(Emulator(latency=0.0, passing_tries=1, webhook_retries=(0.1, 0.2)))
            project = Project(
                backend, folder=tmp_path, emulator=emulator, broker=broker or backend.broker, rate_limit=rate_limit
            )
            running.callback(project.stop)
            return project

        yield start_project
