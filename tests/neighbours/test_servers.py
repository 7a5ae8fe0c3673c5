"""The whole road of a picture through servers that the other tests do not have: uploads, callbacks, fetches, pages."""

import pytest

from tests.everywhere.conftest import OpenSite, copyleaks, open_site
from tests.everywhere.road_of_a_picture import travel

from .conftest import need

__all__ = ["copyleaks", "open_site"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

NEEDED = {"gevent": ("gevent",), "daphne": ("daphne",), "uwsgi": ("uwsgidecorators",)}


@pytest.mark.parametrize("server", NEEDED)
def test_server(server: str, open_site: OpenSite) -> None:
    need(*NEEDED[server])

    # What servers warn of is theirs.
    travel(open_site("base", server=server, PYTHONWARNINGS="ignore"))
