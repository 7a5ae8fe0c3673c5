"""Who is woken after a scan was committed. The row is the queue: a lost wake-up costs latency only.

``DISPATCHER`` names one of the four functions here, or a project's own, which is called with the scan id.
"""

import logging
from importlib import import_module
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from . import DOCUMENTATION, tenants
from .conf import conf, is_enabled
from .test_runs import would_reach_the_account

__all__ = ["celery", "inline", "outbox", "tasks"]

logger = logging.getLogger(__name__)

# How long a task backend that took no message is left alone, so that a broker that is down does not slow every upload.
REST_SECONDS = 30.0
# When a task backend that rests is tried again, by its name; of this process and for all tenants, in seconds of its
# monotonic clock.
_rests_until: dict[str, float] = {}


def outbox(scan_id: str) -> None:
    """Wake nobody: the worker polls the rows."""


def inline(scan_id: str) -> None:
    """Submit at once, in the process that saved the file; for development and tests."""
    backend = load("in_process")
    if not _is_kept_from_the_account(backend):
        backend.wake(scan_id)


def tasks(scan_id: str) -> None:
    """Hand the scan to a worker of Django Tasks."""
    _hand_over(scan_id, backend="django_tasks")


def celery(scan_id: str) -> None:
    """Hand the scan to a Celery worker."""
    _hand_over(scan_id, backend="celery")


def a_worker_polls() -> bool:
    """Return whether everything is left to the polling worker, what Copyleaks sends back as well.

    A setting that is broken wakes nobody either.
    """
    try:
        return conf.DISPATCHER is outbox
    except ImproperlyConfigured:
        return True


def backend_of(dispatcher: object) -> str:
    """Return the name of the module in :mod:`.task_backends` behind a dispatcher, "" when there is none."""
    return next((name for own, name in _TASK_BACKENDS if own is dispatcher), "")


_TASK_BACKENDS = ((inline, "in_process"), (tasks, "django_tasks"), (celery, "celery"))


def load(backend: str) -> Any:
    """Import a task backend, a module with ``wake(scan_id)`` and ``runs_in_the_request()``.

    Raises what the import raises when its package is not installed, or configured so that it takes no task.
    """
    return import_module(f".task_backends.{backend}", __package__)


class Wake(Protocol):
    """A way to wake whoever works on a scan."""

    def __call__(self, scan_id: str, *, using: str) -> None: ...


def wake_after_commit(scan_id: str, *, using: str) -> None:
    """Call the configured dispatcher once the scan is committed; what it raises is logged, never raised.

    Where that is to wake nobody, nothing is left for the commit to do.
    """
    if a_worker_polls() or not is_enabled():
        return
    tenants.after_commit(lambda: conf.DISPATCHER(scan_id), using=using)


def wake_elsewhere_after_commit(scan_id: str, *, using: str) -> None:
    """Do the same, unless that would be to submit in this process, which may owe somebody an answer."""
    if conf.DISPATCHER is not inline:
        wake_after_commit(scan_id, using=using)


def _hand_over(scan_id: str, *, backend: str) -> None:
    """Send a message, unless the task backend rests; that one cannot be sent is no error: the row stays queued."""
    if monotonic() < _rests_until.get(backend, 0):
        return
    try:
        module = load(backend)
        if _is_kept_from_the_account(module):
            return
        module.wake(scan_id)
    except Exception as error:  # noqa: BLE001 - every broker has errors of its own
        # Once an outage: the next uploads would only say the same.
        if backend not in _rests_until:
            logger.error(
                "%s takes no scans (%s: %s); they wait for the sweep.",
                backend,
                type(error).__name__,
                error,
                extra={"event": "task_backend_down", "backend": backend, "error": type(error).__name__},
            )
        _rests_until[backend] = monotonic() + REST_SECONDS
    else:
        if _rests_until.pop(backend, None) is not None:
            logger.warning(
                "%s takes scans again.", backend, extra={"event": "task_backend_answers", "backend": backend}
            )


def _is_kept_from_the_account(backend: Any) -> bool:
    """Return whether submitting here would be to pay for a picture of a test; the scan stays queued, and it is said."""
    if not would_reach_the_account() or not backend.runs_in_the_request():
        return False
    logger.warning(
        "A test run submits nothing to %s: the scan stays queued. Point API_URL at the emulator, set ENABLED to False "
        "for tests, or see %stesting.html",
        urlsplit(conf.API_URL).hostname,
        DOCUMENTATION,
        extra={"event": "test_run_submits_nothing"},
    )
    return True
