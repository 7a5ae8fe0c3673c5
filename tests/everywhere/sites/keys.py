"""Keys are integers, UUIDs and texts, and files are in a storage that has no paths."""

from .base import *  # noqa: F403
from .base import COPYLEAKS_IMAGE

COPYLEAKS_IMAGE["FIELDS"] = ["gallery.Photo.image", "gallery.Poster.file", "gallery.Sticker.file"]
STORAGES = {
    "default": {"BACKEND": "tests.everywhere.storages.PathlessStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
