"""A callback and a fetch through the nginx and the gunicorn of ``docs/deploy``, over sockets."""

import gzip
import hashlib
import os
import random
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.urls import reverse

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState, ImageScan, WebhookReceipt
from django_copyleaks_image.scanning import addresses
from tests.documents import DOCS
from tests.processes import Process, environment_of, free_port
from tests.samples import as_json, clean, detection, only_scan, photo, picture, submitted

from .nginx import HOST, PROGRAM, Nginx

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

GUIDE = (DOCS / "howto" / "client_certificates.rst").read_text(encoding="utf-8")
LARGE = 8_000_000


@pytest.fixture
def gunicorn(tmp_path: Path, configure: Callable[..., None], settings: Any) -> Iterator[tuple[Process, int]]:
    """Serve the database of the test by the configuration of the documents; trust whom the guide says."""
    configure(CLIENT_CERTIFICATE_HEADER="X-Client-Certificate", TRUSTED_PROXIES=["127.0.0.1"])
    port = free_port()
    environment = os.environ | environment_of(settings)
    command = [
        "gunicorn",
        "--config",
        str(DOCS / "deploy" / "gunicorn.conf.py"),
        "--bind",
        f"127.0.0.1:{port}",
    ]
    application = "tests.everywhere.sites.wsgi:application"
    with Process("gunicorn", *command, application, folder=tmp_path, environment=environment) as running:
        running.wait_for(port)
        yield running, port


@pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed")
def test_site_behind_nginx(gunicorn: tuple[Process, int], tmp_path: Path) -> None:
    process, site_port = gunicorn
    content = picture(size=(1200, 1000), colour="olive") + random.Random(1).randbytes(2_000_000)
    photo("olive.jpg", content)
    scan = submitted(only_scan())
    ImageScan.objects.update(sha256=hashlib.sha256(content).hexdigest(), byte_size=len(content))
    token, media_token = addresses.webhook_token(scan.scan_id), addresses.media_token(scan.scan_id)
    webhook = reverse("copyleaks_image:webhook", args=(scan.scan_id, token))
    media = reverse("copyleaks_image:media", args=(media_token, "olive.jpg"))
    certificate_lines = "\n".join(f"    {line}" for line in nginx_lines_of_the_guide())
    changes = {'    proxy_set_header X-Client-Certificate "";': certificate_lines}

    with Nginx(tmp_path, site_port, changes) as nginx:
        session = visitor(nginx, tmp_path)
        origin = f"https://127.0.0.1:{nginx.port}"

        # Copyleaks fetches the picture, and delivers a large result, a packed one, and one of unknown length.
        fetched = session.get(f"{origin}{media}", timeout=20)
        assert (fetched.status_code, fetched.content == content) == (200, True)
        large = as_json(detection(scan, padding="x" * LARGE))
        delivered = session.post(f"{origin}{webhook}", large, timeout=20)
        assert (delivered.status_code, delivered.json()) == (200, {})
        packed = gzip.compress(as_json(detection(scan)))
        headers = {"Content-Encoding": "gzip"}
        assert session.post(f"{origin}{webhook}", packed, headers=headers, timeout=20).status_code == 200
        chunked = session.post(f"{origin}{webhook}", iter([as_json(clean(scan))]), timeout=20)
        assert chunked.status_code == 200
        sizes = set(WebhookReceipt.objects.values_list("byte_size", flat=True))
        assert len(large) in sizes
        assert len(sizes) == 3

        # Nobody else is let in, whatever header they send. The site reads no body of theirs, and cuts off a large one.
        thumbprint = AccountState.objects.get().certificate_thumbprints[0]
        stranger = visitor(nginx, tmp_path, shows_certificate=False)
        forged = stranger.post(f"{origin}{webhook}", b"{}", headers={"X-Client-Certificate": thumbprint}, timeout=20)
        assert forged.status_code == 404
        assert stranger.get(f"{origin}/admin/login/", timeout=20).status_code == 200

        # What is too large ends in nginx, at the limit of the app.
        too_large = session.post(f"{origin}{webhook}", b"x" * (conf.WEBHOOK_MAX_BYTES + 1), timeout=20)
        assert (too_large.status_code, "nginx" in too_large.text) == (413, True)

        plain = f"http://127.0.0.1:{nginx.plain_port}"
        assert stranger.post(f"{plain}{webhook}", b"{}", timeout=20).status_code == 404
        assert stranger.get(f"{plain}/photos/", allow_redirects=False, timeout=20).status_code == 301

        # What nginx has to tell of a site that is away, and of an address that is written oddly.
        process.kill()
        assert session.post(f"{origin}{webhook}", large, timeout=20).status_code == 502
        assert session.get(f"{origin}//%63opyleaks{media.removeprefix('/copyleaks')}", timeout=20).status_code == 502

    written = nginx.logged() + "\n".join(process.lines())
    assert token not in written
    assert media_token.partition(":")[2] not in written
    for entry in (
        '"POST /copyleaks/webhook/[hidden] HTTP/1.1" 200',
        '"POST /copyleaks/webhook/[hidden] HTTP/1.1" 413',
        '"POST /copyleaks/webhook/[hidden] HTTP/1.1" 502',
        '"GET /copyleaks/media/[hidden] HTTP/1.1" 200',
        '"GET /copyleaks/media/[hidden] HTTP/1.1" 502',
        '"GET /admin/login/ HTTP/1.1" 200',
    ):
        assert entry in written


def nginx_lines_of_the_guide() -> list[str]:
    block = GUIDE.split(".. code-block:: nginx\n\n", 1)[1]
    lines = [line.strip() for line in block.split("\n\n", 1)[0].splitlines()]
    assert len(lines) == 2
    return lines


def visitor(nginx: Nginx, folder: Path, *, shows_certificate: bool = True) -> requests.Session:
    """Return a session that trusts nginx, and that shows the certificate of Copyleaks, as the site knows it."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(folder / "authority.pem")
    session.headers.update({"Host": HOST, "Content-Type": "application/json"})
    if shows_certificate:
        certificate = nginx.authority.issue_cert("copyleaks.example.org")
        shown = folder / "copyleaks.pem"
        certificate.private_key_and_cert_chain_pem.write_to_path(str(shown))
        der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
        thumbprint = hashlib.sha1(der, usedforsecurity=False).hexdigest()
        AccountState.objects.update_or_create(pk=1, defaults={"certificate_thumbprints": [thumbprint]})
        session.cert = str(shown)
    return session
