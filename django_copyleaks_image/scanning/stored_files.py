"""The file of a scan: found by its object, and read through its storage, whose failures are told apart."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.db import Error as AnyDatabaseError
from django.db.models import Model

from django_copyleaks_image import registry
from django_copyleaks_image.copyleaks.fetch_errors import FetchedTooMuch, FetchFailed, FetchRefused
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.outcomes import Code, sentence
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.sources import Picture

from .unmeasured import NotPermitted, Replaced, Skipped, StorageFailed, TooSlow, too_large

# Larger files are not even hashed: what a person decides about one holds for this upload alone.
MAXIMUM_HASHED = 256 * 1024 * 1024
CHUNK = 64 * 1024
STATE_LENGTH = 200
# What storages raise for a file that is not there: Django's own and django-storages' for S3 the first, those for Azure
# and Google Cloud the errors of their libraries, which are known by name so that none of them need be installed.
_NOT_FOUND = frozenset({"FileNotFoundError", "ResourceNotFoundError", "NotFound"})
_FORBIDDEN = frozenset({"PermissionError", "Forbidden", "AccessDenied", "403", "AuthorizationFailure"})
# A storage that drips must not outlast everything. One that hangs in a single call can only be noticed from outside.
READ_SECONDS = 120.0


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
            raise too_large()
        digest.update(chunk)
    return digest.hexdigest()


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
        raise too_large() from None
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
