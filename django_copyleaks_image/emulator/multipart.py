"""Take a ``multipart/form-data`` body apart (RFC 7578); it is already in memory and bounded."""

from email.message import Message
from email.parser import BytesHeaderParser

from .answers import Refusal


def read_multipart(content_type: str, body: bytes) -> dict[str, bytes]:
    """Return the content of every named part; raise Refusal for a malformed body."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if not boundary:
        raise Refusal(30, "The multipart boundary is missing.", param="Content-Type")
    form: dict[str, bytes] = {}
    # Every delimiter begins with a line break, the first one only if something precedes it.
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("utf-8", "replace"))
    if not parts or not parts.pop().startswith(b"--"):
        raise Refusal(30, "The multipart body is cut short.", param="body")
    for part in parts:
        head, separator, content = part.partition(b"\r\n\r\n")
        name = BytesHeaderParser().parsebytes(head.lstrip()).get_param("name", header="content-disposition")
        if not separator or not isinstance(name, str):
            raise Refusal(30, "A part of the multipart body has no name.", param="body")
        form[name] = content
    return form
