"""What migrations of a project call, so that what was measured and decided follows a field to its new name.

Only historical models are used: the operation does what it does however old or new the tables are, and nothing in a
database that does not hold them.
"""

from typing import Any, cast

from django.apps.registry import Apps
from django.core.exceptions import FieldDoesNotExist
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Exists, OuterRef, Q
from django.db.models.constants import LOOKUP_SEP

from .picture_fields import KEY_MARK
from .standings import DECIDED

__all__ = ["RenameWatchedField"]

_OURS = "copyleaks_image"


class RenameWatchedField(Operation):
    """Give the scans, pictures and decisions of a watched field its new name; beside ``RenameField``, in any order.

    ``model_name`` is the model of the migration's app whose table has the column. The names may be of values within
    JSON (``"meta__cover"``); a renamed JSON column takes all values within it along. With ``":"`` at their ends they
    are those of several pictures, which stand in no column. Where the new name has pictures already, since the site
    ran without this operation, decisions are moved to them, and a picture that was decided before gives way only to
    another file or a newer decision. Raises FieldDoesNotExist when the model has neither.
    """

    reversible = True
    reduces_to_sql = False
    elidable = False

    def __init__(self, model_name: str, old_name: str, new_name: str) -> None:
        self.model_name, self.old_name, self.new_name = model_name, old_name, new_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: no model of the project does."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._rename(app_label, schema_editor, to_state, self.old_name, self.new_name)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._rename(app_label, schema_editor, from_state, self.new_name, self.old_name)

    def describe(self) -> str:
        return f"Rename the watched field {self.old_name} on {self.model_name} to {self.new_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"rename_watched_{self.old_name.lower()}_{self.new_name.lower()}"

    def _rename(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, state: ProjectState, old: str, new: str
    ) -> None:
        self._check_names(app_label, state)
        alias = schema_editor.connection.alias
        tables = _present_tables(schema_editor.connection)
        if tables is None or not self.allow_migrate_model(alias, tables.get_model(_OURS, "ImageScan")):
            return
        rows = _Rows(tables, alias, app_label, self.model_name.lower())
        for held_name in rows.names(old):
            rows.rename(held_name, new + held_name.removeprefix(old))
        rows.rename_labels(old, new)

    def _check_names(self, app_label: str, state: ProjectState) -> None:
        if self.old_name.endswith(KEY_MARK) and self.new_name.endswith(KEY_MARK):
            return
        fields = state.models[app_label, self.model_name.lower()].fields
        if not any(name.split(LOOKUP_SEP)[0] in fields for name in (self.old_name, self.new_name)):
            raise FieldDoesNotExist(
                f"{app_label}.{self.model_name} has neither {self.old_name!r} nor {self.new_name!r}. Name the model "
                f"whose table has the column."
            )


def _present_tables(connection: BaseDatabaseWrapper) -> Apps | None:
    """Return the models as the migrations that were applied here have left them, None where none of ours was.

    The state that an operation is given knows our models by chance: migrations are undone in an order in which ours
    may come later than those of the project.
    """
    loader = MigrationLoader(connection)
    ours = [key for key in loader.applied_migrations or () if key[0] == _OURS and key in loader.graph.nodes]
    return cast("Apps", loader.project_state(ours).apps) if ours else None


class _Rows:
    """What is kept about the pictures of one model, in one database."""

    def __init__(self, tables: Apps, alias: str, app_label: str, model_name: str) -> None:
        def objects(app: str, name: str) -> Any:
            return tables.get_model(app, name)._base_manager.using(alias)

        content_type = objects("contenttypes", "ContentType").filter(app_label=app_label, model=model_name).first()
        self._label = f"{app_label}.{model_name}"
        self._scans = objects(_OURS, "ImageScan").filter(content_type=content_type)
        self._images = objects(_OURS, "WatchedImage").filter(content_type=content_type)
        self._decisions = objects(_OURS, "Decision")
        self._accounts = objects(_OURS, "AccountState")

    def names(self, column: str) -> list[str]:
        """Return the names under which there are rows: the column's own, and those of values within its JSON."""
        within = column if column.endswith(KEY_MARK) else f"{column}{LOOKUP_SEP}"
        is_of_column = Q(field_name=column) | Q(field_name__startswith=within)
        found: set[str] = set()
        for rows in (self._scans, self._images):
            found.update(rows.filter(is_of_column).order_by().values_list("field_name", flat=True).distinct())
        # Databases differ in whether "Image" begins with "image".
        return sorted(name for name in found if _is_of_column(name, column))

    def rename(self, old: str, new: str) -> None:
        early = self._images.filter(field_name=old)
        same_object = self._images.filter(field_name=new, object_id=OuterRef("object_id"))
        for first in early.filter(Exists(same_object)).iterator():
            self._merge(first, self._images.get(field_name=new, object_id=first.object_id))
        early.update(field_name=new)
        self._scans.filter(field_name=old).update(field_name=new)

    def _merge(self, early: Any, late: Any) -> None:
        """Keep one of two rows about the picture of an object, with the decisions of both."""
        is_same_file = early.file_name == late.file_name and late.sha256 in ("", early.sha256)
        is_decided = early.standing in DECIDED and late.standing not in DECIDED
        kept, dropped = (early, late) if is_same_file and is_decided else (late, early)
        self._decisions.filter(image=dropped).update(image=kept)
        dropped.delete()

    def rename_labels(self, old: str, new: str) -> None:
        """Rename the marks of reconciliation, and how far the full scan has come."""
        old, new = old.removesuffix(KEY_MARK), new.removesuffix(KEY_MARK)
        for account in self._accounts.all():
            progress = account.full_scan_progress
            fields = self._renamed(progress.get("fields", {}), old, new)
            account.watermarks = self._renamed(account.watermarks, old, new)
            account.full_scan_progress = progress | {"fields": fields} if fields else progress
            account.save(update_fields=["watermarks", "full_scan_progress"])

    def _renamed(self, marks: dict[str, Any], old: str, new: str) -> dict[str, Any]:
        renamed = dict(marks)
        for label in marks:
            model_label, _, name = label.rpartition(".")
            if model_label.lower() == self._label and _is_of_column(name, old):
                renamed[f"{model_label}.{new}{name.removeprefix(old)}"] = renamed.pop(label)
        return renamed


def _is_of_column(name: str, column: str) -> bool:
    if column.endswith(KEY_MARK):
        return name.startswith(column)
    return name == column or name.startswith(f"{column}{LOOKUP_SEP}")
