"""The project of the tests with django-filer, set up as ``docs/howto/filer.rst`` says."""

from tests.howto.recipes import settings_of
from tests.settings import *  # noqa: F403
from tests.settings import COPYLEAKS_IMAGE, INSTALLED_APPS

INSTALLED_APPS = ["polymorphic", "easy_thumbnails", "filer", *INSTALLED_APPS]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
COPYLEAKS_IMAGE = {**COPYLEAKS_IMAGE, **settings_of("filer")["COPYLEAKS_IMAGE"]}  # type: ignore[dict-item]
