"""Why a file was not measured: what reading, inspecting and copying it can raise."""

from django_copyleaks_image import formats
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem, SentenceError


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


def too_large() -> Skipped:
    """Return the reason for which a file with too many bytes is not measured."""
    if conf.FIT:
        return Skipped(Code.TOO_LARGE, Problem.FILE_TOO_LARGE_TO_COPY(limit=formats.MAX_BYTES))
    return Skipped(Code.TOO_LARGE, Problem.FILE_TOO_LARGE_TO_SEND())


def note_picture(scan: ImageScan, picture: formats.PictureFacts) -> None:
    """Note on a scan what the header of its file says."""
    scan.width, scan.height = picture.width, picture.height
    scan.image_format, scan.orientation = picture.format, picture.orientation
    scan.several_frames = picture.animated
