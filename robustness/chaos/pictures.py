"""Small real pictures, each with bytes of its own, made in a millisecond or two."""

from io import BytesIO

from PIL import Image
from PIL.PngImagePlugin import PngInfo

# The smallest that Copyleaks takes.
SIDE = 512
TOO_SMALL = 100


def picture(image_format: str, colour: int, mark: str, *, side: int = SIDE) -> bytes:
    """Return a plain picture in one of 2^24 colours with a comment; marks of one length make files of one length."""
    stream = BytesIO()
    image = Image.new("RGB", (side, side), f"#{colour:06x}")
    if image_format == "PNG":
        comment = PngInfo()
        comment.add_text("Comment", mark)
        image.save(stream, "PNG", pnginfo=comment)
    else:
        image.save(stream, image_format, comment=mark)
    return stream.getvalue()
