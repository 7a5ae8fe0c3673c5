from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from django.contrib.auth.models import User
from django.db import connection

from django_copyleaks_image.emulator import Emulator

from .databases import OwnDatabases, empty_database
from .site import NAME, PASSWORD, Project, Site

OpenSite: TypeAlias = Callable[..., Site]


@pytest.fixture
def copyleaks() -> Iterator[Emulator]:
    with Emulator(latency=0.0, webhook_retries=(0.1, 0.2)) as running:
        yield running


@pytest.fixture
def open_site(copyleaks: Emulator, tmp_path: Path) -> Iterator[OpenSite]:
    """Serve a site on the database of the tests, with a moderator; takes the arguments of :class:`Site`."""
    with ExitStack() as running:

        def serve(name: str, **arguments: Any) -> Site:
            User.objects.create_superuser(NAME, password=PASSWORD)
            databases = {"default": str(connection.settings_dict["NAME"])}
            return running.enter_context(
                Site(name, folder=tmp_path, copyleaks=copyleaks, databases=databases, **arguments)
            )

        yield serve


@pytest.fixture
def open_own_site(copyleaks: Emulator, tmp_path: Path, own_databases: OwnDatabases) -> Iterator[OpenSite]:
    """Serve a site on databases of its own, with the named aliases, whose tables it makes itself."""
    with ExitStack() as running:

        def serve(name: str, *aliases: str, **arguments: Any) -> Site:
            databases = own_databases(*aliases)
            site = running.enter_context(
                Site(name, folder=tmp_path, copyleaks=copyleaks, databases=databases, **arguments)
            )
            site.prepare()
            return site

        yield serve


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    """Return a project that is not served, for its commands."""

    def make(name: str, databases: Mapping[str, str], **environment: str) -> Project:
        return Project(name, folder=tmp_path, databases=databases, options={}, **environment)

    return make


@pytest.fixture
def own_databases(tmp_path: Path, transactional_db: None) -> Iterator[OwnDatabases]:
    """Make empty databases on the server of the tests and return their names by alias."""
    with ExitStack() as made:
        yield lambda *aliases: {alias: made.enter_context(empty_database(alias, tmp_path)) for alias in aliases}
