from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client


@pytest.fixture
def staff(db: None) -> Any:
    """Make a client of a member of staff who has just the named permissions, such as ``view_imagescan``."""

    def make(*codenames: str) -> Client:
        user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert user.user_permissions.count() == len(codenames)
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def moderator(staff: Any) -> Client:
    """A client of a member of staff who may view scans, receipts and photos."""
    client: Client = staff("view_imagescan", "view_webhookreceipt", "view_photo")
    return client
