"""Several databases: media apart from their scans, and a replica to read from."""

import pytest

from .conftest import OpenSite
from .road_of_a_picture import travel
from .site import NAME

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]


def test_media_in_another_database(open_own_site: OpenSite) -> None:
    site = open_own_site("apart", "default", "moderation")

    [heard] = travel(site, moderate=True, filters=True)

    assert heard["database"] == "default"
    assert f"{{(None, '{NAME}')}}" in site.run("tests.everywhere.leave")


def test_replica_to_read_from__is_never_asked_for_what_may_have_changed(open_own_site: OpenSite) -> None:
    [heard] = travel(open_own_site("replica", "default", "replica"), host_lags=True, moderate=True, filters=True)

    assert heard["database"] == "default"
