"""What a project cannot have is a system check error, before anything else goes wrong."""

from typing import Any

import pytest
from django.core import checks


def ids() -> set[str | None]:
    return {message.id for message in checks.run_checks(databases=[]) if message.is_serious()}


def test_times_without_a_zone(settings: Any) -> None:
    settings.USE_TZ = False

    assert "copyleaks_image.E019" in ids()


def test_users_in_another_database_than_scans(settings: Any) -> None:
    settings.DATABASE_ROUTERS = ["tests.everywhere.routers.UsersApart"]

    assert "copyleaks_image.E020" in ids()


@pytest.mark.parametrize("name", ["MediaApart", "ReadsFromReplica"])
def test_other_routers__are_fine(name: str, settings: Any) -> None:
    settings.DATABASE_ROUTERS = [f"tests.everywhere.routers.{name}"]

    assert not ids() & {"copyleaks_image.E019", "copyleaks_image.E020"}
