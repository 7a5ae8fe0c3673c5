"""Reads go to a replica that lags behind without end: nothing has ever arrived there, and nothing can be written."""

import os

from .base import *  # noqa: F403
from .base import DATABASES

DATABASE_ROUTERS = ["tests.everywhere.routers.ReadsFromReplica"]
READ_ONLY = {
    "django.db.backends.sqlite3": {"init_command": "PRAGMA query_only = ON", "transaction_mode": "DEFERRED"},
    "django.db.backends.postgresql": {"options": "-c default_transaction_read_only=on"},
    "django.db.backends.mysql": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
}
if "SITE_PREPARING" not in os.environ:
    options = DATABASES["replica"].get("OPTIONS", {})
    DATABASES["replica"]["OPTIONS"] = options | READ_ONLY[DATABASES["replica"]["ENGINE"]]
