"""Where Celery's autodiscovery looks for tasks; empty for other libraries that look here when there is no Celery."""

from importlib.util import find_spec

if find_spec("celery"):
    from .task_backends import celery  # noqa: F401 - registers its tasks
