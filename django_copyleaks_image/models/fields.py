"""A column of its own kind."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:
    Base = models.CharField[str, str]
else:
    Base = models.CharField


class ExactCharField(Base):
    """Text that is equal byte by byte or not at all, as the keys of two objects are.

    By most collations of MariaDB "a" equals "A", also in a unique index.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(super().db_parameters(connection))
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters
