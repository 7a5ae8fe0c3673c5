"""Settings of the typed project, for the plugins of mypy."""

SECRET_KEY = "for types only"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django_copyleaks_image",
    "shop",
]
