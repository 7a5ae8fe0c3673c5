"""Where a host keeps what: its media in one database and the rest in another, or a replica for reading."""

from typing import Any

from django.db.models import Model

OF_MEDIA = frozenset({"gallery"})
OF_SESSIONS = frozenset({"sessions", "auth"})


class MediaApart:
    """The media are in ``default``; scans, and the users and content types that they refer to, in ``moderation``."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return self._home_of(model._meta.app_label)

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return self._home_of(model._meta.app_label)

    def allow_migrate(self, database: str, app_label: str, **hints: Any) -> bool:
        return database == self._home_of(app_label)

    def _home_of(self, app_label: str) -> str:
        return "default" if app_label in OF_MEDIA else "moderation"


class ReadsFromReplica:
    """Reads from ``replica``, as Django's documentation has it; a login must see what was written, here as there."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return "default" if model._meta.app_label in OF_SESSIONS else "replica"

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return True


class UsersApart:
    """What cannot be: users in another database than the scans."""

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return "other" if model._meta.app_label == "auth" else None
