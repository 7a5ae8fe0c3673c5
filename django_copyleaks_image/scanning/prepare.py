"""Bytes to hash, size and format: what the vendor would refuse is skipped before anything is paid."""

import hashlib
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import BoundedSemaphore
from typing import IO, NamedTuple, cast

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.db import Error as AnyDatabaseError
from django.db.models import Model

from django_copyleaks_image import beginnings, formats, limits, registry
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.fetch import FetchedTooMuch, FetchFailed, FetchRefused
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.outcomes import Code, sentence
from django_copyleaks_image.problems import Problem, SentenceError
from django_copyleaks_image.sources import Picture

logger = logging.getLogger(__name__)

# Larger files are not even hashed: what a person decides about one holds for this upload alone.
MAXIMUM_HASHED = 256 * 1024 * 1024

CHUNK = 64 * 1024
STATE_LENGTH = 200
# What storages raise for a file that is not there: Django's own and django-storages' for S3 the first, those for Azure
# and Google Cloud the errors of their libraries, which are known by name so that none of them need be installed.
_NOT_FOUND = frozenset({"FileNotFoundError", "ResourceNotFoundError", "NotFound"})
_FORBIDDEN = frozenset({"PermissionError", "Forbidden", "AccessDenied", "403", "AuthorizationFailure"})
IN_MEMORY = 2 * 1024 * 1024
# A storage that drips must not outlast everything. One that hangs in a single call can only be noticed from outside.
READ_SECONDS = 120.0
# Copies without a disk to write to, and how long one waits for another to be done with.
_IN_MEMORY_AT_ONCE = BoundedSemaphore(2)
MEMORY_SECONDS = 30.0


class NotMeasured(SentenceError):
    """What was found out about the bytes all the same: their hash and number, "" and None where they were not read.

    ``code`` is stored; ``state`` is what the storage told of the file. One ``at_measuring`` may be of a file that is
    being written: later the whole of it was read.
    """

    code: Code
    sha256: str = ""
    byte_size: int | None = None
    state: str = ""
    at_measuring = False
    picture: formats.PictureFacts | None = None

    def note_on(self, scan: ImageScan) -> None:
        """Leave with a scan what was found out about its file, for its end."""
        scan.file_state = self.state
        if self.sha256:
            scan.sha256, scan.byte_size = self.sha256, self.byte_size
        if self.picture is not None:
            note_picture(scan, self.picture)


