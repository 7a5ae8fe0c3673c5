"""The test project as a site of its own processes sees it; each of the other modules changes one thing about it."""

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import COPYLEAKS_IMAGE, INSTALLED_APPS
from tests.settings import DATABASES as TEST_DATABASES

MEDIA_ROOT = Path(os.environ["SITE_FOLDER"]) / "media"
INSTALLED_APPS = [*INSTALLED_APPS, "tests.everywhere.listener.ListenerConfig"]
DATABASES = {
    alias: TEST_DATABASES["default"] | {"NAME": name}
    for alias, name in json.loads(os.environ["SITE_DATABASES"]).items()
}
COPYLEAKS_IMAGE |= json.loads(os.environ["SITE_COPYLEAKS_IMAGE"])
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"errors": {"class": "logging.StreamHandler", "level": "ERROR"}},
    "root": {"handlers": ["errors"]},
}
