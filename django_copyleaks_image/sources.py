"""Where the bytes of a picture are: two small protocols behind everything that names, reads or hands out pictures.

A :class:`Source` says what a column means: a file of a ``FileField``, a key in a storage, an address. A
:class:`Picture` is what it finds. A project may write sources of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Protocol, cast

from django.core.files.storage import Storage, storages
from django.core.files.storage.handler import InvalidStorageError
from django.db.models import Field, FileField, Model, TextField
from django.db.models.fields.files import FieldFile

from .copyleaks.fetch_errors import FetchedNothing, FetchFailed, FetchRefused

__all__ = ["FieldFiles", "Picture", "Several", "Source", "StorageKey", "StoredFile", "Url"]

# Of one fetch, redirects included. Larger pictures are none that anybody measures.
FETCH_SECONDS = 60.0
STATE_SECONDS = 10.0
FETCH_BYTES = 64 * 1024 * 1024
FETCHED_IN_MEMORY = 2 * 1024 * 1024

_TEXT = ("CharField", "TextField", "SlugField")


class Picture(Protocol):
    """The bytes of a picture by their name, at the place where its object keeps them. Nothing here is decoded.

    Everything raises what that place raises: FileNotFoundError for what is not there, whatever else for a failure.
    """

    @property
    def name(self) -> str:
        """Return what the object holds: the name in a storage, a key, an address."""

    @property
    def is_direct(self) -> bool:
        """Return whether Copyleaks is given the place's own address, whatever ``MEDIA_ACCESS`` says."""

    def open(self) -> IO[bytes]:
        """Open the bytes anew, from their start."""

    def url(self) -> str:
        """Return the place's own address of the picture; raise ValueError or NotImplementedError without one."""

    def state(self) -> str:
        """Return what changes when other bytes come under the same name, "" where that cannot be told unread."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a storage; ``key`` is its name there if the object calls it by another."""

    storage: Storage
    name: str
    key: str = ""

    is_direct = False

    def open(self) -> IO[bytes]:
        return cast("IO[bytes]", self.storage.open(self.key or self.name, "rb"))

    def url(self) -> str:
        return self.storage.url(self.key or self.name)

    def state(self) -> str:
        """Return size and time of the file as the storage tells them, of which some storages know neither."""
        told = []
        for ask in (self.storage.size, self.storage.get_modified_time):
            try:
                told.append(str(ask(self.key or self.name)))
            except NotImplementedError:
                continue
        return " ".join(told)


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedPicture:
    """A picture under an address of the web, which is fetched anew each time it is read."""

    name: str
    address: str
    is_direct: bool
    allow_origin: str | None

    def open(self) -> IO[bytes]:
        """Fetch the picture whole; raises FileNotFoundError, and what :func:`.copyleaks.fetch.fetch_into` raises."""
        from .copyleaks.fetch import fetch_into  # noqa: PLC0415 - for those who watch addresses alone

        content = SpooledTemporaryFile(max_size=FETCHED_IN_MEMORY)  # noqa: SIM115 - whoever reads it closes it
        try:
            fetch_into(
                cast("IO[bytes]", content),
                self.address,
                max_bytes=FETCH_BYTES,
                timeout=FETCH_SECONDS,
                allow_origin=self.allow_origin,
            )
            content.seek(0)
        except BaseException as error:
            content.close()
            if isinstance(error, FetchedNothing):
                raise FileNotFoundError(error.message) from None
            raise
        return cast("IO[bytes]", content)

    def url(self) -> str:
        return self.address

    def state(self) -> str:
        """Return what the host tells of the picture's bytes, "" if it tells nothing of them, or is not to be asked."""
        from .copyleaks.fetch import state_public  # noqa: PLC0415

        try:
            return state_public(self.address, timeout=STATE_SECONDS, allow_origin=self.allow_origin)
        except FetchedNothing as error:
            raise FileNotFoundError(error.message) from None
        except (FetchFailed, FetchRefused):
            return ""


class Source(Protocol):
    """What the values of a column say about where pictures are. ``value`` is what the object's attribute holds.

    Two sources are equal if they find the same: registrations are compared.
    """

    def problem_with(self, column: "Field[Any, Any]", path: tuple[str, ...]) -> str:
        """Return what keeps this source from reading a column, or a value within its JSON, and "" if nothing does."""

    def name_of(self, column: "Field[Any, Any]", value: Any) -> str | None:
        """Return the name of the picture, "" without one, None while it is not known yet.

        It is what the database holds in this column, byte for byte, since querysets compare it there.
        """

    def picture(self, column: "Field[Any, Any]", value: Any, name: str) -> Picture:
        """Return the picture of that name; nothing is read or asked yet."""


