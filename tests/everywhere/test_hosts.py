"""What a host may have of its own: users, keys, storages, gates, addresses."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection

from .conftest import OpenSite
from .optional_packages import needed
from .road_of_a_picture import Upload, travel
from .site import NAME, Project

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]


def test_users_with_uuids_and_mail_addresses(open_own_site: OpenSite) -> None:
    site = open_own_site("people", "default")
    travel(site, moderate=True)
    assert f"{{(None, '{NAME}')}}" in site.run("tests.everywhere.leave")


def test_keys_of_every_kind__in_a_storage_without_paths(open_site: OpenSite) -> None:
    key = str(uuid4())
    heard = travel(
        open_site("keys"),
        Upload(),
        Upload(model="poster", fields={"id": key}, file_field="file"),
        Upload(model="sticker", fields={"code": "north/4_2"}, file_field="file"),
        filters=True,
    )

    assert {(entry["model"], entry["object"]) for entry in heard} >= {("poster", key), ("sticker", "north/4_2")}


def test_strict_project(open_site: OpenSite) -> None:
    needed("rest_framework_simplejwt", package="djangorestframework-simplejwt")

    # More than the one request a day that DRF would let through.
    travel(open_site("strict"), Upload(), Upload())


def test_under_a_path(open_site: OpenSite) -> None:
    # With SCRIPT_NAME, gunicorn refuses every address that does not begin with it.
    travel(open_site("prefixed", prefix="/photos", SCRIPT_NAME="/photos"))


def test_language_in_every_address__and_clocks_far_away(open_site: OpenSite) -> None:
    travel(open_site("abroad", prefix="/en-gb"))


def test_project_without_the_admin(project: Callable[..., Project]) -> None:
    plain = project("plain", {"default": str(connection.settings_dict["NAME"])})

    assert "no issues" in plain.manage("check")
    # Whatever page is the first loads the template tags of every app.
    template = "{% load copyleaks_image %}It works."
    render = f"from django.template import engines; print(engines['django'].from_string({template!r}).render())"
    assert "It works." in plain.manage("shell", "-c", render)
