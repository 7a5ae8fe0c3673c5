"""Django Tasks: built in since Django 6.0, the package ``django-tasks`` before."""

from typing import Any

from . import steps

try:
    from django.tasks import task, task_backends
    from django.tasks.backends.immediate import ImmediateBackend
except ImportError:  # Before Django 6.0.
    from django_tasks import task, task_backends  # type: ignore[no-redef]
    from django_tasks.backends.immediate import ImmediateBackend  # type: ignore[no-redef]

__all__ = ["work_on_scan"]


@task(takes_context=True)
def work_on_scan(context: Any, scan_id: str) -> None:
    """Bring a scan one step further, and come again when it is to be tried again."""
    again_at = steps.work_on(scan_id)
    # Not the task of this module: a project may have chosen another queue or backend for it.
    this = context.task_result.task
    if again_at is not None and this.get_backend().supports_defer:
        this.using(run_after=again_at).enqueue(scan_id)


def wake(scan_id: str) -> None:
    """Send a message for a scan."""
    work_on_scan.enqueue(scan_id)


def runs_in_the_request() -> bool:
    """Return whether the backend runs a task where it is enqueued, as Django's default does."""
    return isinstance(task_backends[work_on_scan.backend], ImmediateBackend)
