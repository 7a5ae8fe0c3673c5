"""The whole road of a picture, as a site's moderator walks it: upload, worker, callback, signal, and every page."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from urllib.parse import urldefrag, urljoin

import requests
from PIL import Image

from demo.visitor import Visitor

from .site import Site

FINDING = "AI share of the area: 37"
OURS = "/admin/copyleaks_image/"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture for the add form of a model; the emulator finds in it what the file name says."""

    model: str = "photo"
    fields: dict[str, str] = field(default_factory=dict)
    file_field: str = "image"
    file_name: str = "harbour-ai-37.jpg"


def travel(
    site: Site, *uploads: Upload, moderate: bool = False, filters: bool = False, host_lags: bool = False
) -> list[dict[str, Any]]:
    """Upload, work, wait for the signals and look at every page; return what the host has heard.

    ``moderate`` has the pictures decided about, ``filters`` opens the lists once by every filter as well, and
    ``host_lags`` says that the host itself does not find the uploads yet.
    """
    chosen: Sequence[Upload] = uploads or [Upload()]
    moderator = site.moderator()
    for upload in chosen:
        files = {upload.file_field: (upload.file_name, noise())}
        moderator.submit(f"/admin/gallery/{upload.model}/add/", upload.fields, files=files)
    site.work()
    heard = site.heard(len(chosen))
    assert len(heard) == len(chosen), heard
    assert {(entry["verdict"], entry["error_code"]) for entry in heard} == {("partly_ai", "")}, heard
    if moderate:
        assert "['cleared', 'undone', 'confirmed'] cleared" in site.run("tests.everywhere.moderate")
    knock_as_a_stranger(site)
    of_host = [] if host_lags else [f"/admin/gallery/{upload.model}/" for upload in chosen]
    check_pages(open_every_page(moderator, site, of_host, filters=filters), of_host)
    for process in ("server", "worker"):
        assert "Traceback" not in site.log(process), site.log(process)
        assert "Warning" not in site.log(process), site.log(process)
    return heard


def knock_as_a_stranger(site: Site) -> None:
    """See that both endpoints answer 404 to who knows no secret: no login, no token, no limit and no CSRF failure."""
    for path in ("/copyleaks/webhook/nobody/nothing/", "/copyleaks/media/nothing/picture.jpg"):
        answer = requests.post(site.url + path, json={}, timeout=10, allow_redirects=False)
        assert answer.status_code == 404, (path, answer.status_code)


def open_every_page(moderator: Visitor, site: Site, of_host: Sequence[str], *, filters: bool) -> dict[str, str]:
    """Open what is linked from the admin and is ours, or the host's with our findings; return the texts by path."""
    seen: dict[str, str] = {}
    waiting = ["/admin/", *of_host]
    while waiting:
        link = waiting.pop()
        page = link.partition("=")[0]  # One value of a filter is enough.
        if page in seen:
            continue
        answer = moderator.get(link)
        if answer.status_code == 202:  # A picture that nobody has looked at: the worker draws it.
            site.work()
            answer = moderator.get(link)
        assert answer.status_code == 200, (answer.status_code, link, answer.text[:2000])
        is_page = answer.headers["Content-Type"].startswith("text/html")
        seen[page] = answer.text if is_page else ""
        links = _links(answer.text, answer.url) if is_page else ()
        inside = (found.removeprefix(site.url) for found in links if found.startswith(site.url))
        waiting += [found for found in inside if _is_shown_by_us(found, of_host, filters=filters)]
    return seen


def check_pages(seen: Mapping[str, str], of_host: Sequence[str]) -> None:
    """See that the pages that must be there were among them, and say what was found."""
    assert f"{OURS}imagescan/" in seen
    scan_pages = [text for path, text in seen.items() if re.fullmatch(rf"{OURS}imagescan/\d+/change/", path)]
    assert scan_pages, sorted(seen)
    assert all(FINDING in text for text in scan_pages)
    assert {path.split("/")[4] for path in seen if path.startswith(f"{OURS}imagescan/")} >= {"overlay", "rendition"}
    host_pages = [text for path, text in seen.items() if path.startswith(tuple(of_host)) and path.endswith("/change/")]
    assert len(host_pages) == len(of_host), sorted(seen)
    assert all(FINDING in text for text in host_pages)


def noise(width: int = 640, height: int = 520) -> bytes:
    """Return a picture that no other call returns: equal bytes would share a result."""
    file = BytesIO()
    Image.frombytes("L", (width, height), os.urandom(width * height)).save(file, "JPEG", quality=30)
    return file.getvalue()


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [
            value for name in ("href", "src", "data-overlay") if tag != "link" and (value := values.get(name))
        ]


def _links(page: str, base: str) -> Iterator[str]:
    parser = _Links()
    parser.feed(page)
    return (urldefrag(urljoin(base, link)).url for link in parser.found)


def _is_shown_by_us(link: str, of_host: Sequence[str], *, filters: bool) -> bool:
    path, _, query = link.partition("?")
    # Filters are tried one by one; a name with an underscore is Django's, and leads back.
    if query and (not filters or "&" in query or query.startswith("_")):
        return False
    if path.startswith(OURS):
        return True
    return path.startswith(tuple(of_host)) and (path.endswith("/change/") or "copyleaks" in query)
