"""Where renditions are kept, by the hash of the bytes that they are of: in a storage of their own, behind the cache."""

import logging
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext

from django.core.cache import BaseCache, caches
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from django_copyleaks_image import tenants
from django_copyleaks_image.conf import conf
from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.formats import RENDITION_SIDES
from django_copyleaks_image.outcomes import Code

from .in_database import DatabaseStorage

logger = logging.getLogger(__name__)

# Everything that may be kept of the same bytes.
SIZES = (*RENDITION_SIDES, "full", "heatmap")
# Seconds. Lists ask for the same few kilobytes again and again; what is larger is kept for those who look at it now,
# and what has all pixels is not kept in memory.
_CACHED_FOR = {"thumbnail": 60 * 60, "panel": 15 * 60, "page": 15 * 60, "heatmap": 15 * 60}


class ShelfFailed(Exception):
    """The storage of the renditions raised; worth another try. ``code`` is stored."""

    code = Code.STORAGE_FAILED


def get(sha256: str, size: str) -> bytes | None:
    """Return a rendition, None when there is none; raise ShelfFailed."""
    if not sha256:
        return None
    kept = _cached().get(_key(sha256, size)) if size in _CACHED_FOR else None
    if isinstance(kept, bytes):
        return kept
    try:
        with storage().open(_name(sha256, size), "rb") as stream:
            content: bytes = stream.read()
    except FileNotFoundError:
        return None
    except Exception as error:
        raise ShelfFailed(f"The storage of renditions raised {type(error).__name__}.") from error
    _cache(sha256, size, content)
    return content


def put(sha256: str, drawn: Mapping[str, bytes]) -> None:
    """Keep renditions of the same bytes; raise ShelfFailed when only the cache has them."""
    for size, content in drawn.items():
        _cache(sha256, size, content)
    try:
        for size, content in drawn.items():
            save(_name(sha256, size), content)
    except Exception as error:
        raise ShelfFailed(f"The storage of renditions raised {type(error).__name__}.") from error


def remove(sha256: str, sizes: Iterable[str] = SIZES) -> None:
    """Forget what is kept of these bytes. Other users of them get new ones when they ask."""
    _cached().delete_many([_key(sha256, size) for size in sizes])
    for size in sizes:
        storage().delete(_name(sha256, size))


def save(name: str, content: bytes) -> None:
    """Keep bytes under a name that is given to the same bytes only; raise what the storage raises."""
    place = storage()
    if place.exists(name):
        if place.size(name) == len(content):  # Of the same bytes, drawn in the same way.
            return
        place.delete(name)  # A process or a disk gave up on the way.
    try:
        saved_as = place.save(name, ContentFile(content))
    except Exception:
        # A full disk leaves the beginning of a file, which would be shown as the whole.
        place.delete(name)
        raise
    if saved_as != name:  # Somebody else was quicker.
        place.delete(saved_as)


def storage() -> Storage:
    """Return where renditions, and copies that are measured, are kept."""
    return storages[conf.RENDITION_STORAGE] if conf.RENDITION_STORAGE else DatabaseStorage()


def waiting() -> AbstractContextManager[None]:
    """Let others have this thread's connections while the storage is waited for, unless that is the database."""
    return checked_in() if conf.RENDITION_STORAGE else nullcontext()


def _cached() -> BaseCache:
    return caches[conf.RENDITION_CACHE]


def _cache(sha256: str, size: str, content: bytes) -> None:
    if size in _CACHED_FOR:
        _cached().set(_key(sha256, size), content, _CACHED_FOR[size])


def _key(sha256: str, size: str) -> str:
    return f"copyleaks_image:{size}:{sha256}"


def _name(sha256: str, size: str) -> str:
    extension = {"full": "jpg", "heatmap": "png"}.get(size, "webp")
    return place_of(f"{sha256[:2]}/{sha256}-{size}.{extension}")


def place_of(name: str) -> str:
    """Return a name in the folder of the tenant, if there is one: others may keep the same bytes, and remove theirs."""
    return "/".join([*tenants.names(), name])
