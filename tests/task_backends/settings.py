"""A project with a task backend, as each of its processes sees it; the test says which task backend and where."""

from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import COPYLEAKS_IMAGE, INSTALLED_APPS, env

FOLDER = Path(env.str("BACKEND_FOLDER"))
PACKAGE = env.str("BACKEND_PACKAGE")
BROKER = env.str("BACKEND_BROKER")

ROOT_URLCONF = "tests.task_backends.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "db.sqlite3",
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"},
    }
}
# Shared by all processes: RQ forks one for every scan, and each would log in by itself.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(FOLDER / "cache")}
}
MEDIA_ROOT = FOLDER / "media"
COPYLEAKS_IMAGE = COPYLEAKS_IMAGE | {
    "PUBLIC_URL": env.str("BACKEND_SITE"),
    "API_URL": env.str("BACKEND_COPYLEAKS"),
    "ID_URL": env.str("BACKEND_COPYLEAKS"),
    "RATE_LIMIT": env.float("BACKEND_RATE_LIMIT"),
    "DISPATCHER": f"django_copyleaks_image.dispatch.{'celery' if PACKAGE == 'celery' else 'tasks'}",
}

INSTALLED_APPS = [*INSTALLED_APPS, "tests.task_backends"]
if PACKAGE == "celery":
    from tests.task_backends import celery  # noqa: F401 - where a project's package does it

    CELERY_BROKER_URL = BROKER
    if BROKER.startswith("redis"):
        CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 2}
    CELERY_TASK_DEFAULT_QUEUE = env.str("BACKEND_QUEUE")
    CELERY_BEAT_SCHEDULE = {"sweep": {"task": "copyleaks_image.sweep", "schedule": 1.0}}
elif PACKAGE == "django_tasks_db":
    INSTALLED_APPS += ["django_tasks_db"]
    TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
elif PACKAGE == "django_tasks_rq":
    INSTALLED_APPS += ["django_rq"]
    TASKS = {"default": {"BACKEND": "django_tasks_rq.RQBackend"}}
    RQ_QUEUES = {"default": {"URL": f"{BROKER}?socket_connect_timeout=1&socket_timeout=2"}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django_copyleaks_image": {"handlers": ["console"], "level": "INFO"}},
}
