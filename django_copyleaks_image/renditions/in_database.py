"""The storage of renditions where none is configured.

Every web process and every worker reaches the database, which the disk of one of them is not: a default that needs a
shared folder would show nothing on half of all sites.
"""

from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, BytesIO, RawIOBase
from typing import IO, TYPE_CHECKING, Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db.models import QuerySet, Sum
from django.db.models.functions import Length

from django_copyleaks_image.models import RenditionPart, home_database
from django_copyleaks_image.transactions import atomically

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Below what a default MariaDB takes in one packet, by far.
PART_BYTES = 1024 * 1024


class DatabaseStorage(Storage):
    """Keeps small private files as rows. They have no address."""

    def exists(self, name: str) -> bool:
        return _parts(name).exists()

    def size(self, name: str) -> int:
        size: int = _parts(name).aggregate(size=Sum(Length("content")))["size"] or 0
        return size

    def delete(self, name: str) -> None:
        _parts(name).delete()

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        first = _part(name, 0)
        if first is None:
            raise FileNotFoundError(name)
        content: IO[bytes] = BytesIO(first)
        if len(first) == PART_BYTES:
            content = BufferedReader(_Parts(name, first), PART_BYTES)
        return File(content, name)

    def _save(self, name: str, content: IO[bytes]) -> str:
        pieces = iter(lambda: content.read(PART_BYTES), b"")
        rows = [RenditionPart(name=name, number=number, content=piece) for number, piece in enumerate(pieces)]
        atomically(lambda: _parts(name).bulk_create(rows, ignore_conflicts=True, batch_size=1))
        return name

    def get_available_name(self, name: str, max_length: Any = None) -> str:
        return name  # The same name is given to the same bytes.


class _Parts(RawIOBase):
    """A file of many parts, of which one is in memory at a time."""

    def __init__(self, name: str, first: bytes) -> None:
        self._name = name
        self._number, self._part = 0, first
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        end = DatabaseStorage().size(self._name) if whence == SEEK_END else 0
        self._position = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: end}[whence] + offset
        return self._position

    def readinto(self, buffer: "Buffer", /) -> int:
        number, offset = divmod(self._position, PART_BYTES)
        if number != self._number:
            self._number, self._part = number, _part(self._name, number) or b""
        target = memoryview(buffer).cast("B")
        piece = self._part[offset : offset + len(target)]
        target[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)


def _part(name: str, number: int) -> bytes | None:
    content = _parts(name).filter(number=number).values_list("content", flat=True).first()
    return None if content is None else bytes(content)


def _parts(name: str) -> QuerySet[RenditionPart]:
    return RenditionPart.objects.using(home_database()).filter(name=name)
