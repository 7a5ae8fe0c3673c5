"""Checks of apps that keep the results of queries: the queue is read anew at every look, or nothing goes on."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Tags, Warning  # noqa: A004 - Django's names

from .registering import PREFIX, register

# What the worker asks of a queue; a kept count or existence is as wrong as a kept row.
_ASKED = frozenset({"get", "fetch", "count", "aggregate", "exists"})


@register(Tags.caches)
def check_kept_queries(**kwargs: Any) -> list[CheckMessage]:
    """Check that cacheops keeps no query of our models, whose rows are mostly changed by ``QuerySet.update()``."""
    if not apps.is_installed("cacheops"):
        return []
    kept = sorted(_kept_models())
    if not kept:
        return []
    return [
        Warning(
            f"django-cacheops keeps queries of this app ({', '.join(kept)}) and hears of no update() of theirs: "
            "workers find stale rows, and scans wait.",
            hint='Add "copyleaks_image.*": None to CACHEOPS; it goes before "*.*".',
            id=f"{PREFIX}.W061",
        )
    ]


def _kept_models() -> Iterator[str]:
    # Of whichever version: what is asked of it is how its own documentation has models looked up.
    profile_of = import_module("cacheops.conf").model_profile
    for model in apps.get_app_config("copyleaks_image").get_models():
        profile = profile_of(model)
        if profile and _ASKED & set(profile["ops"]):
            yield model.__name__


@register(Tags.caches)
def check_kept_tables(**kwargs: Any) -> list[CheckMessage]:
    """Check that django-cachalot keeps nothing of our tables: a look at the queue is never asked for twice."""
    if not apps.is_installed("cachalot"):
        return []
    settings = import_module("cachalot.settings").cachalot_settings
    tables = {model._meta.db_table for model in apps.get_app_config("copyleaks_image").get_models()}
    if not settings.CACHALOT_ENABLED or not import_module("cachalot.utils").filter_cachable(tables):
        return []
    return [
        Warning(
            "django-cachalot keeps queries of this app: each look of a worker at the queue fills the cache, and where "
            "processes share no cache, workers do not hear of what is queued.",
            hint='Add "copyleaks_image" to CACHALOT_UNCACHABLE_APPS.',
            id=f"{PREFIX}.W076",
        )
    ]
