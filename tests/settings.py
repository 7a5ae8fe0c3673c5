"""The smallest project around the app; its DEFAULT_AUTO_FIELD differs from ours on purpose."""

import os
import tempfile
from pathlib import Path
from typing import Any

import environ

env = environ.Env()
TEMPORARY = Path(tempfile.gettempdir())

SECRET_KEY = "for tests only"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
ROOT_URLCONF = "tests.urls"
# Django 6.1 sends no mail without.
MAILERS: dict[str, dict[str, Any]] = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_copyleaks_image",
    "tests.gallery",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{TEMPORARY}/copyleaks-tests.sqlite3"),
    "other": env.db_url("OTHER_DATABASE_URL", default=f"sqlite:///{TEMPORARY}/copyleaks-tests-other.sqlite3"),
}
for alias, database in DATABASES.items():
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # A file, which threads can share; IMMEDIATE, so that concurrent writers wait instead of failing. Nothing of
        # it must survive a crash of the machine, so nothing waits for the disk.
        database["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA synchronous=OFF"}
        database["TEST"] = {"NAME": TEMPORARY / f"copyleaks-tests-{alias}-{os.getpid()}.sqlite3"}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_URL = "static/"
MEDIA_URL = "media/"
MEDIA_ROOT = TEMPORARY / f"copyleaks-media-{os.getpid()}"
COPYLEAKS_IMAGE = {
    "EMAIL": "photos@example.org",
    "API_KEY": "8f14e45f-ceea-467f-9d2c-5c1e2f3a4b5c",
    "PUBLIC_URL": "https://photos.example.org",
    "FIELDS": ["gallery.Photo.image"],
}
