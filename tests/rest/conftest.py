from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests.admin.conftest import bert, rule, staff  # noqa: F401

API = "/api/copyleaks/"


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.rest.urls"


@pytest.fixture
def api(staff: Callable[..., Any]) -> Callable[..., APIClient]:  # noqa: F811
    """Make a client of a member of staff who has just the named permissions."""

    def make(*codenames: str) -> APIClient:
        known = staff(*codenames)
        client = APIClient()
        client.force_login(User.objects.get(pk=known.session["_auth_user_id"]))
        return client

    return make


@pytest.fixture
def reader(api: Callable[..., APIClient]) -> APIClient:
    """A client of a member of staff who may see everything and decide nothing."""
    return api("view_watchedimage", "view_imagescan", "view_decision", "view_photo")


@pytest.fixture
def reviewer(api: Callable[..., APIClient]) -> APIClient:
    """A client of a member of staff who may decide about pictures."""
    return api("view_watchedimage", "decide_watchedimage", "view_photo")
