"""Writes what is held about somebody: as JSON, one picture after the other, or as a ZIP with the files."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from . import held
from .whose import Target

# Of the list of pictures, which is written last; more is on the disk meanwhile.
_IN_MEMORY = 1024 * 1024


class _Text(Protocol):
    def write(self, text: str, /) -> Any: ...


def write_json(
    out: _Text, label: str, targets: Iterable[Target], person: Any = None, *, keep: held.Keep | None = None
) -> int:
    """Write everything to a text stream, and return of how many pictures."""
    head = {"subject": label, "exported_at": timezone.now(), "moderation": person and held.moderation(person)}
    out.write(_json(head)[:-1] + ', "pictures": [')
    number = 0
    for number, picture in enumerate(held.pictures(targets, held.Moderators(person), keep), 1):
        out.write(("" if number == 1 else ",") + "\n" + _json(picture))
    out.write("\n]}\n")
    return number


def write_zip(path: Path, label: str, targets: Iterable[Target], person: Any = None) -> int:
    """Write everything to a new file that only its user may read; raise FileExistsError when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with (
            os.fdopen(descriptor, "wb") as stream,
            ZipFile(stream, "w", ZIP_DEFLATED) as archive,
            tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8") as data,
        ):
            number = write_json(data, label, targets, person, keep=archive.writestr)
            data.seek(0)
            with archive.open("data.json", "w") as entry:
                shutil.copyfileobj(_Encoded(data), entry)
    except BaseException:
        # Half of it would look like all of it.
        with suppress(OSError):
            path.unlink()
        raise
    return number


class _Encoded:
    """Reads a text stream as bytes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        text: str = self._stream.read(size)
        return text.encode()


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder)
