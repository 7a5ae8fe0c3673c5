"""Media and scans are in two databases, and every request is a transaction in both."""

from .base import *  # noqa: F403
from .base import DATABASES

DATABASE_ROUTERS = ["tests.everywhere.routers.MediaApart"]
for database in DATABASES.values():
    database["ATOMIC_REQUESTS"] = True
