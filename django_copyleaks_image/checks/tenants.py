"""Checks of a site whose tenants have a schema each, as django-tenants gives them."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags

from django_copyleaks_image import registry, tenants

from .registering import PREFIX, register


@register(Tags.models)
def check_schemas(**kwargs: Any) -> list[CheckMessage]:
    """Check that each tenant of django-tenants has tables of ours, and of what is watched, for itself."""
    if not tenants.are_used():
        return []
    shared = tenants.shared_apps()
    if tenants.has_app(shared):
        problem = "in SHARED_APPS: tenants would be told of the pictures of others, whose keys are the same"
    elif not tenants.has_app(tenants.apps_of_tenants()):
        problem = "not in TENANT_APPS: there are no tables in which a scan could be queued"
    else:
        return [
            Error(
                f"{watched.label} is of an app in SHARED_APPS: what is saved in the public schema is not scanned, and "
                "what tenants share would be scanned for each of them.",
                hint="Move the app to TENANT_APPS, or watch the field no more.",
                id=f"{PREFIX}.E068",
            )
            for watched in registry.all_watched()
            if tenants.has_app(shared, watched.owner._meta.app_label)
        ]
    return [Error(f"django_copyleaks_image is {problem}.", hint="Move it to TENANT_APPS.", id=f"{PREFIX}.E067")]
