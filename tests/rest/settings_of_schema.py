"""A project that publishes the schema of the API by drf-spectacular."""

from tests.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "drf_spectacular"]  # noqa: F405
ROOT_URLCONF = "tests.rest.urls"
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": dict.fromkeys(("copyleaks_read", "copyleaks_write", "copyleaks_paid")),
}
SPECTACULAR_SETTINGS = {"TITLE": "django-copyleaks-image", "VERSION": "1"}
