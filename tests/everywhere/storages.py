"""A storage of the host's own that has neither paths nor addresses, as a store behind a network has none."""

import os
from pathlib import Path
from typing import IO

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage


class PathlessStorage(Storage):
    def __init__(self) -> None:
        self._files = FileSystemStorage(Path(os.environ["SITE_FOLDER"]) / "far away")

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        return self._files.open(name, mode)

    def _save(self, name: str, content: IO[bytes]) -> str:
        return self._files.save(name, content)

    def exists(self, name: str) -> bool:
        return self._files.exists(name)

    def url(self, name: str | None) -> str:
        return f"https://far-away.example.org/{name}"
