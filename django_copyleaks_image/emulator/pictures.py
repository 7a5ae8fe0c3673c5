"""Open a picture as the vendor does: refuse what is too large, too small, of another format or damaged."""

import struct
import zlib
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from .answers import Refusal

# https://docs.copyleaks.com/reference/actions/ai-image-detector/check ; the same limits are assumed for the
# asynchronous endpoint.
MAX_BYTES = 32 * 1024 * 1024
MIN_SIDE = 512
MAX_LONG_SIDE, MAX_SHORT_SIDE = 6000, 4500

# A progressive JPEG has ten or so. Each is read over the whole picture, so that thousands would take hours.
MAX_JPEG_SCANS = 200
_START_OF_SCAN = b"\xff\xda"

CHECK_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
SUBMIT_FORMATS = (*CHECK_FORMATS, "TIFF")

# How Pillow's decoders meet damaged data; the warning counts where a test run turns warnings into errors.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    UserWarning,
    struct.error,
    zlib.error,
)


def measure(content: bytes, formats: tuple[str, ...]) -> tuple[int, int]:
    """Return width and height in pixels; raise Refusal for a picture the vendor would not scan.

    They are the dimensions as stored. Whether the vendor turns a picture by its EXIF orientation is unknown.
    """
    if len(content) >= MAX_BYTES:
        raise Refusal(6)
    picture = _open(content, formats)
    if picture.format == "JPEG" and content.count(_START_OF_SCAN) > MAX_JPEG_SCANS:
        raise Refusal(14)
    width, height = picture.size
    _check_size(width, height)
    try:
        # A scaled-down decoding reads all of a JPEG and costs a fraction.
        picture.draft(None, (MIN_SIDE // 4, MIN_SIDE // 4))
        picture.load()
    except _DAMAGE as error:
        raise Refusal(14) from error
    return width, height


def _check_size(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise Refusal(8, "The image must have at least 512x512 pixels.")
    # The documentation says 6000x4500 and 27 megapixels; a portrait of 4500x6000 is taken to be as welcome.
    if max(width, height) > MAX_LONG_SIDE or min(width, height) > MAX_SHORT_SIDE:
        raise Refusal(6, "The image must have at most 6000x4500 pixels.")


def _open(content: bytes, formats: tuple[str, ...]) -> Image.Image:
    heif = _open_heif(content)
    if heif is not None:
        return heif
    try:
        return Image.open(BytesIO(content), formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refusal(6) from error
    except UnidentifiedImageError as error:
        raise Refusal(10) from error
    except _DAMAGE as error:
        raise Refusal(14) from error


def _open_heif(content: bytes) -> Image.Image | None:
    """Open HEIC when a decoder is there; registering it would teach HEIC to the host's Pillow, too."""
    name = next(filter(find_spec, ("pillow_heif", "pi_heif")), None)
    if content[4:8] != b"ftyp" or name is None:
        return None
    decoder = import_module(name)
    if not decoder.is_supported(BytesIO(content)):
        return None
    try:
        picture: Image.Image = decoder.HeifImageFile(BytesIO(content))
    except _DAMAGE as error:
        raise Refusal(14) from error
    return picture
