"""WSGI and ASGI, with a transaction around every request and without."""

import pytest

from .conftest import OpenSite
from .road_of_a_picture import travel

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
@pytest.mark.parametrize("name", ["base", "atomic"])
def test_server(name: str, server: str, open_site: OpenSite) -> None:
    travel(open_site(name, server=server))
