"""Users are the host's own, with a UUID for a key and an e-mail address for a name."""

from .base import *  # noqa: F403
from .base import INSTALLED_APPS

INSTALLED_APPS = ["tests.everywhere.people", *INSTALLED_APPS]
AUTH_USER_MODEL = "people.Person"
