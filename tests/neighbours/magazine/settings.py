"""The project of the tests with Wagtail, whose tables are made without its many migrations."""

from tests.settings import *  # noqa: F403
from tests.settings import COPYLEAKS_IMAGE, INSTALLED_APPS

INSTALLED_APPS = [
    "wagtail.admin",
    "wagtail.documents",
    "wagtail.embeds",
    "wagtail.images",
    "wagtail.search",
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.users",
    "wagtail",
    "modelcluster",
    "taggit",
    *INSTALLED_APPS,
]
MIGRATION_MODULES = {
    f"wagtail{name}": None for name in ("admin", "core", "docs", "embeds", "images", "search", "users")
} | {"taggit": None}
ROOT_URLCONF = "tests.neighbours.magazine.urls"
WAGTAIL_SITE_NAME = "Magazine"
WAGTAILADMIN_BASE_URL = "https://photos.example.org"
COPYLEAKS_IMAGE = COPYLEAKS_IMAGE | {"FIELDS": ["wagtailimages.Image.file"]}
