import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from django_copyleaks_image import registry
from django_copyleaks_image.emulator import Emulator


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    cache.clear()
    yield
    shutil.rmtree(tmp_path / "media", ignore_errors=True)


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