@dataclass(frozen=True, slots=True)
class FieldFiles:
    """The files of a ``FileField``, in the storage that the field, or the file itself, names: what needs no source."""

    def problem_with(self, column: "Field[Any, Any]", path: tuple[str, ...]) -> str:
        if isinstance(column, FileField) and not path:
            return ""
        return (
            "it is no FileField or ImageField. Say with source= where its pictures are, such as StorageKey() or Url()"
        )

    def name_of(self, column: "Field[Any, Any]", value: Any) -> str | None:
        if not value:
            return ""
        is_stored: bool = getattr(value, "_committed", True)
        return str(value) if is_stored else None

    def picture(self, column: "Field[Any, Any]", value: Any, name: str) -> Picture:
        storage = value.storage if isinstance(value, FieldFile) else cast("FileField", column).storage
        return StoredFile(storage, name)


class _NamesInText:
    """Names that stand in a column of text, or within a JSON column."""

    def problem_with(self, column: "Field[Any, Any]", path: tuple[str, ...]) -> str:
        if column.get_internal_type() == "JSONField":
            return "" if path else "it is a JSONField: name the value within it, such as meta__cover"
        if path:
            return f"{column.name!r} is no JSONField, which alone has values within it"
        if isinstance(column, FileField):
            return "it is a FileField, which needs no source"
        return "" if column.get_internal_type() in _TEXT else "its column holds no text"

    def name_of(self, column: "Field[Any, Any]", value: Any) -> str | None:
        if hasattr(value, "resolve_expression"):  # Which the database has computed, and nobody has read back.
            return None
        if value is None or column.get_internal_type() == "JSONField":
            return value if isinstance(value, str) else ""
        return str(column.get_prep_value(value) or "")


@dataclass(frozen=True, slots=True)
class StorageKey(_NamesInText):
    """Keys of files in a storage of ``STORAGES``, as direct uploads leave them in a column of text or JSON.

    ``key`` makes the key in the storage of what the column holds, where that is something else, such as an address.
    """

    alias: str = "default"
    key: Callable[[str], str] | None = None

    def problem_with(self, column: "Field[Any, Any]", path: tuple[str, ...]) -> str:
        try:
            storages[self.alias]
        except InvalidStorageError as error:
            return f"STORAGES has no entry {self.alias!r} that can be used ({error})"
        return super(StorageKey, self).problem_with(column, path)

    def picture(self, column: "Field[Any, Any]", value: Any, name: str) -> Picture:
        return StoredFile(storages[self.alias], name, self.key(name) if self.key else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Url(_NamesInText):
    """Addresses of pictures on the web, which the worker fetches to measure them: public ones by https alone.

    ``address`` makes the address of what the column holds, where that is something else, such as the id at an image
    service. ``direct`` hands the address to Copyleaks as it is, instead of one of our media endpoint, which fetches
    and checks the bytes anew. ``allow_origin`` is exempt from the rules for addresses: a host of your own network,
    such as ``"http://images.internal:8080"``.
    """

    address: Callable[[str], str] | None = None
    direct: bool = False
    allow_origin: str | None = None

    def picture(self, column: "Field[Any, Any]", value: Any, name: str) -> Picture:
        address = self.address(name) if self.address else name
        return FetchedPicture(name=name, address=address, is_direct=self.direct, allow_origin=self.allow_origin)


# Names that stand in no column.
_ANYWHERE: "TextField[str, str]" = TextField(name="names")


@dataclass(frozen=True, slots=True)
class Several:
    """Several pictures of one object, as many as there are: what a function of the project says of it.

    ``names(instance)`` returns the name of each picture by a key that stays with it, such as ``{"front": "a.jpg"}``: it
    is called at every save, and should ask neither the network nor, if it can be helped, the database. ``of`` is the
    source of each name.
    """

    names: Callable[[Any], Mapping[str, str]]
    of: Source

    def problem(self) -> str:
        """Return what keeps the pictures from being found, "" if nothing does."""
        return self.of.problem_with(_ANYWHERE, ())

    def names_in(self, instance: Model) -> dict[str, str]:
        """Return the names by key, without those that are empty; raises what the project's function does."""
        return {str(key): name for key, name in self.names(instance).items() if name}

    def picture(self, name: str) -> Picture:
        return self.of.picture(_ANYWHERE, name, name)
