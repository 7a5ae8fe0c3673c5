"""What Copyleaks takes, and what is sent of a picture accordingly: the file as it is, a copy that fits, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from .formats import MAX_JPEG_PIXELS, MAX_PIXELS, MAX_WEBP_PIXELS, CopyOrder, PictureFacts
from .outcomes import Code
from .problems import Problem, Sentence, SentenceError


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Formats by their names, sides in pixels and bytes, each of them still taken."""

    formats: frozenset[str]
    longer_side: int = 6000
    shorter_side: int = 4500
    smallest_side: int = 512
    most_bytes: int = 32 * 1024 * 1024 - 1


_CHECKED = frozenset({"JPEG", "PNG", "WEBP", "BMP", "HEIC", "HEIF"})
# By MODE. Sides and bytes are documented for the synchronous endpoint and assumed for the asynchronous one as well, of
# which the formats are documented: https://docs.copyleaks.com/reference/actions/ai-image-detector/check/ .
LIMITS: Mapping[str, Limits] = {"sync": Limits(formats=_CHECKED), "async": Limits(formats=_CHECKED | {"TIFF"})}


class NotTaken(SentenceError):
    """Nothing is sent of the picture; ``code`` is stored, the message says why."""

    def __init__(self, code: Code, message: Sentence) -> None:
        super().__init__(message)
        self.code = code


def copy_to_send(
    picture: PictureFacts, byte_size: int, limits: Limits, *, fits: bool, enlarges: bool
) -> CopyOrder | None:
    """Return the copy that is sent of a picture, None for the file as it is; raise NotTaken.

    ``fits`` allows copies, ``enlarges`` those of pictures that are too small as well.
    """
    refusal = _refusal(picture, byte_size, limits)
    if refusal is None and not (fits and picture.blemished):
        return None
    if not fits and refusal is not None:
        raise refusal
    if refusal is not None and refusal.code == Code.TOO_SMALL and not enlarges:
        raise refusal
    if picture.pixels > (most := _most_pixels_to_copy(picture.format)):
        problem = Problem.TOO_MANY_PIXELS_TO_COPY(width=picture.width, height=picture.height, limit=most)
        raise NotTaken(Code.TOO_LARGE, problem)
    return _order(picture, limits)


def _refusal(picture: PictureFacts, byte_size: int, limits: Limits) -> NotTaken | None:
    """Return why Copyleaks would refuse the file as it is; first that it is too small, which the site decides."""
    sides = {"width": picture.width, "height": picture.height}
    shorter, longer = sorted((picture.width, picture.height))
    if shorter < limits.smallest_side:
        return NotTaken(Code.TOO_SMALL, Problem.SIDES_TOO_SMALL(**sides))
    if picture.format not in limits.formats:
        return NotTaken(Code.UNSUPPORTED_FORMAT, Problem.FORMAT_NOT_TAKEN(format=picture.format))
    if picture.animated:
        return NotTaken(Code.UNSUPPORTED_FORMAT, Problem.SEVERAL_FRAMES())
    if longer > limits.longer_side or shorter > limits.shorter_side:
        return NotTaken(Code.TOO_LARGE, Problem.SIDES_TOO_LARGE(**sides))
    if byte_size > limits.most_bytes:
        return NotTaken(Code.TOO_LARGE, Problem.FILE_TOO_LARGE_TO_SEND())
    return None


def _most_pixels_to_copy(format_name: str) -> int:
    return {"JPEG": MAX_JPEG_PIXELS, "WEBP": MAX_WEBP_PIXELS}.get(format_name, MAX_PIXELS)


def _order(picture: PictureFacts, limits: Limits) -> CopyOrder:
    shorter, longer = sorted((picture.width, picture.height))
    scale = min(1.0, limits.longer_side / longer, limits.shorter_side / shorter)
    if shorter < limits.smallest_side:
        scale = limits.smallest_side / shorter
    scale = min(scale, 1 / picture.reduction) if scale <= 1 else scale
    width, height = (max(1, round(side * scale)) for side in (picture.width, picture.height))
    if min(width, height) < limits.smallest_side or max(width, height) > limits.longer_side:
        code = Code.TOO_LARGE if longer > limits.longer_side else Code.TOO_SMALL
        raise NotTaken(code, Problem.SIDES_TOO_UNEQUAL(width=picture.width, height=picture.height))
    return CopyOrder(width=width, height=height, most_bytes=limits.most_bytes)
