"""Run selected tests in a copy of the tree, each time in a fresh process that has what never changes imported already.

To start Python and to import Django, pytest and Pillow took most of the time of a run. A fork server of the standard
library imports them once; the package and its tests are imported anew in every fork, from the copy it is given.
The tables are made by the first run of a copy and are copied by the later ones.
"""

import multiprocessing
import os
import shutil
import signal
import sys
import traceback
from contextlib import ExitStack, suppress
from enum import Enum
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db.backends.sqlite3.creation import DatabaseCreation

# Nothing of these needs settings, or keeps any.
PRELOADED = (
    "robustness.mutations.forks",
    "PIL.BmpImagePlugin",
    "PIL.GifImagePlugin",
    "PIL.ImageCms",
    "PIL.ImageDraw",
    "PIL.ImageOps",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "celery",
    "django.contrib.admin.utils",
    "django.core.handlers.wsgi",
    "django.core.mail",
    "django.core.management",
    "django.core.servers.basehttp",
    "django.core.serializers.json",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.db.models",
    "django.forms",
    "django.template.defaulttags",
    "django.template.loader_tags",
    "django.test",
    "django.test.client",
    "django.views.debug",
    "django.views.generic",
    "coverage",
    "environ",
    "requests",
    "rest_framework.compat",
    "trustme",
    "urllib3",
    "uvicorn",
)
LONGEST = 180
"""Seconds after which a run has hung. A guard that waits for ever without its protection has noticed."""

_NOT_NEEDED = ("-p", "no:cov", "-p", "no:hypothesispytest")
NOT_BEGUN = 70
"""The status of a fork that fails before its tests: any but those of pytest."""


class Outcome(Enum):
    """How a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    HUNG = "hung"
    BROKEN = "broken"
    """No test was run: none was selected, or what they test cannot be imported."""


def start() -> Any:
    """Return the context whose processes are forks of the server."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def run(context: Any, tree: Path, paths: list[str], expression: str, *, is_new_schema: bool = False) -> Outcome:
    """Run the tests of ``paths`` that ``expression`` selects; what they say is in ``tree.log`` beside the copy."""
    process = context.Process(target=_in_fork, args=(tree, paths, expression, is_new_schema))
    process.start()
    process.join(LONGEST)
    has_hung = process.is_alive()
    with suppress(ProcessLookupError):
        # With whatever the tests have started and left behind.
        os.killpg(process.pid, signal.SIGKILL)
    if has_hung:
        process.kill()
    process.join()
    if has_hung:
        return Outcome.HUNG
    # 0 and 1 are those of pytest; a negative one is that of a test that killed its process.
    if process.exitcode == 0:
        return Outcome.PASSED
    return Outcome.FAILED if process.exitcode == 1 or process.exitcode < 0 else Outcome.BROKEN


def _in_fork(tree: Path, paths: list[str], expression: str, is_new_schema: bool) -> None:
    status = NOT_BEGUN
    try:
        status = _pytest_status(tree, paths, expression, is_new_schema)
    finally:
        # Threads that a broken protection has left waiting are not waited for.
        os._exit(status)


def _pytest_status(tree: Path, paths: list[str], expression: str, is_new_schema: bool) -> int:
    os.setsid()
    log = os.open(tree.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(tree)
    # The copy is thrown away; until then, nothing is compiled twice.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.path.insert(0, str(tree))
    # Processes that tests start would import the package from where it is installed.
    os.environ["PYTHONPATH"] = str(tree)
    # Hypothesis sets no deadline then: a machine that is busy is no reason to fail.
    os.environ["CI"] = "true"
    arguments = ["-x", "-q", *_NOT_NEEDED, *paths, *(["-k", expression] if expression else [])]
    ended = _Ended()
    with ExitStack() as stack:
        if not is_new_schema:
            template = _from_template(tree, DatabaseCreation.create_test_db)
            stack.enter_context(patch.object(DatabaseCreation, "create_test_db", template))
        try:
            ended.note(int(pytest.main(arguments, plugins=[ended])))
        except BaseException:  # noqa: BLE001
            # What the tests have left behind may still raise after the last of them.
            traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return ended.status


class _Ended:
    """A plugin that keeps how the tests have ended."""

    status = NOT_BEGUN
    _has_begun = False

    def note(self, status: int) -> None:
        """Keep a status; what tests that have begun leave behind may trip pytest itself: that is their failure."""
        is_theirs = self._has_begun and status == pytest.ExitCode.INTERNAL_ERROR
        self.status = int(pytest.ExitCode.TESTS_FAILED) if is_theirs else status

    def pytest_runtest_logstart(self) -> None:
        self._has_begun = True

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self.note(int(exitstatus) or 1)


def _from_template(tree: Path, create: Any) -> Any:
    def create_test_db(creation: Any, *arguments: Any, **named: Any) -> Any:
        template = tree.with_suffix(f".{creation.connection.alias}.sqlite3")
        if not template.exists():
            name = create(creation, *arguments, **named)
            shutil.copy(name, template)
            return name

        def copied(*_: Any, **__: Any) -> str:
            name = str(creation._get_test_db_name())
            shutil.copy(template, name)
            return name

        # Nothing is left for migrate to do.
        with (
            patch.object(creation, "_create_test_db", copied),
            patch("django.core.management.call_command"),
        ):
            return create(creation, *arguments, **named)

    return create_test_db
