"""A site that servers of any kind can serve, and that a script can ask in its own process."""

import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from tests import settings as project

FOLDER = Path(os.environ.get("NEIGHBOURS_FOLDER", "."))
SCAN_ID = "0b8f5a0e-6a55-4a4f-9f5e-0d1a6e0f7c11"


def set_up(
    *, first: tuple[str, ...] = (), apps: tuple[str, ...] = (), middleware: tuple[str, ...] = (), **changes: Any
) -> None:
    """Configure the project of the tests with more apps, some of them ``first``, and a database of its own."""
    names = {name: getattr(project, name) for name in dir(project) if name.isupper()}
    names["DATABASES"] = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "site.sqlite3"}}
    names["INSTALLED_APPS"] = [*first, *names["INSTALLED_APPS"], *apps]
    names["MIDDLEWARE"] = [*middleware, *names["MIDDLEWARE"]]
    settings.configure(**names | {"MEDIA_ROOT": FOLDER / "media"} | changes)
    django.setup()


def secret_paths() -> dict[str, str]:
    """Return the address of each endpoint by its token."""
    from django_copyleaks_image.scanning import addresses

    token, media = addresses.webhook_token(SCAN_ID), addresses.media_token(SCAN_ID)
    return {
        token: f"/copyleaks/webhook/{SCAN_ID}/{token}/",
        media.partition(":")[2]: f"/copyleaks/media/{media}/holiday.jpg",
    }
