"""Every address begins with a language, and the clocks are far from Greenwich."""

from .base import *  # noqa: F403
from .base import MIDDLEWARE

ROOT_URLCONF = "tests.everywhere.language_urls"
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("de", "German"), ("en-gb", "British English")]
TIME_ZONE = "Pacific/Chatham"
before, after = MIDDLEWARE[:1], MIDDLEWARE[1:]
MIDDLEWARE = [*before, "django.middleware.locale.LocaleMiddleware", *after]
