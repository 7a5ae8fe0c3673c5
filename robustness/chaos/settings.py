"""The site of the chaos run, as each of its processes sees it; the conductor says where everything is.

Deadlines and timeouts are short here, and ``apps.py`` shortens the times that are no settings.
"""

from pathlib import Path

import environ

env = environ.Env()
FOLDER = Path(env.str("CHAOS_FOLDER"))

SECRET_KEY = env.str("CHAOS_SECRET_KEY")
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "robustness.chaos.urls"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "django_copyleaks_image",
    "tests.gallery",
    "robustness.chaos",
]
DATABASES = {"default": env.db_url("CHAOS_DATABASE_URL")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
    }
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
MEDIA_ROOT = FOLDER / "media"
MEDIA_URL = "media/"
COPYLEAKS_IMAGE = {
    "EMAIL": "chaos@example.org",
    "API_KEY": "00000000-0000-0000-0000-000000000000",
    "PUBLIC_URL": env.str("CHAOS_SITE"),
    "API_URL": env.str("CHAOS_COPYLEAKS"),
    "ID_URL": env.str("CHAOS_COPYLEAKS"),
    "FIELDS": ["gallery.Photo.image"],
    "RATE_LIMIT": 60,
    "TIMEOUT": [1, 2],
    "RESULT_DEADLINE": 8,
    # Never reached: it is there so that every credit is reserved and settled under it.
    "DAILY_BUDGET": 1_000_000,
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(process)d %(levelname)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"django_copyleaks_image": {"handlers": ["console"], "level": "INFO"}},
}
