"""What happens on the site, told as JSON in the last line: run in a process of its own."""

import json
import logging
import re
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.neighbours.tenants import site

told: dict[str, Any] = {}


def public_url(scan: Any) -> str:
    """Let Copyleaks reach acme at its own domain, as the how-to does, and all others at the host of the site."""
    from django_copyleaks_image import tenants

    origin = recipe()["public_url"](scan) if tenants.current() == "acme" else f"https://{site.HOSTS['public']}"
    return f"{origin.replace('https://', 'http://')}:{told['port']}"


def recipe() -> dict[str, Any]:
    """Return what the how-to has a project write."""
    page = (Path(__file__).parents[3] / "docs" / "tenants.rst").read_text()
    found = re.search(r"    # customers/addresses.py\n((?:    .*\n|\n)+)", page)
    assert found is not None
    names: dict[str, Any] = {}
    exec(textwrap.dedent(found[1]), names)
    return names


def main() -> None:
    with site.database():
        site.set_up()
        acme, zoo = site.make_tenants()
        with site.served() as told["port"]:
            tell(acme, zoo)
    told.pop("port")
    print(json.dumps(told))


def tell(acme: Any, zoo: Any) -> None:
    from django.conf import settings

    from django_copyleaks_image.emulator import Emulator

    with Emulator(latency=0.0, webhook_retries=(0.1, 0.2)) as copyleaks:
        ours = {"API_URL": copyleaks.url, "ID_URL": copyleaks.url, "PUBLIC_URL": public_url, "RATE_LIMIT": 1000}
        settings.COPYLEAKS_IMAGE = settings.COPYLEAKS_IMAGE | ours
        told["checks"] = checks()
        heard = told["heard"] = listen()
        upload(acme, "ai-37.jpg", "navy")
        upload(zoo, "human.jpg", "navy")
        with logged("django_copyleaks_image.worker") as told["log"], asked() as told["asked"], working():
            until(lambda: len(heard) == 2)
        told["scans"] = {it.schema_name: scans_of(it) for it in (acme, zoo)}
        told["desks"] = {it.schema_name: pictures_at_the_desk(it) for it in (acme, zoo)}
        nobody()  # The client's requests were answered in this thread.
        upload(acme, "waiting.jpg", "olive")
        told["figures"] = {it.schema_name: waiting(it) for it in (acme, zoo)}
        upload(zoo, "waiting.jpg", "olive")
        told["work"] = pieces_of_work(acme, zoo)
        told["worker of one"] = worker_of_one(acme, zoo)
        told["strangers"] = strangers(acme)


def checks() -> list[str]:
    from django.core import checks

    found = checks.run_checks(databases=["default"])
    return sorted(it.id for it in found if it.id and it.id.startswith("copyleaks_image."))


def listen() -> list[Any]:
    from django_copyleaks_image import tenants
    from django_copyleaks_image.signals import scan_completed

    heard: list[Any] = []

    def hear(*, scan: Any, instance: Any, **kwargs: Any) -> None:
        heard.append([tenants.current(), scan.verdict, instance.title, Path(instance.image.path).parts[-3]])

    scan_completed.connect(hear, weak=False)
    return heard


def upload(tenant: Any, name: str, colour: str) -> Any:
    from django_copyleaks_image import tenants
    from tests.gallery.models import Photo

    with tenants.active(tenant):
        return Photo.objects.create(title=name, image=site.picture(name, colour))


@contextmanager
def working() -> Iterator[None]:
    """Let one worker work for the whole site."""
    from django_copyleaks_image.worker import Worker

    worker = Worker(threads=4, poll_seconds=0.05)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def until(is_so: Any) -> None:
    ends = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)


@contextmanager
def logged(name: str) -> Iterator[list[Any]]:
    """Keep warnings and errors of a logger."""
    entries: list[Any] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            entries.append([getattr(record, "event", ""), getattr(record, "tenant", record.getMessage())])

    handler = Keep(logging.WARNING)
    logging.getLogger(name).addHandler(handler)
    try:
        yield entries
    finally:
        logging.getLogger(name).removeHandler(handler)


@contextmanager
def asked() -> Iterator[list[Any]]:
    """Keep at which host each endpoint was asked, and for whom."""
    from django.core.signals import request_started

    requests: list[Any] = []

    def keep(*, environ: dict[str, Any], **kwargs: Any) -> None:
        path = environ["PATH_INFO"]
        named = re.search(r"clsig_[\w-]+\.(\w+)/", path)
        requests.append([path.split("/")[2], environ["HTTP_HOST"].split(":")[0], named and named[1]])

    request_started.connect(keep)
    try:
        yield requests
    finally:
        request_started.disconnect(keep)


def scans_of(tenant: Any) -> list[Any]:
    from django_copyleaks_image import tenants
    from django_copyleaks_image.api import latest_scan
    from django_copyleaks_image.models import ImageScan, WebhookReceipt
    from tests.gallery.models import Photo

    with tenants.active(tenant):
        [photo] = Photo.objects.all()
        latest = latest_scan(photo, "image")
        assert latest is not None
        [scan] = ImageScan.objects.all()
        assert latest == scan
        return [photo.pk, scan.pk, photo.title, scan.verdict, WebhookReceipt.objects.count()]


