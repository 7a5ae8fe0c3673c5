"""Keys that are not said to be otherwise are of the type in the environment."""

import os

from .base import *  # noqa: F403

DEFAULT_AUTO_FIELD = f"django.db.models.{os.environ['SITE_AUTO_FIELD']}"
