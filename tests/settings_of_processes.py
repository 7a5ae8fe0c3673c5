"""The test project as another process sees it: the test database, and the settings of the test that started it."""

import json
import os
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import COPYLEAKS_IMAGE, DATABASES

DATABASES["default"] |= json.loads(os.environ.get("TEST_DATABASE_CHANGES", "{}"))
DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]
MEDIA_ROOT = Path(os.environ["TEST_MEDIA_ROOT"])
COPYLEAKS_IMAGE |= json.loads(os.environ["TEST_COPYLEAKS_IMAGE"])