def client_of(tenant: Any) -> Any:
    from django.contrib.auth.models import User
    from django.test import Client

    from django_copyleaks_image import tenants

    with tenants.active(tenant):
        user, _ = User.objects.get_or_create(username="ada", is_staff=True, is_superuser=True)
        client = Client(headers={"host": site.HOSTS[tenant.schema_name]})
        client.force_login(user)
    return client


def pictures_at_the_desk(tenant: Any) -> list[str]:
    page = client_of(tenant).get("/admin/copyleaks_image/watchedimage/").content.decode()
    return sorted(set(re.findall(r"[\w-]+\.jpg", page)))


def waiting(tenant: Any) -> dict[str, int]:
    """Return a figure of the overview, which is kept in a cache that tenants share."""
    from django_copyleaks_image import tenants
    from django_copyleaks_image.admin.figures import figures

    with tenants.active(tenant):
        return figures(sandbox=False).waiting


def nobody() -> None:
    from django.db import connection

    connection.set_schema_to_public()  # type: ignore[attr-defined]


def strangers(acme: Any) -> dict[str, list[int]]:
    """Return what is answered to Copyleaks, whatever host it asks, and to those who change an address."""
    from django_copyleaks_image import tenants
    from django_copyleaks_image.models import ImageScan
    from django_copyleaks_image.scanning import addresses, submit

    upload(acme, "open.jpg", "teal")
    with tenants.active(acme):
        scan = ImageScan.objects.latest("pk")
        assert submit.work_on_one(scan.scan_id)  # No worker judges its result.
        paths = {
            "POST": addresses.endpoint_path("webhook", scan.scan_id, addresses.webhook_token(scan.scan_id)),
            "GET": addresses.endpoint_path("media", addresses.media_token(scan.scan_id), "picture.jpg"),
        }
    hosts = ("public", "zoo", "acme")
    changed = (".zoo", ".ghost", ".nobody", ".public", ".", "")
    return {
        "copyleaks": [ask(method, host, path) for method, path in paths.items() for host in hosts],
        "others": [
            ask(method, host, path.replace(".acme", name))
            for method, path in paths.items()
            for host in hosts
            for name in changed
        ],
    }


def ask(method: str, host: str, path: str) -> int:
    connection = HTTPConnection(site.HOSTS[host], told["port"], timeout=10)
    try:
        connection.request(method, path, body="{}" if method == "POST" else None)
        return connection.getresponse().status
    finally:
        connection.close()


def pieces_of_work(acme: Any, zoo: Any) -> dict[str, Any]:
    """Return for whom what is done later, or in other threads, is done."""
    from django.db import connection, transaction

    from django_copyleaks_image import tenants
    from django_copyleaks_image.connection_pool import ConnectionPool, checked_in
    from django_copyleaks_image.models import ImageScan
    from django_copyleaks_image.monitoring import bounded
    from django_copyleaks_image.renditions import shelf
    from django_copyleaks_image.scanning import leases

    done: dict[str, Any] = {}

    def note(what: str) -> None:
        done.setdefault(what, []).append(tenants.current())

    with transaction.atomic(), tenants.active(acme):
        tenants.after_commit(lambda: note("commit"), using="default")
    with tenants.active(zoo):
        bounded.within(5, lambda: note("thread"))
        done["folder"] = shelf.place_of("ab/abc.webp")
        pool = ConnectionPool(1)
        for _ in range(2):
            with pool.checked_out():
                connection.ensure_connection()
                note("pool")
                with checked_in():
                    note("checked in")
                note("pool")
        with tenants.active(acme), pool.checked_out():  # The connection that zoo has given back.
            note("connection of another")
            done["seen"] = ImageScan.objects.earliest("pk").target.title
        pool.close_idle(longer_than=0)
        note("after the pool")
    # Rows of two tenants with the same key are held by one process.
    with tenants.active(acme):
        [held] = leases.take([2])
        with tenants.active(zoo):
            [same] = leases.take([2])
            done["held"] = [held.pk, same.pk]
            leases.release(same)
        done["still held"] = leases._keeper().held()
        leases.release(held)
    done["outside"] = tenants.current()
    return done


def worker_of_one(acme: Any, zoo: Any) -> dict[str, bool]:
    """Return for whom something is left waiting by a worker that the command of django-tenants runs for zoo."""
    from django.core.management import execute_from_command_line

    from django_copyleaks_image import tenants
    from django_copyleaks_image.models import ImageScan, scans

    for each in (acme, zoo):
        with tenants.active(each):
            scans().filter(pk=2).update(status="queued", next_attempt_at="2026-01-01T00:00Z")
    command = ["manage.py", "tenant_command", "copyleaks_worker", "--once", "--threads=2", "--schema=zoo"]
    execute_from_command_line(command)
    nobody()
    left = {}
    for each in (acme, zoo):
        with tenants.active(each):
            left[each.schema_name] = ImageScan.objects.get(pk=2).status == ImageScan.Status.QUEUED
    return left
