"""Sites with tenants, each in a process of its own: a schema for each, and a column that tells their rows apart."""

import json
import os
from collections.abc import Mapping
from typing import Any

import pytest

from .conftest import RunScript, need, run_in
from .test_recipes import READY


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Return what happens on a site with a schema for each tenant, one story for all tests."""
    need("django_tenants", "psycopg")
    _need_postgresql()
    environment = {**os.environ, "NEIGHBOURS_FOLDER": str(tmp_path_factory.mktemp("tenants"))}
    printed = run_in(environment, "from tests.neighbours.tenants.story import main\nmain()")
    found: Mapping[str, Any] = json.loads(printed.splitlines()[-1])
    return found


def _need_postgresql() -> None:
    import psycopg

    from .tenants.site import URL

    try:
        psycopg.connect(URL.rpartition("/")[0] + "/postgres", connect_timeout=3).close()
    except psycopg.OperationalError as error:
        (pytest.fail if os.environ.get("NEIGHBOURS_REQUIRED") else pytest.skip)(f"PostgreSQL does not answer: {error}")


pytestmark = pytest.mark.sockets


def test_uploads__are_scanned_in_the_schema_of_their_tenant(told: Mapping[str, Any]) -> None:
    # Both have the same keys and the same bytes: the first row of each, paid for by each, with a receipt of each.
    assert told["scans"] == {
        "acme": [1, 1, "ai-37.jpg", "partly_ai", 1],
        "zoo": [1, 1, "human.jpg", "no_ai", 1],
    }
    # The project's receivers are called for the tenant, in whose folder its storage finds the file.
    assert sorted(told["heard"][:2]) == [
        ["acme", "partly_ai", "ai-37.jpg", "acme"],
        ["zoo", "no_ai", "human.jpg", "zoo"],
    ]


def test_addresses__name_the_tenant_also_at_a_host_that_is_anothers(told: Mapping[str, Any]) -> None:
    assert sorted(told["asked"]) == [
        ["media", "127.0.0.1", "zoo"],
        ["media", "127.0.0.2", "acme"],
        ["webhook", "127.0.0.1", "zoo"],
        ["webhook", "127.0.0.2", "acme"],
    ]


def test_changed_address__opens_nothing(told: Mapping[str, Any]) -> None:
    assert set(told["strangers"]["copyleaks"]) == {200}
    assert set(told["strangers"]["others"]) == {404}


def test_tenant_without_tables__keeps_no_other_from_its_turn(told: Mapping[str, Any]) -> None:
    assert told["log"] == [["turn_failed", "ghost"]]


def test_desk_and_overview__show_what_is_of_the_tenant(told: Mapping[str, Any]) -> None:
    assert told["desks"] == {"acme": ["ai-37.jpg"], "zoo": ["human.jpg"]}
    assert told["figures"] == {"acme": {"review": 1}, "zoo": {}}


def test_work_of_later_or_of_other_threads__is_for_the_tenant(told: Mapping[str, Any]) -> None:
    work = told["work"]

    assert (work["commit"], work["thread"], work["outside"]) == (["acme"], ["zoo"], "")
    assert set(work["pool"] + work["checked in"] + work["after the pool"]) == {"zoo"}
    assert (work["connection of another"], work["seen"]) == (["acme"], "ai-37.jpg")
    assert (work["held"], work["still held"]) == ([2, 2], [2])
    assert work["folder"] == "zoo/ab/abc.webp"


def test_worker_of_one_tenant__leaves_the_others_alone(told: Mapping[str, Any]) -> None:
    assert told["worker of one"] == {"acme": True, "zoo": False}


def test_checks__ask_the_address_of_a_tenant(told: Mapping[str, Any]) -> None:
    assert told["checks"] == ["copyleaks_image.W006"]


MULTITENANT = (
    """
import io, json, sys
from tests.neighbours.site import set_up
set_up(apps=("tests.neighbours.multitenant",))
"""
    + READY
    + """
from django.contrib.auth.models import User
from django_multitenant.utils import set_current_tenant
from tests.neighbours.multitenant.models import Product, Store
from django_copyleaks_image.api import latest_scan, publishable
from django_copyleaks_image.scanning import full_scan, reconcile
acme, zoo = Store.objects.create(name="acme"), Store.objects.create(name="zoo")
made = []
for store, colour in ((acme, "navy"), (zoo, "olive")):
    set_current_tenant(store)
    made.append(Product.objects.create(store=store, image=picture(colour)))
    assert Product.objects.count() == 1
# What is of one tenant is found while another is active, as in a request, and while none is, as in a worker.
found = [latest_scan(each, "image").target == each for each in made]
reconcile.reconcile()
set_current_tenant(None)
reconcile.reconcile()
waiting = sorted(it.target.store.name for it in ImageScan.objects.filter(status="queued"))
set_current_tenant(zoo)
made[1].delete()
set_current_tenant(None)
print(json.dumps([found, waiting, sorted(ImageScan.objects.values_list("status", flat=True)), ids()]))
"""
)


def test_tenants_that_share_tables__are_told_apart_by_their_keys(run_script: RunScript) -> None:
    need("django_multitenant")

    found, waiting, left, checks = json.loads(run_script(MULTITENANT).splitlines()[-1])

    assert found == [True, True]
    assert waiting == ["acme", "zoo"]
    assert left == ["queued", "superseded"]
    assert checks == []
