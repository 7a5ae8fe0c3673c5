"""The storage of renditions where none is configured.

Every web process and every worker reaches the database, which the disk of one of them is not: a default that needs a
shared folder would show nothing on half of all sites.
"""

from io import BytesIO
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import Storage
from django.db.models import QuerySet

from django_copyleaks_image.models import RenditionPart, home_database
from django_copyleaks_image.transactions import atomically

# Below what a default MariaDB takes in one packet, by far.
PART_BYTES = 1024 * 1024


class DatabaseStorage(Storage):
    """Keeps small private files as rows. They have no address."""

    def exists(self, name: str) -> bool:
        return _parts(name).exists()

    def size(self, name: str) -> int:
        return sum(map(len, _parts(name).values_list("content", flat=True)))

    def delete(self, name: str) -> None:
        _parts(name).delete()

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        parts = list(_parts(name).order_by("number").values_list("content", flat=True))
        if not parts:
            raise FileNotFoundError(name)
        return File(BytesIO(b"".join(map(bytes, parts))), name)

    def _save(self, name: str, content: IO[bytes]) -> str:
        pieces = iter(lambda: content.read(PART_BYTES), b"")
        rows = [RenditionPart(name=name, number=number, content=piece) for number, piece in enumerate(pieces)]
        atomically(lambda: _parts(name).bulk_create(rows, ignore_conflicts=True, batch_size=1))
        return name

    def get_available_name(self, name: str, max_length: Any = None) -> str:
        return name  # The same name is given to the same bytes.


def _parts(name: str) -> QuerySet[RenditionPart]:
    return RenditionPart.objects.using(home_database()).filter(name=name)