class Skipped(NotMeasured):
    """The file will not be scanned; the message says why and what would help."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Replaced(Exception):
    """The object no longer holds the file of this scan; ``reason`` is stored."""

    def __init__(self, reason: Code) -> None:
        super().__init__(reason)
        self.reason = reason


class SharedFailed(NotMeasured):
    """Something that all pictures share failed: worth another try. ``cause`` is at fault.

    One that ``lasts`` does not go away by itself: where others fare better, it is the picture's own after few tries.
    """

    cause: Cause
    lasts = False


class StorageFailed(SharedFailed):
    """The storage raised while the file was read."""

    code = Code.STORAGE_FAILED
    cause = Cause.STORAGE


class NotPermitted(StorageFailed):
    """The storage has the file, and does not let us read it."""

    code = Code.FILE_NOT_PERMITTED
    lasts = True


class TooSlow(StorageFailed):
    """The storage takes longer than one file may take."""

    code = Code.SLOW_FILE
    lasts = True


class NotDecoded(StorageFailed):
    """Nothing was found out about the picture, for a reason that is not its own."""

    code = Code.NOT_DECODED
    cause = Cause.DECODER


class _DiskFull(Exception):
    """A temporary file could not be written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What was measured of the stored bytes: hash, size in bytes, size in pixels and format.

    ``copy`` is what is to be sent in their place, None if they are sent as they are. ``state`` is what the storage told
    of the file before it was read. One that ``is_cut_off`` may be being written.
    """

    sha256: str
    byte_size: int
    picture: formats.PictureFacts
    state: str
    is_cut_off: bool
    copy: formats.CopyOrder | None = None

    def as_not_whole(self) -> Skipped:
        """Return the reason for which a file that is cut off is not sent yet."""
        cut_off = Skipped(Code.UNREADABLE_IMAGE, Problem.FILE_CUT_OFF())
        cut_off.sha256, cut_off.byte_size, cut_off.state = self.sha256, self.byte_size, self.state
        cut_off.at_measuring = True
        return cut_off


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


class Held(NamedTuple):
    """An object, and the file of it that a scan is about."""

    instance: Model
    file: Picture


def stored_file(scan: ImageScan) -> Picture:
    """Return the file of a scan, not opened; raises what :func:`held_file` raises."""
    return held_file(scan).file


def held_file(scan: ImageScan) -> Held:
    """Return the object of a scan and its file, not opened.

    Raises :class:`Replaced` when the object is gone or holds another file by now, and :class:`StorageFailed` for what a
    source of the project raises.
    """
    model = scan.content_type.model_class()
    if model is None:
        raise Replaced(Code.MODEL_REMOVED)
    try:
        field = registry.picture_field(model, scan.field_name)
    except ImproperlyConfigured:
        raise Replaced(Code.FIELD_REMOVED) from None
    target = scan.target
    if target is None:
        raise Replaced(Code.FILE_REMOVED)
    with _failures_of_the_source():
        name = registry.stored_name(target, field)
    if not name or not scan.file_name:  # The name is forgotten when the picture was deleted.
        raise Replaced(Code.FILE_REMOVED)
    if name != scan.file_name:
        raise Replaced(Code.FILE_REPLACED)
    with _failures_of_the_source():
        return Held(target, field.picture(target, name))


def measure(file: Picture) -> Facts:
    """Read a stored file once and return its facts.

    Raises :class:`Skipped` with the reason, or :class:`StorageFailed`; both with the hash of what could be read.
    """
    # Before the bytes: whatever is written from now on changes it, and is noticed later.
    state = state_of(file)
    most_bytes = formats.MAX_BYTES if conf.FIT else _limits().most_bytes
    try:
        with copied(file, at_most=most_bytes, hashed=MAXIMUM_HASHED, only_pictures=True) as copy:
            return _measured(copy, state)
    except NotMeasured as error:
        error.state, error.at_measuring = state, True
        raise


def _measured(copy: Copy, state: str) -> Facts:
    content, picture = cast("IO[bytes]", copy), None
    try:
        picture = _inspect(content)
        return Facts(
            sha256=copy.sha256,
            byte_size=copy.byte_size,
            picture=picture,
            state=state,
            is_cut_off=beginnings.is_cut_off(content, copy.byte_size),
            copy=_copy_to_send(picture, copy.byte_size),
        )
    except NotMeasured as error:
        error.sha256, error.byte_size, error.picture = copy.sha256, copy.byte_size, picture
        raise


def state_of(file: Picture) -> str:
    """Return what a storage tells of a file without reading it, "" when that is nothing, or the storage failed.

    Whoever reads the file then hears of the failure.
    """
    try:
        return file.state()[:STATE_LENGTH]
    except Exception:  # noqa: BLE001 - storages raise what their backend raises
        return ""


def hash_of(file: Picture) -> str:
    """Read a stored file and return its hash; raises :class:`Skipped` or :class:`StorageFailed`."""
    digest, size = hashlib.sha256(), 0
    for chunk in read_chunks(file):
        size += len(chunk)
        if size > MAXIMUM_HASHED:
            raise _too_large()
        digest.update(chunk)
    return digest.hexdigest()


def note_picture(scan: ImageScan, picture: formats.PictureFacts) -> None:
    """Note on a scan what the header of its file says."""
    scan.width, scan.height = picture.width, picture.height
    scan.image_format, scan.orientation = picture.format, picture.orientation
    scan.several_frames = picture.animated


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
            logger.warning("A temporary file could not be written (%s): the picture is held in memory.", full)
    return fill(Copy(on_disk=False))


def _filled(copy: Copy, *, file: Picture, at_most: int, hashed: int, only_pictures: bool) -> Copy:
    digest = hashlib.sha256()
    try:
        for chunk in read_chunks(file):
            if only_pictures and not copy.byte_size and not beginnings.is_picture(chunk):
                raise Skipped(Code.NO_PICTURE, Problem.FILE_IS_NO_PICTURE())
            copy.byte_size += len(chunk)
            if copy.byte_size > max(at_most, hashed):
                raise _too_large()
            digest.update(chunk)
            if copy.byte_size <= at_most:
                with _failures_of_the_disk():
                    copy.write(chunk)
        copy.sha256 = digest.hexdigest()
        if copy.byte_size > at_most:
            too_large = _too_large()
            too_large.sha256, too_large.byte_size = copy.sha256, copy.byte_size
            raise too_large
        if not copy.byte_size:
            raise Skipped(Code.EMPTY_FILE, Problem.FILE_EMPTY())
        with _failures_of_the_disk():
            copy.seek(0)  # Which writes what is left.
    except BaseException as error:
        copy.close()
        if copy.byte_size > at_most and isinstance(error, StorageFailed):
            raise _too_large() from error
        raise
    return copy


@contextmanager
def _failures_of_the_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _DiskFull(error.strerror) from error


def _too_large() -> Skipped:
    if conf.FIT:
        return Skipped(Code.TOO_LARGE, Problem.FILE_TOO_LARGE_TO_COPY(limit=formats.MAX_BYTES))
    return Skipped(Code.TOO_LARGE, Problem.FILE_TOO_LARGE_TO_SEND())


def has_temporary_files() -> bool:
    """Return whether there is a directory for temporary files that can be written."""
    try:
        return bool(tempfile.gettempdir())
    except FileNotFoundError:
        return False


def read_chunks(file: Picture) -> Iterator[bytes]:
    """Yield the bytes of a stored file, opened anew through its storage.

    Raises :class:`Skipped` when the file does not exist, :class:`StorageFailed` for any other failure and when it
    takes longer than :data:`READ_SECONDS`.
    """
    deadline = time.monotonic() + READ_SECONDS
    with opened(file) as stream:
        for block in blocks(stream):
            if time.monotonic() > deadline:
                raise TooSlow(Problem.STORAGE_SLOW(seconds=READ_SECONDS))
            yield block


def opened(file: Picture) -> IO[bytes]:
    """Open a stored file anew through its storage; raises what :func:`read_chunks` raises."""
    with _failures_of_the_storage():
        return file.open()


def rewound(stream: IO[bytes]) -> bool:
    """Go back to the start of a stream and return True, or False when it cannot; raises :class:`StorageFailed`."""
    with _failures_of_the_storage():
        if stream.seekable():
            stream.seek(0)
            return True
    return False


def blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of a stream in blocks of :data:`CHUNK` bytes, of which only the last may be shorter."""
    while block := _block(stream):
        yield block


