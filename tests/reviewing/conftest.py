from typing import Any

import pytest
from django.contrib.auth import get_user_model


@pytest.fixture
def ada(db: None) -> Any:
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def ben(db: None) -> Any:
    return get_user_model().objects.create_user("ben")
