"""The tables come and go on every database, and a host's settings never ask for another migration."""

from collections.abc import Callable

import pytest

from .databases import OwnDatabases
from .site import Project


@pytest.mark.parametrize("auto_field", ["SmallAutoField", "BigAutoField"])
def test_host_with_other_keys__no_migration_is_missing(
    auto_field: str, project: Callable[..., Project], own_databases: OwnDatabases
) -> None:
    counted = project("counted", own_databases("default"), SITE_AUTO_FIELD=auto_field)

    counted.manage("makemigrations", "--check", "--dry-run", "copyleaks_image")


def test_host_with_other_users__no_migration_is_missing(
    project: Callable[..., Project], own_databases: OwnDatabases
) -> None:
    project("people", own_databases("default")).manage("makemigrations", "--check", "--dry-run")


def test_migrations_are_reversible__with_rows(project: Callable[..., Project], own_databases: OwnDatabases) -> None:
    project("base", own_databases("default")).run("tests.everywhere.migrate_back")


def test_renamed_field_and_model__keep_verdicts_and_decisions(
    project: Callable[..., Project], own_databases: OwnDatabases
) -> None:
    project("albums", own_databases("default")).run("tests.everywhere.rename")
