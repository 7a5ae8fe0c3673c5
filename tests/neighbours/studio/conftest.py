import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_static.models import StaticDevice


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    yield
    # To clear it would empty the whole of Redis.
    cache.delete_pattern("*")  # type: ignore[attr-defined]
    shutil.rmtree(tmp_path / "media", ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _collected_static_files() -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_in_redis() -> Iterator[None]:
    """Take out what was kept between tests and after the last: django-cachalot would keep it for ever."""
    yield
    cache.delete_pattern("*")  # type: ignore[attr-defined]


@pytest.fixture
def signed_in(db: None) -> Callable[[User], Client]:
    """Return a client of somebody who has shown a token."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = StaticDevice.objects.create(user=user, name="keys").persistent_id
        session.save()
        return client

    return sign_in


@pytest.fixture
def moderator(signed_in: Callable[[User], Client]) -> Client:
    return signed_in(User.objects.create_superuser("moderator", password="correct horse"))
