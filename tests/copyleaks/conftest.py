from collections.abc import Iterator

import pytest
from django.core.cache import cache

from django_copyleaks_image.copyleaks import login_limit

from .server import Server, login_reply, running


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _logins_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the database out of it."""
    monkeypatch.setattr(login_limit, "_admit", lambda: 0.0)


@pytest.fixture
def vendor() -> Iterator[Server]:
    """A vendor that knows the account; what else it answers, the test says."""
    with running(Server()) as server:
        server.answer("/v3/account/login/api", login_reply())
        yield server
