"""A site that has renamed a field and a model that are watched."""

from .base import *  # noqa: F403
from .base import COPYLEAKS_IMAGE, INSTALLED_APPS

# Before ours, so that a new database is asked to rename pictures before there are any tables for them.
INSTALLED_APPS = ["tests.everywhere.albums", *INSTALLED_APPS]
COPYLEAKS_IMAGE |= {"FIELDS": ["albums.Collection.picture"]}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
