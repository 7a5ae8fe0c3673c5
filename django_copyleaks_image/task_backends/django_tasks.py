"""Django Tasks: built in since Django 6.0, the package ``django-tasks`` before."""

from typing import Any

from django_copyleaks_image import tenants

from . import steps

try:
    from django.tasks import task, task_backends
    from django.tasks.backends.immediate import ImmediateBackend
except ImportError:  # Before Django 6.0.
    from django_tasks import task, task_backends  # type: ignore[no-redef]
    from django_tasks.backends.immediate import ImmediateBackend  # type: ignore[no-redef]

__all__ = ["work_on_scan"]


@task(takes_context=True)
def work_on_scan(context: Any, scan_id: str, tenant: str = "") -> None:
    """Bring a scan and others one step further, and come again for what is to be tried again.

    Raises :class:`~django_copyleaks_image.tenants.UnknownTenant` for a tenant that is gone.
    """
    # Not the task of this module: a project may have chosen another queue or backend for it.
    this = context.task_result.task
    backend = this.get_backend()
    with tenants.active(tenants.get(tenant)):
        put_back = steps.work_on(scan_id, and_others=not isinstance(backend, ImmediateBackend))
        if backend.supports_defer:
            for again, due_at in put_back.items():
                this.using(run_after=due_at).enqueue(again, *tenants.names())


def wake(scan_id: str) -> None:
    """Send a message for a scan."""
    work_on_scan.enqueue(scan_id, *tenants.names())


def runs_in_the_request() -> bool:
    """Return whether the backend runs a task where it is enqueued, as Django's default does."""
    return isinstance(task_backends[work_on_scan.backend], ImmediateBackend)
