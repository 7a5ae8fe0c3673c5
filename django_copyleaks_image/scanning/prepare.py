"""Bytes to hash, size and format: what the vendor would refuse is skipped before anything is paid."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

from django_copyleaks_image import beginnings, formats, limits
from django_copyleaks_image.conf import conf
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.sources import Picture

from .spooled import Copy, copied
from .stored_files import MAXIMUM_HASHED, state_of
from .unmeasured import NotDecoded, NotMeasured, Skipped


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
