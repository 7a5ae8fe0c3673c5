"""A project that lets hardly anything through to its views, and tells its admins and its logs all it can about that."""

import os
from pathlib import Path

import django

from .base import *  # noqa: F403
from .base import MIDDLEWARE

ALLOWED_HOSTS = ["open.example"]
# Pairs until Django 6.0, which wants addresses alone.
ADMINS = ["anna@example.org"] if django.VERSION >= (6, 0) else [("Anna", "anna@example.org")]
SERVER_EMAIL = "site@example.org"
_BACKEND, _FOLDER = "django.core.mail.backends.filebased.EmailBackend", Path(os.environ["SITE_FOLDER"]) / "mails"
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _BACKEND, "OPTIONS": {"file_path": _FOLDER}}}
else:
    EMAIL_BACKEND, EMAIL_FILE_PATH = _BACKEND, _FOLDER
MIDDLEWARE = ["tests.everywhere.refusals.refuse", *MIDDLEWARE]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {
        "mail": {"class": "django.utils.log.AdminEmailHandler", "level": "WARNING", "include_html": True},
        "console": {"class": "logging.StreamHandler"},
        "everything": {"class": "tests.everywhere.refusals.EverythingHandler"},
    },
    "root": {"handlers": ["mail", "console", "everything"], "level": "DEBUG"},
    "loggers": {"django": {"handlers": [], "propagate": True}},
}
