"""Where the bytes of a picture are: one small protocol behind everything that reads them."""

from dataclasses import dataclass
from typing import IO, Protocol, cast

from django.core.files.storage import Storage


class Picture(Protocol):
    """The bytes of a picture by their name, at the place where its object keeps them. Nothing here is decoded.

    Everything raises what that place raises: FileNotFoundError for what is not there, whatever else for a failure.
    """

    @property
    def name(self) -> str:
        """Return what the object holds: the name in a storage, a key, an address."""

    def open(self) -> IO[bytes]:
        """Open the bytes anew, from their start."""

    def url(self) -> str:
        """Return the place's own address of the picture; raise ValueError or NotImplementedError without one."""

    def state(self) -> str:
        """Return what changes when other bytes come under the same name, "" where that cannot be told unread."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a storage."""

    storage: Storage
    name: str

    def open(self) -> IO[bytes]:
        return cast("IO[bytes]", self.storage.open(self.name, "rb"))

    def url(self) -> str:
        return self.storage.url(self.name)

    def state(self) -> str:
        """Return size and time of the file as the storage tells them, of which some storages know neither."""
        told = []
        for ask in (self.storage.size, self.storage.get_modified_time):
            try:
                told.append(str(ask(self.name)))
            except NotImplementedError:
                continue
        return " ".join(told)
