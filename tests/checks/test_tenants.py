"""django-tenants, played: tests/neighbours has the real one."""

from typing import Any

import pytest
from django.apps import apps

from django_copyleaks_image.checks.tenants import check_schemas


@pytest.fixture
def django_tenants(monkeypatch: pytest.MonkeyPatch) -> None:
    is_installed = apps.is_installed
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "django_tenants" or is_installed(name))


def told(settings: Any, **changes: Any) -> list[tuple[str, str]]:
    for name, value in changes.items():
        setattr(settings, name, value)
    return [(str(message.id).removeprefix("copyleaks_image."), message.msg) for message in check_schemas()]


NAME, CONFIG = "django_copyleaks_image", "django_copyleaks_image.apps.CopyleaksImageConfig"
GALLERY = "tests.gallery"


@pytest.mark.usefixtures("django_tenants")
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SHARED_APPS": ["shop", NAME], "TENANT_APPS": [GALLERY]}, "is in SHARED_APPS"),
        ({"SHARED_APPS": ["shop", CONFIG], "TENANT_APPS": [GALLERY, CONFIG]}, "is in SHARED_APPS"),
        ({"SHARED_APPS": ["shop"], "TENANT_APPS": [GALLERY]}, "is not in TENANT_APPS"),
        (
            {
                "HAS_MULTI_TYPE_TENANTS": True,
                "TENANT_TYPES": {"main": {"APPS": [NAME]}, "shop": {"APPS": [GALLERY]}},
                "PUBLIC_SCHEMA_NAME": "main",
            },
            "is in SHARED_APPS",
        ),
    ],
)
def test_tables_that_tenants_share__are_refused(changes: dict[str, Any], problem: str, settings: Any) -> None:
    [(check, message)] = told(settings, **changes)

    assert check == "E067"
    assert problem in message


@pytest.mark.usefixtures("django_tenants")
def test_tables_of_each_tenant__are_sound(settings: Any) -> None:
    assert told(settings, SHARED_APPS=["shop"], TENANT_APPS=[NAME, GALLERY]) == []
    types = {"public": {"APPS": ["shop"]}, "blog": {"APPS": ["blog"]}, "shop": {"APPS": [CONFIG, GALLERY]}}
    assert told(settings, HAS_MULTI_TYPE_TENANTS=True, TENANT_TYPES=types) == []


@pytest.mark.usefixtures("django_tenants")
def test_pictures_that_tenants_share__are_refused(settings: Any) -> None:
    [(check, message)] = told(settings, SHARED_APPS=[GALLERY], TENANT_APPS=[NAME])

    assert check == "E068"
    assert message.startswith("gallery.Photo.image ")


def test_nothing_is_told__without_django_tenants(settings: Any) -> None:
    assert told(settings, SHARED_APPS=[NAME]) == []
