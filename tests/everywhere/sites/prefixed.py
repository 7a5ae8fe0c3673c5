"""The site is mounted under a path."""

from .base import *  # noqa: F403

FORCE_SCRIPT_NAME = "/photos"
