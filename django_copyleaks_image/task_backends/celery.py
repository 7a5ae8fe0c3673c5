"""Celery: two tasks of the project's default app. A project routes them by their names."""

from celery import current_app, shared_task
from django.db import close_old_connections

from django_copyleaks_image import tenants

from . import steps

# One more try mends a connection that the broker has closed meanwhile. Celery's own tries would keep an upload waiting
# for a broker that is down: 0.6 seconds by default, and 6 seconds without a policy.
RETRY_AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}


@shared_task(name="copyleaks_image.work_on_scan", ignore_result=True)
def work_on_scan(scan_id: str, tenant: str = "") -> None:
    """Bring a scan and others one step further, and come again for what is to be tried again.

    Raises :class:`~django_copyleaks_image.tenants.UnknownTenant` for a tenant that is gone.
    """
    # A project that lets Celery keep connections (``CELERY_DB_REUSE_MAX``) is given broken ones as well.
    close_old_connections()
    with tenants.active(tenants.get(tenant)):
        put_back = steps.work_on(scan_id, and_others=not work_on_scan.request.is_eager)
        for again, due_at in put_back.items():
            work_on_scan.apply_async((again, *tenants.names()), eta=due_at)


@shared_task(name="copyleaks_image.sweep", ignore_result=True)
def sweep() -> None:
    """End what is late or lost, and send what was forgotten; for Celery beat, once a minute."""
    steps.sweep()


def wake(scan_id: str) -> None:
    """Send a message for a scan."""
    work_on_scan.apply_async((scan_id, *tenants.names()), retry=True, retry_policy=RETRY_AT_ONCE)


def runs_in_the_request() -> bool:
    """Return whether Celery runs a task where it is sent."""
    return bool(current_app.conf.task_always_eager)


def has_app() -> bool:
    """Return whether this process has imported the project's app; without it Celery makes one that has no settings."""
    return bool(current_app.main != "default" or current_app.set_as_current)
