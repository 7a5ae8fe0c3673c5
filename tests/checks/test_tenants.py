"""django-tenants, played: tests/neighbours has the real one."""

from typing import Any

import pytest
from django.apps import apps

from django_copyleaks_image.checks.tenants import check_schemas


@pytest.fixture
def django_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    is_installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "django_tenants" or is_installed(name))


def told(settings: Any, **changes: Any) -> list[str]:
    for name, value in changes.items():
        setattr(settings, name, value)
    messages = check_schemas()
    assert {message.id for message in messages} <= {"copyleaks_image.E067"}
    return [message.msg for message in messages]


OURS = "django_copyleaks_image.apps.CopyleaksImageConfig"


@pytest.mark.usefixtures("django_tenants")
@pytest.mark.parametrize(
    "changes",
    [
        {"SHARED_APPS": ["shop", "django_copyleaks_image"], "TENANT_APPS": ["gallery"]},
        {"SHARED_APPS": ["shop", OURS], "TENANT_APPS": ["gallery", OURS]},
        {"TENANT_TYPES": {"main": {"APPS": ["django_copyleaks_image"]}}, "PUBLIC_SCHEMA_NAME": "main"},
    ],
)
def test_tables_that_tenants_share__are_refused(changes: dict[str, Any], settings: Any) -> None:
    [message] = told(settings, **changes)

    assert "SHARED_APPS" in message


@pytest.mark.usefixtures("django_tenants")
def test_tables_of_each_tenant__are_not_supported(settings: Any) -> None:
    [message] = told(settings, SHARED_APPS=["shop"], TENANT_APPS=["django_copyleaks_image"])

    assert "does not support django-tenants" in message


def test_nothing_is_told__without_django_tenants(settings: Any) -> None:
    assert told(settings, SHARED_APPS=["django_copyleaks_image"]) == []
