"""A shop with a suite of its own, as it was before the app came, and after: ``HOST_APP`` is without, off or on."""

import os
import tempfile
from typing import Any

SECRET_KEY = "for tests only"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.host.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "tests.host.shop",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
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
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_URL = "static/"
MEDIA_ROOT = tempfile.mkdtemp(prefix="host-media-")
TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}

HOST_APP = os.environ["HOST_APP"]
if HOST_APP != "without":
    INSTALLED_APPS.insert(-1, "django_copyleaks_image")
    COPYLEAKS_IMAGE: dict[str, Any] = {
        # What a developer may have in the environment: a test must not use it.
        "EMAIL": "shop@example.org",
        "API_KEY": "8f14e45f-ceea-467f-9d2c-5c1e2f3a4b5c",
        "PUBLIC_URL": "https://shop.example.org",
        "FIELDS": ["shop.Article.photo"],
        "DISPATCHER": os.environ.get("HOST_DISPATCHER", "django_copyleaks_image.dispatch.outbox"),
        "ENABLED": HOST_APP == "on",
    }
