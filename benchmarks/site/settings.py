"""The test project as a server runs it: connections stay open, and SQLite writes ahead."""

import environ

from tests.settings import *  # noqa: F403
from tests.settings import COPYLEAKS_IMAGE

env = environ.Env()

ROOT_URLCONF = "benchmarks.site.urls"
MEDIA_ROOT = env.str("SITE_MEDIA_ROOT")
DATABASES = {"default": env.json("SITE_DATABASE") | {"CONN_MAX_AGE": 60}}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
# Celery closes the connections to the database around every task, whatever CONN_MAX_AGE says, unless it is told so.
CELERY_DB_REUSE_MAX = 1000
CELERY_BROKER_URL = env.str("SITE_BROKER", "")
CELERY_TASK_DEFAULT_QUEUE = env.str("SITE_QUEUE", "")
# The bare view reads the largest body through DRF, which honours this limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = None
if env.str("SITE_PUBLIC_URL", ""):
    COPYLEAKS_IMAGE["PUBLIC_URL"] = env.str("SITE_PUBLIC_URL")
