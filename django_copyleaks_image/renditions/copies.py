"""Where the copies are kept that are sent in the place of files, by their hashes: with the renditions, until no scan
needs them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django_copyleaks_image.formats import TYPES
from django_copyleaks_image.models import FittedCopy, ImageScan, fitted_copies
from django_copyleaks_image.sources import StoredFile
from django_copyleaks_image.transactions import atomically

from . import shelf


def keep(scan: ImageScan, sha256: str, image_format: str, content: bytes) -> None:
    """Keep the copy that a scan needs; raise :class:`.shelf.ShelfFailed`. Whoever dies on the way has left a note."""
    note = FittedCopy(scan=scan, sha256=sha256, image_format=image_format)
    atomically(lambda: fitted_copies().bulk_create([note], ignore_conflicts=True))
    with _failures(), shelf.waiting():
        shelf.save(_name(sha256, image_format), content)
        if not fitted_copies().filter(sha256=sha256).exists():  # Erased meanwhile: nothing else knows of it.
            shelf.storage().delete(_name(sha256, image_format))


def is_kept(scan: ImageScan) -> bool:
    """Return whether the copy of a scan is there, whole as far as its size tells; raise :class:`.shelf.ShelfFailed`."""
    sha256, byte_size, image_format = scan.sent
    if not sha256:
        return False
    place, name = shelf.storage(), _name(sha256, image_format)
    with _failures(), shelf.waiting():
        return place.exists(name) and place.size(name) == byte_size


def of(scan: ImageScan) -> StoredFile:
    """Return the copy of a scan, not opened."""
    return StoredFile(shelf.storage(), _name(scan.copy_sha256, scan.copy_format))


def let_go(note: FittedCopy) -> None:
    """Forget that a scan needs a copy, and remove the copy if nobody else does; raise :class:`.shelf.ShelfFailed`."""
    same = fitted_copies().filter(sha256=note.sha256)
    if not same.exclude(pk=note.pk).exists():
        with _failures():
            shelf.storage().delete(_name(note.sha256, note.image_format))
    same.filter(pk=note.pk).delete()


def discard(scan: ImageScan) -> None:
    """Remove a copy that is not what it should be, so that it is drawn anew; raise :class:`.shelf.ShelfFailed`."""
    with _failures():
        shelf.storage().delete(_name(scan.copy_sha256, scan.copy_format))


def _name(sha256: str, image_format: str) -> str:
    return shelf.place_of(f"{sha256[:2]}/{sha256}-copy{TYPES[image_format].extension}")


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise shelf.ShelfFailed(f"The storage of renditions raised {type(error).__name__}.") from error
