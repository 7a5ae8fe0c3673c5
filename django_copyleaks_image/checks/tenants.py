"""Checks of a site whose tenants have a schema each, as django-tenants gives them."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags

from .registering import PREFIX, register

_APP = "django_copyleaks_image"


@register(Tags.models)
def check_schemas(**kwargs: Any) -> list[CheckMessage]:
    """Check that no two tenants of django-tenants share our tables."""
    if not apps.is_installed("django_tenants"):
        return []
    if any(name == _APP or name.startswith(f"{_APP}.") for name in _shared_apps()):
        problem, hint = (
            f"{_APP} is in SHARED_APPS: tenants would be told of the pictures of others, whose keys are the same.",
            "Move it to TENANT_APPS.",
        )
    else:
        problem, hint = (
            f"{_APP} does not support django-tenants: workers and callbacks know of no schema.",
            "Give each tenant a site of its own, with a database of its own.",
        )
    return [Error(problem, hint=hint, id=f"{PREFIX}.E067")]


def _shared_apps() -> list[str]:
    """Return the apps of the public schema, also where tenants are of several types."""
    public = getattr(settings, "TENANT_TYPES", {}).get(getattr(settings, "PUBLIC_SCHEMA_NAME", "public"), {})
    return [*getattr(settings, "SHARED_APPS", ()), *public.get("APPS", ())]
