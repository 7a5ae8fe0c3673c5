"""A small photo site. Without any environment variable it talks to the emulator on its default port:

python manage.py migrate
python manage.py copyleaks_emulator
python manage.py copyleaks_worker
python manage.py runserver
"""

from pathlib import Path
from typing import Any

import environ

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "data")))
DATA_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = env.str("SECRET_KEY", default="for this example on your own machine only")
DEBUG = env.bool("DEBUG", default=True)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "gallery",
    "django_copyleaks_image",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Site and worker write at the same time. WAL lets readers go on meanwhile; IMMEDIATE makes a second writer
    # wait at the beginning of its transaction, where SQLite's default would fail it in the middle.
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
    }

# Worker and site share the login through it. A site on more than one machine needs Redis or the database for that.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": DATA_DIR / "cache"}}

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en-gb")
TIME_ZONE = "UTC"
USE_TZ = True
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "gallery:photos"
LOGOUT_REDIRECT_URL = "gallery:photos"

STATIC_URL = "/static/"
# Neither of the two places is published by the web server: both addresses lead to a view that asks who may see
# the picture. Private pictures lie outside MEDIA_ROOT all the same, so that publishing that would not leak them.
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
PRIVATE_MEDIA_ROOT = DATA_DIR / "private"
PRIVATE_MEDIA_URL = "/private/files/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PRIVATE_MEDIA_ROOT, "base_url": PRIVATE_MEDIA_URL},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

COPYLEAKS_IMAGE = {
    "EMAIL": env.str("COPYLEAKS_EMAIL", default="photos@example.org"),
    "API_KEY": env.str("COPYLEAKS_API_KEY", default="00000000-0000-0000-0000-000000000000"),
    # The addresses of the emulator; leave both out to talk to Copyleaks itself.
    "API_URL": env.str("COPYLEAKS_API_URL", default="http://127.0.0.1:8001"),
    "ID_URL": env.str("COPYLEAKS_ID_URL", default="http://127.0.0.1:8001"),
    "PUBLIC_URL": env.str("COPYLEAKS_PUBLIC_URL", default="http://127.0.0.1:8000"),
    "FIELDS": {
        "gallery.Photo.image": {"owner": "uploaded_by"},
        "gallery.PrivatePhoto.image": {"owner": "uploaded_by"},
    },
    # Copyleaks sends these when it fetches a picture, for a proxy in front of the site that asks for them.
    "FETCH_HEADERS": [["X-Photo-Site-Key", env.str("FETCH_KEY", default="lets Copyleaks pass our proxy")]],
}
if DEBUG:
    # PUBLIC_URL is not https: fine for an emulator on the same machine, and for nothing else.
    SILENCED_SYSTEM_CHECKS = ["copyleaks_image.W006"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.server": {"handlers": ["console"], "propagate": False}},
}
