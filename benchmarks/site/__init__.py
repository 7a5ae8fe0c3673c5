"""A site in processes of its own, on the database that is measured: under gunicorn, and as workers.

Its webhook stands beside the least that a hand-written view must do.
"""

import json
import os

from django.conf import settings
from django.db import connection

_TOLD = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a process of the site."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "benchmarks.site.settings",
        "SITE_DATABASE": json.dumps({key: str(connection.settings_dict[key]) for key in _TOLD}),
        "SITE_MEDIA_ROOT": str(settings.MEDIA_ROOT),
        **more,
    }