def _block(stream: IO[bytes]) -> bytes:
    block = b""
    with _failures_of_the_storage():
        # A storage may return less than it was asked for before the end.
        while len(block) < CHUNK and (piece := stream.read(CHUNK - len(block))):
            block += piece
    return block


@contextmanager
def _failures_of_the_source() -> Iterator[None]:
    """Tell what functions of the project raise, and a storage that cannot be made, as a storage that failed."""
    try:
        yield
    except AnyDatabaseError:
        raise
    except Exception as error:
        raise StorageFailed(Problem.STORAGE_RAISED(error=type(error).__name__)) from error


@contextmanager
def _failures_of_the_storage() -> Iterator[None]:
    try:
        yield
    except SuspiciousOperation:  # Outside of the storage, or a name that no file can have.
        raise Skipped(Code.SUSPICIOUS_NAME, sentence(Code.SUSPICIOUS_NAME)) from None
    except FetchRefused as error:
        raise Skipped(Code.ADDRESS_REFUSED, error.message) from None
    except FetchedTooMuch:
        raise _too_large() from None
    except FetchFailed as error:
        raise StorageFailed(error.message) from None
    except Exception as error:
        names = {each.__name__ for each in type(error).__mro__}
        if names & _NOT_FOUND:
            raise Skipped(Code.MISSING_FILE, Problem.FILE_NOT_FOUND()) from None
        # Storages raise what their backend raises. Their texts may hold credentials, so only the type is kept.
        failure = NotPermitted if names & _FORBIDDEN or _answered_code(error) in _FORBIDDEN else StorageFailed
        raise failure(Problem.STORAGE_RAISED(error=type(error).__name__)) from error


def _answered_code(error: Exception) -> str:
    """Return the code of a refusal by S3 (botocore's ``ClientError``) or Azure (``HttpResponseError``), "" without."""
    response = getattr(error, "response", None)
    told = response.get("Error") if isinstance(response, dict) else None
    code = told.get("Code") if isinstance(told, dict) else getattr(error, "error_code", "")
    return str(code)


def _inspect(copy: IO[bytes]) -> formats.PictureFacts:
    with failures_of_the_picture():
        return pool.inspect(copy)


@contextmanager
def failures_of_the_picture() -> Iterator[None]:
    """Let what :mod:`~.decoding.pool` raises name a picture that ends for it, or try again what is not to blame."""
    try:
        yield
    except pool.Busy:
        raise
    except formats.TooComplex as error:
        raise Skipped(Code.TOO_COMPLEX, error.message) from None
    except (formats.DecoderMissing, formats.UnknownKind) as error:  # It begins like a picture, see beginnings.py.
        raise Skipped(Code.UNSUPPORTED_FORMAT, error.message) from None
    except formats.UnreadablePicture as error:
        raise Skipped(Code.UNREADABLE_IMAGE, error.message) from None
    except pool.DecodingFailed as error:
        raise NotDecoded(error.message) from error


def _limits() -> limits.Limits:
    return limits.LIMITS[conf.MODE]


def _copy_to_send(picture: formats.PictureFacts, byte_size: int) -> formats.CopyOrder | None:
    enlarges = conf.SMALL_PICTURES == "enlarge"
    try:
        return limits.copy_to_send(picture, byte_size, _limits(), fits=conf.FIT, enlarges=enlarges)
    except limits.NotTaken as reason:
        raise Skipped(reason.code, reason.message) from None
