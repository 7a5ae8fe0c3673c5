"""The protections of the project's own columns of how pictures stand."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "stale save of the project's object",
        "fields.py",
        "            return F(self.name)",
        "            return getattr(model_instance, self.attname)",
        "tests/test_fields.py -k stale_object",
    ),
    Protection(
        "column is due with the decision",
        "reviewing/decide.py",
        "**moved, **standing_columns.due())",
        "**moved)",
        "tests/test_standing_columns.py -k dies_after_the_commit",
    ),
    Protection(
        "column before the answer",
        "reviewing/decide.py",
        "    standing_columns.write_after_commit(image, patience=standing_columns.PATIENCE)\n",
        "",
        "tests/test_standing_columns.py -k answer_to_a_decision",
    ),
    Protection(
        "column of a file that was removed",
        "reviewing/placing.py",
        "        **_LEFT,\n        **standing_columns.due(),\n",
        "        **_LEFT,\n",
        "tests/test_standing_columns.py -k comes_back_by_an_update",
    ),
    Protection(
        "change while a column is written",
        "standing_columns.py",
        "version=image.version, column_due_at=image.column_due_at)",
        ")",
        "tests/test_standing_columns.py -k change_during_the_writing",
    ),
    Protection(
        "what a dead process has left",
        "scanning/sweep.py",
        "        filling.write_due()\n",
        "",
        "tests/test_standing_columns.py -k dies_after_the_commit",
    ),
    Protection(
        "column that is not filled",
        "publishing/own_columns.py",
        "self.kept if is_filled else self.expression",
        "self.kept",
        "tests/test_standing_columns.py -k restored_database",
    ),
    Protection(
        "restored database",
        "scanning/restore.py",
        "        filling.begin_anew()\n",
        "",
        "tests/test_standing_columns.py -k restored_database",
    ),
)
