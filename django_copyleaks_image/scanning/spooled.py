"""A temporary copy of a stored file, on the disk or in memory, with its hash."""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import BoundedSemaphore

from django_copyleaks_image import beginnings
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.sources import Picture

from . import stored_files
from .unmeasured import Skipped, StorageFailed, too_large

logger = logging.getLogger(__name__)

IN_MEMORY = 2 * 1024 * 1024
# Copies without a disk to write to, and how long one waits for another to be done with.
_IN_MEMORY_AT_ONCE = BoundedSemaphore(2)
MEMORY_SECONDS = 30.0


class _DiskFull(Exception):
    """A temporary file could not be written."""


class Copy(tempfile.SpooledTemporaryFile[bytes]):
    """All bytes of a stored file, with their hash and number: on the disk if they are many, or in memory.

    Of those that are in memory although they are many, there are few at a time.
    """

    sha256 = ""
    byte_size = 0

    def __init__(self, *, on_disk: bool) -> None:
        self._holds_memory = False
        super().__init__(max_size=IN_MEMORY if on_disk else 0)  # 0 means all.
        if not on_disk:
            self._holds_memory = _IN_MEMORY_AT_ONCE.acquire(timeout=MEMORY_SECONDS)
            if not self._holds_memory:
                self.close()
                raise StorageFailed(Problem.NO_ROOM_FOR_COPY())

    def __exit__(self, *raised: object) -> None:
        self.close()  # Its own would close the file within alone.

    def close(self) -> None:
        if self._holds_memory:
            self._holds_memory = False
            _IN_MEMORY_AT_ONCE.release()
        with suppress(OSError):  # Nobody wants any more what a full disk has not taken.
            super().close()


def copied(file: Picture, *, at_most: int, hashed: int = 0, only_pictures: bool = False) -> Copy:
    """Return a copy of a stored file, to be read from the start and closed.

    Raises :class:`Skipped` when there are no bytes or more than ``at_most``, or :class:`StorageFailed`. The hash of a
    file of up to ``hashed`` bytes is told all the same. With ``only_pictures`` no more than the beginning of anything
    else is read.
    """
    fill = partial(_filled, file=file, at_most=at_most, hashed=hashed, only_pictures=only_pictures)
    if has_temporary_files():
        try:
            return fill(Copy(on_disk=True))
        except _DiskFull as full:
            logger.warning(
                "A temporary file could not be written (%s): the picture is held in memory.",
                full,
                extra={"event": "temporary_files_full"},
            )
    return fill(Copy(on_disk=False))


def _filled(copy: Copy, *, file: Picture, at_most: int, hashed: int, only_pictures: bool) -> Copy:
    digest = hashlib.sha256()
    try:
        for chunk in stored_files.read_chunks(file):
            if only_pictures and not copy.byte_size and not beginnings.is_picture(chunk):
                raise Skipped(Code.NO_PICTURE, Problem.FILE_IS_NO_PICTURE())
            copy.byte_size += len(chunk)
            if copy.byte_size > max(at_most, hashed):
                raise too_large()
            digest.update(chunk)
            if copy.byte_size <= at_most:
                with _failures_of_the_disk():
                    copy.write(chunk)
        copy.sha256 = digest.hexdigest()
        if copy.byte_size > at_most:
            refused = too_large()
            refused.sha256, refused.byte_size = copy.sha256, copy.byte_size
            raise refused
        if not copy.byte_size:
            raise Skipped(Code.EMPTY_FILE, Problem.FILE_EMPTY())
        with _failures_of_the_disk():
            copy.seek(0)  # Which writes what is left.
    except BaseException as error:
        copy.close()
        if copy.byte_size > at_most and isinstance(error, StorageFailed):
            raise too_large() from error
        raise
    return copy


@contextmanager
def _failures_of_the_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _DiskFull(error.strerror) from error


def has_temporary_files() -> bool:
    """Return whether there is a directory for temporary files that can be written."""
    try:
        return bool(tempfile.gettempdir())
    except FileNotFoundError:
        return False
