"""Checks of what the app relies on in the project: storages, databases, caches."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import DEFAULT_STORAGE_ALIAS, STATICFILES_STORAGE_ALIAS, settings
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.core.files.storage import FileSystemStorage, InMemoryStorage, storages
from django.db import router

from django_copyleaks_image.conf import DICT_NAME, is_enabled
from django_copyleaks_image.models import home_database

from .configuration import value_of
from .progress import submits_in_the_request
from .registering import PREFIX, register


@register(Tags.files)
def check_rendition_storage(**kwargs: Any) -> list[CheckMessage]:
    """Check that renditions are kept where web processes find them, and the public does not."""
    alias = value_of("RENDITION_STORAGE")
    if not alias or not (problem := _problem_of_storage(alias)):
        return []
    return [
        Error(
            f"{DICT_NAME}['RENDITION_STORAGE'] cannot be used: {problem}.",
            hint="Name a private entry of STORAGES that web processes and workers share, or leave it empty to keep "
            "renditions in the database.",
            id=f"{PREFIX}.E024",
        )
    ]


@register(Tags.caches)
def check_rendition_cache(**kwargs: Any) -> list[CheckMessage]:
    """Check that the cache of small renditions is one of the project's."""
    alias = value_of("RENDITION_CACHE")
    if alias is None or alias in settings.CACHES:
        return []
    return [
        Error(
            f"{DICT_NAME}['RENDITION_CACHE'] cannot be used: CACHES has no entry {alias!r}.",
            hint='Name an entry of CACHES, or leave it at "default".',
            id=f"{PREFIX}.E029",
        )
    ]


def _problem_of_storage(alias: str) -> str:
    if alias in (DEFAULT_STORAGE_ALIAS, STATICFILES_STORAGE_ALIAS):
        return "it is the storage of what everybody may see"
    try:
        storage = storages[alias]
    except Exception as error:  # noqa: BLE001 - whatever the project's own storage leads to
        return f"the storage cannot be made ({type(error).__name__})"
    if isinstance(storage, InMemoryStorage):
        return "each process would have its own"
    if isinstance(storage, FileSystemStorage):
        location = Path(storage.location).resolve()
        public = [Path(root).resolve() for root in (settings.MEDIA_ROOT, settings.STATIC_ROOT) if root]
        if any(location.is_relative_to(root) for root in public):
            return "its folder is within MEDIA_ROOT or STATIC_ROOT, which everybody may see"
    return ""


@register(Tags.security, deploy=True)
def check_decoding(**kwargs: Any) -> list[CheckMessage]:
    """Check that a hostile picture cannot take all memory of the machine."""
    if find_spec("resource") is not None:
        return []
    return [
        Warning(
            "This Python cannot limit the memory of a process: pictures are decoded with a limit of time alone.",
            hint="Run the worker where the module resource is available, as on Linux and macOS.",
            id=f"{PREFIX}.W035",
        )
    ]


@register(Tags.compatibility)
def check_project(**kwargs: Any) -> list[CheckMessage]:
    """Check what the app relies on in the project besides its own settings."""
    messages: list[CheckMessage] = []
    if not settings.USE_TZ:
        messages.append(
            Error(
                "USE_TZ is off: leases and deadlines would jump with the clocks, and no result could be stored.",
                hint="Set USE_TZ = True.",
                id=f"{PREFIX}.E019",
            )
        )
    if router.db_for_write(get_user_model()) != home_database():
        messages.append(
            Error(
                "Scans and users are in different databases, so that no scan could name who decides about it.",
                hint="Let the router send copyleaks_image, contenttypes and the user model to the same database.",
                id=f"{PREFIX}.E020",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Check what is fine in development only."""
    messages: list[CheckMessage] = []
    if not is_enabled():
        messages.append(
            Warning(
                f"{DICT_NAME}['ENABLED'] is off: no upload is scanned.",
                hint="Turn it off in the settings of tests alone.",
                id=f"{PREFIX}.W060",
            )
        )
    if value_of("SANDBOX"):
        messages.append(
            Warning(
                f"{DICT_NAME}['SANDBOX'] is on: every result is a mock.",
                hint="Turn it off where real pictures are moderated.",
                id=f"{PREFIX}.W010",
            )
        )
    if isinstance(caches["default"], LocMemCache | DummyCache):
        messages.append(
            Warning(
                "The default cache is not shared by processes, so each of them logs in to Copyleaks by itself; "
                "all together may do so 10 times in 15 minutes, and beyond that scans wait.",
                hint="Use a shared cache, for example Redis or the database cache.",
                id=f"{PREFIX}.W011",
            )
        )
    if submits_in_the_request():
        messages.append(
            Warning(
                f"{DICT_NAME}['DISPATCHER'] submits pictures while their upload waits for an answer.",
                hint="Use dispatch.outbox, or a task backend whose tasks run in a worker of their own.",
                id=f"{PREFIX}.W016",
            )
        )
    return messages
