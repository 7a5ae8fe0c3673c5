"""A project without the admin, which only scans and labels pictures."""

from .base import *  # noqa: F403
from .base import INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "django.contrib.admin"]
ROOT_URLCONF = "tests.everywhere.plain_urls"
