"""Every request is one transaction."""

from .base import *  # noqa: F403
from .base import DATABASES

DATABASES["default"]["ATOMIC_REQUESTS"] = True
