"""The worker as a process: how it ends, and that it works with as many connections as there are."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import Error as AnyDatabaseError
from django.db import connection, connections
from django.db.utils import load_backend

from django_copyleaks_image import connection_pool
from django_copyleaks_image.checks.progress import check_account_limit
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.processes import environment_of
from tests.samples import photo, picture
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

ROOT = Path(__file__).parents[2]
FEW = 8
SOON = 30

COMMAND = """
import sys
import django
django.setup()
from datetime import timedelta
from django.core.management import call_command
from django_copyleaks_image.scanning import leases
leases.LONGEST_WORK = timedelta(seconds=float(sys.argv[1]))
call_command("copyleaks_worker", *sys.argv[2:])
"""


@contextmanager
def worker(
    settings: Any, *arguments: str, longest_work: float = 600, database: dict[str, object] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    changes = {"TEST_DATABASE_CHANGES": json.dumps(database or {})}
    environment = os.environ | environment_of(settings) | changes
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(longest_work), "--poll", "0.05", *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def photo_that_never_opens(name: str) -> None:
    """Queue a picture whose file is a pipe into which nobody writes."""
    uploaded = photo(name, picture())
    path = default_storage.path(str(uploaded.image.name))
    Path(path).unlink()
    os.mkfifo(path)


def wait_until_begun(count: int) -> None:
    wait_until(lambda: ImageScan.objects.filter(attempts=1).count() == count, seconds=SOON)
    time.sleep(0.3)  # From the claim to the storage.


@pytest.mark.parametrize("signals", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_while_the_storage_hangs__ends(
    number: signal.Signals, signals: int, emulator: Emulator, settings: Any
) -> None:
    photo_that_never_opens("hanging.jpg")

    with worker(settings, "--threads", "2", "--graceful-timeout", "2" if signals == 1 else "600") as process:
        wait_until_begun(1)
        for _ in range(signals):
            process.send_signal(number)
            time.sleep(0.5)
        output, _ = process.communicate(timeout=SOON)

    assert process.returncode == (0 if signals == 1 else 128 + number)
    assert ("Worker stopped without waiting any longer" in output) == (signals == 1)


def test_every_thread_hangs_in_the_storage__ends_with_another_status_and_tells_where(
    emulator: Emulator, settings: Any
) -> None:
    photo_that_never_opens("first.jpg")
    photo_that_never_opens("second.jpg")

    with worker(settings, "--threads", "2", "--graceful-timeout", "0.5", longest_work=2) as process:
        output, _ = process.communicate(timeout=SOON)

    assert process.returncode == 70
    assert "The worker is stuck (each of the 2 threads hangs in a scan)" in output
    assert "in read_chunks" in output


class Visitor:
    """A site whose requests connect as a user with few connections, each for itself."""

    def __init__(self, changes: dict[str, object]) -> None:
        self.settings = connection.settings_dict | changes
        self.failed: list[str] = []

    def upload(self, name: str, content: bytes) -> None:
        try:
            with self.connected():
                photo(name, content)
        except AnyDatabaseError as error:
            self.failed.append(str(error))

    @contextmanager
    def connected(self) -> Iterator[None]:
        own = load_backend(str(self.settings["ENGINE"])).DatabaseWrapper(self.settings, "default")
        before, connections["default"] = connections["default"], own
        try:
            yield
        finally:
            own.close()
            connections["default"] = before


@pytest.fixture
def few() -> Iterator[dict[str, object]]:
    """Return what makes of the settings of the test database those of a user with few connections."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite counts no connections")
    user = "copyleaks_few"
    name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
    if connection.vendor == "postgresql":
        make = [
            f"CREATE ROLE {user} LOGIN CONNECTION LIMIT {FEW} SUPERUSER",
            f"ALTER ROLE {user} NOSUPERUSER",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}",
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {user}",
        ]
        remove = [f"DROP OWNED BY {user}", f"DROP ROLE {user}"]
    else:
        make = [
            f"CREATE USER {user}@'%%' WITH MAX_USER_CONNECTIONS {FEW}",
            f"GRANT ALL ON {name}.* TO {user}@'%%'",
        ]
        remove = [f"DROP USER {user}@'%%'"]
    try:
        execute(*make)
    except AnyDatabaseError as error:
        pytest.skip(f"no user can be made here ({error})")
    yield {"USER": user, "PASSWORD": ""}
    execute(*remove)


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, [] if "%%" in statement else None)


def in_use(user: str) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", [user])
        else:
            cursor.execute("SELECT count(*) FROM information_schema.processlist WHERE user = %s", [user])
        return int(cursor.fetchone()[0])


def test_few_connections__are_what_a_check_compares_with_the_workers(few: dict[str, object]) -> None:
    assert connection_pool.limit_of_account("default") is None
    with Visitor(few).connected():
        assert connection_pool.limit_of_account("default") == FEW
        found = check_account_limit(databases=["default"])
        nobody_asked = check_account_limit(databases=None)

    assert [message.id for message in found] == ["copyleaks_image.W038"]
    assert nobody_asked == []


@pytest.mark.parametrize("held_by_others", [0, 6])
@pytest.mark.parametrize("pool", [False, True])
def test_few_connections__suffice_for_worker_and_visitors(
    pool: bool,
    held_by_others: int,
    few: dict[str, object],
    emulator: Emulator,
    settings: Any,
    configure: Callable[..., None],
) -> None:
    if pool and connection.vendor != "postgresql":
        pytest.skip("Django pools connections to PostgreSQL only")
    options = {"OPTIONS": {"pool": {"timeout": 2}}} if pool else {}
    visitor = Visitor(few)
    held = [load_backend(str(visitor.settings["ENGINE"])).DatabaseWrapper(visitor.settings) for _ in range(FEW)]
    used = []

    with worker(settings, "--threads", "8", database=few | options) as process:
        for each in held[:held_by_others]:
            each.ensure_connection()
        for number in range(30):
            visitor.upload(f"{number}.jpg", picture(colour=(number * 8, 0, 0)))
            used.append(in_use(str(few["USER"])) - held_by_others)
        for each in held[:held_by_others]:
            each.close()
        # What the visitors could not connect for is not the worker's.
        expected = 30 - len(visitor.failed)
        wait_until(lambda: ImageScan.objects.filter(status=Status.COMPLETED).count() == expected, seconds=SOON)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=SOON)

    assert process.returncode == 0, output
    assert "Traceback" not in output
    if not held_by_others:
        assert visitor.failed == []
        assert max(used) <= 4 + 1  # The keeper of leases may look in.
    assert expected >= 10
