"""Who is woken after a scan was committed. The row is the queue: a lost wake-up costs latency only."""

from django.db import transaction

from .conf import conf


def outbox(scan_id: str) -> None:
    """Wake nobody: the worker polls the rows."""


def inline(scan_id: str) -> None:
    """Submit at once, in the process that saved the file; for development and tests."""
    from .scanning import submit  # noqa: PLC0415 - scanning imports this module

    submit.work_on_one(scan_id)


def wake_after_commit(scan_id: str, *, using: str) -> None:
    """Call the configured dispatcher once the scan is committed; what it raises is logged, never raised."""
    transaction.on_commit(lambda: conf.DISPATCHER(scan_id), using=using, robust=True)
