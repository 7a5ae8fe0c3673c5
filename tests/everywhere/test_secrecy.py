"""No address of an endpoint is in any mail or log, although the requests never reach our views."""

import http.client
import quopri
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from django_copyleaks_image.scanning import addresses

from .conftest import OpenSite
from .site import Site

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

SCAN_ID = "0b8f5a0e-6a55-4a4f-9f5e-0d1a6e0f7c11"
WEBHOOK = addresses.webhook_token(SCAN_ID)
MEDIA = addresses.media_token(SCAN_ID).partition(":")[2]
PATHS = (f"/copyleaks/webhook/{SCAN_ID}/{WEBHOOK}/", f"/copyleaks/media/{SCAN_ID}:{MEDIA}/holiday.jpg")
REFUSALS = ("maintenance", "forbidden", "suspicious", "missing", "failure", "login")


def ask(site: Site, path: str, *, method: str = "POST", host: str = "open.example", refusal: str = "") -> int:
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=20)
    headers = {"Host": host, "X-Refusal": refusal, "Referer": f"https://open.example{path}"}
    try:
        connection.request(method, path, b"{}", headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("server", ["wsgi-logged", "asgi-logged"])
def test_requests_that_never_reach_us(server: str, open_site: OpenSite, tmp_path: Path) -> None:
    site = open_site("refusing", server=server)
    statuses = {}
    for path in PATHS:
        statuses["host"] = ask(site, path, host="photos.example.org")
        statuses["double slash"] = ask(site, f"/{path}")
        statuses["doubled within"] = ask(site, path.replace("/copyleaks/", "/copyleaks//"))
        statuses["no slash at the end"] = ask(site, path.removesuffix("/"), method="GET")
        statuses["in a query"] = ask(site, f"/nowhere/?next={path}")
        statuses["stranger"] = ask(site, path)
        for refusal in REFUSALS:
            statuses[refusal] = ask(site, path, refusal=refusal)
        assert ask(site, "/nowhere/", method="GET") == 404

    mails = "".join(quopri.decodestring(file.read_bytes()).decode("latin-1") for file in (tmp_path / "mails").iterdir())
    log = site.log("server")
    assert statuses["host"] == statuses["suspicious"] == 400
    assert statuses["maintenance"] == 503
    assert statuses["failure"] == 500
    assert statuses["double slash"] == statuses["stranger"] == 404
    assert "Logging error" not in log
    for told in (log, mails):
        assert [secret for secret in (WEBHOOK, MEDIA) if secret in told] == []
        assert "/nowhere/" in told
        assert "RuntimeError" in told
        assert told.count("[hidden]") > 2 * len(statuses)
