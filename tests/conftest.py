import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.sites import all_sites
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management.commands import flush
from django.db.backends.base.base import BaseDatabaseWrapper

from django_copyleaks_image import registry, standing_columns
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.scanning import arrival, clock, leases


@pytest.fixture(scope="session", autouse=True)
def _quick_flush() -> Iterator[None]:
    """Keep content types and permissions between tests: to make them anew took a quarter of the time of a run."""

    def sql_flush(
        style: Any, connection: BaseDatabaseWrapper, reset_sequences: bool = True, allow_cascade: bool = False
    ) -> list[str]:
        present = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        tables = sorted(present - {model._meta.db_table for model in (ContentType, Permission)})
        return connection.ops.sql_flush(style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", sql_flush)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *arguments, **named: None)
        yield


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()
    yield
    shutil.rmtree(tmp_path / "media", ignore_errors=True)


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    """Keep what one test claims and never works on from the next, whose rows have the same keys."""
    yield
    leases.forget_everything()


@pytest.fixture(autouse=True)
def _no_column_is_filled() -> Iterator[None]:
    """Let no test believe what another has filled."""
    yield
    standing_columns.forget_filled()


@pytest.fixture(scope="session", autouse=True)
def _addresses_are_settled() -> None:
    """Import the addresses before a test takes an admin away or puts a site in the place of Django's."""
    import_module(settings.ROOT_URLCONF)


@pytest.fixture(autouse=True)
def _no_admin_site_is_left() -> Iterator[None]:
    """Let no test find the admin site of another that nothing has collected yet."""
    before = set(all_sites)
    yield
    for site in set(all_sites) - before:
        all_sites.discard(site)


@pytest.fixture(scope="session", autouse=True)
def _time_for_pictures() -> Iterator[None]:
    """Give children time on the clock: a machine that is busy with tests is no reason to fail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "BRIEF", pool.Patience(cpu_seconds=pool.BRIEF.cpu_seconds, seconds=60))
        patch.setattr(pool, "LONG", pool.Patience(cpu_seconds=2, seconds=60))
        yield


@pytest.fixture(scope="session", autouse=True)
def _clocks_are_compared_once() -> Iterator[None]:
    """Let no test count one query more than another because a minute was over."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "COMPARED_EVERY", float("inf"))
        yield


@pytest.fixture(autouse=True)
def _no_file_is_awaited(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a first look be the last, but for the tests that are marked with ``awaits_files``."""
    if request.node.get_closest_marker("awaits_files") is None:
        monkeypatch.setattr(arrival, "FRESH", timedelta(0))
        monkeypatch.setattr(arrival, "NEW", timedelta(0))


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """Change keys of ``COPYLEAKS_IMAGE`` for one test."""

    def change(**keys: object) -> None:
        settings.COPYLEAKS_IMAGE = settings.COPYLEAKS_IMAGE | keys

    return change


@pytest.fixture
def watch() -> Iterator[Callable[..., None]]:
    """Register fields for one test."""
    registered = []

    def register(model: Any, field_name: str, **options: Any) -> None:
        registry.register(model, field_name, **options)
        registered.append((model, field_name))

    yield register
    for model, field_name in registered:
        registry.unregister(model, field_name)


@pytest.fixture
def emulator(live_server: Any, configure: Callable[..., None]) -> Iterator[Emulator]:
    """A local Copyleaks that reaches the live site, and that the site is configured for."""
    with Emulator(latency=0.0, webhook_retries=(0.1, 0.2)) as running:
        configure(API_URL=running.url, ID_URL=running.url, PUBLIC_URL=live_server.url, RATE_LIMIT=1000)
        yield running
