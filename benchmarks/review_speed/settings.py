"""The site whose desk is timed: the test project in a folder of its own, served as in production."""

from pathlib import Path

import environ

from tests.settings import *  # noqa: F403

env = environ.Env()
FOLDER = Path(env.str("REVIEW_SPEED_FOLDER"))

SECRET_KEY = env.str("REVIEW_SPEED_SECRET_KEY")
ROOT_URLCONF = "benchmarks.review_speed.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "db.sqlite3",
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }
}
MEDIA_ROOT = FOLDER / "media"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(FOLDER / "cache"),
    }
}
