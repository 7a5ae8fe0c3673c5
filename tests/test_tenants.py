"""Tenants, played: for whom something is done, wherever and whenever. ``tests/neighbours`` has the real ones.

All of them have the one schema here, so what is told apart is told apart in memory, in addresses and in names.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command, load_command_class
from django.db import OperationalError, transaction
from django.test import Client

from django_copyleaks_image import standing_columns, tenants
from django_copyleaks_image.admin.figures import figures
from django_copyleaks_image.checks.addresses import check_public_url_of_scans
from django_copyleaks_image.database_errors import Trouble
from django_copyleaks_image.endpoints import media as media_endpoint
from django_copyleaks_image.management import of_tenant
from django_copyleaks_image.models import AccountState, ImageScan, column_progress
from django_copyleaks_image.renditions import shelf
from django_copyleaks_image.renewal import renewed
from django_copyleaks_image.scanning import addresses, leases, submit
from django_copyleaks_image.streaming import streamed
from django_copyleaks_image.task_backends import claims, steps
from django_copyleaks_image.worker import Worker, default_path
from tests.gallery.models import Photo
from tests.samples import only_scan, photo, submitted

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Played:
    schema_name: str


class Connection(threading.local):
    """What django-tenants keeps on the connection of each thread."""

    tenant = Played("public")

    @property
    def schema_name(self) -> str:
        return self.tenant.schema_name

    def set_tenant(self, tenant: Played) -> None:
        self.tenant = tenant


class Rows(list[tenants.Tenant]):
    def filter(self, *, schema_name: str) -> Any:
        found = [it for it in self if it.schema_name == schema_name]
        return SimpleNamespace(first=lambda: found[0] if found else None)

    def order_by(self, _name: str) -> "Rows":
        return self


ACME: tenants.Tenant = Played("acme")
ZOO: tenants.Tenant = Played("zoo")


@pytest.fixture(autouse=True)
def _played(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    settings.TENANT_APPS = ["django_copyleaks_image", "tests.gallery"]
    connection = Connection()
    monkeypatch.setattr(tenants, "are_used", lambda: True)
    monkeypatch.setattr(tenants, "_connection", lambda: connection)
    monkeypatch.setattr(tenants, "_rows", lambda: Rows([ACME, ZOO]))
    yield
    # What ends on its own ends while the tenants are still played.
    for thread in threading.enumerate():
        if thread.name == "renewal":
            thread.join()
    standing_columns.forget_filled()
    leases.forget_everything()


def test_tenant__is_active_in_the_block_alone_also_when_that_fails() -> None:
    assert (tenants.current(), tenants.is_missing(), tenants.names()) == ("", True, [])
    with pytest.raises(ZeroDivisionError), tenants.active(ACME):
        with tenants.active(None):
            assert (tenants.current(), tenants.is_missing(), tenants.names()) == ("acme", False, ["acme"])
        raise ZeroDivisionError
    assert tenants.is_missing()
    assert tenants.each() == [ACME, ZOO]
    with tenants.active(ZOO):
        assert tenants.each() == [ZOO]
    assert (tenants.find("zoo"), tenants.find("nobody"), tenants.get("")) == (ZOO, None, None)
    with pytest.raises(tenants.UnknownTenant, match="There is no tenant 'nobody'"):
        tenants.get("nobody")


def test_work_of_later__is_for_the_tenant_of_now(rf: Any) -> None:
    done: list[str] = []

    def note() -> None:
        done.append(tenants.current())

    def renew() -> None:
        note()
        has_renewed.set()

    has_renewed = threading.Event()
    with transaction.atomic(), tenants.active(ACME):
        tenants.after_commit(note, using="default")
        thread = threading.Thread(target=tenants.carried(note))
        response = streamed(rf.get("/"), (tenants.current() for _ in range(2)))
        with renewed(renew, every=timedelta(milliseconds=1)):
            assert has_renewed.wait(10)
    thread.start()
    thread.join()
    assert set(done) == {"acme"}
    assert b"".join(response) == b"acmeacme"
    assert tenants.is_missing()


def test_tokens__open_for_the_tenant_whom_they_name_alone() -> None:
    with tenants.active(ACME):
        webhook, media = addresses.webhook_token("doctor"), addresses.media_token("doctor")
        assert addresses.opens_webhook("doctor", webhook)
        assert addresses.scan_id_of_media_token(media) == "doctor"
        assert not addresses.opens_webhook("doctor", webhook.removesuffix(".acme"))
    assert (addresses.tenant_of(webhook), addresses.tenant_of(media)) == (ACME, ACME)
    with tenants.active(ZOO):
        for token in (webhook, webhook.replace(".acme", ".zoo"), webhook.replace(".acme", "")):
            assert not addresses.opens_webhook("doctor", token)
        for token in (media, media.replace(".acme", ".zoo"), media.replace(".acme", "")):
            assert addresses.scan_id_of_media_token(token) is None


def test_callback__is_answered_for_the_tenant_whom_it_names(django_assert_num_queries: Any) -> None:
    with tenants.active(ACME):
        photo()
        scan = submitted(only_scan())
        path = addresses.endpoint_path("webhook", scan.scan_id, addresses.webhook_token(scan.scan_id))
        media = addresses.endpoint_path("media", addresses.media_token(scan.scan_id), "a.jpg")
    client = Client()

    assert client.post(path, b"{}", content_type="application/json").status_code == 200
    assert client.post(path.replace(".acme", ".zoo"), b"{}", content_type="application/json").status_code == 404
    # There are no tables to ask where no tenant is named.
    with django_assert_num_queries(0):
        for nobodys in (path, media):
            assert client.post(nobodys.replace(".acme", ".nobody")).status_code == 404
            assert client.get(nobodys.replace(".acme", "")).status_code == 404


def test_fetch__is_answered_for_the_tenant_whom_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[str] = []
    monkeypatch.setattr(media_endpoint, "_waiting_scan", lambda scan_id: asked_for.append(tenants.current()))
    with tenants.active(ACME):
        path = addresses.endpoint_path("media", addresses.media_token("0b8f5a0e"), "a.jpg")

    assert Client().get(path).status_code == 404
    assert asked_for == ["acme"]


def test_save_in_the_public_schema__is_not_followed(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        found = Photo.objects.create(image="photos/a.jpg")
    Photo.objects.filter(pk=found.pk).first().delete()  # type: ignore[union-attr]
    assert not ImageScan.objects.exists()


def test_what_is_kept_in_memory__is_of_one_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases._Keeper, "_start", lambda keeper: None)
    with tenants.active(ACME):
        photo()
        [held] = leases.take([only_scan().pk])
        assert leases._keeper().held() == [held.pk]
        content_type = held.content_type
        column_progress().create(content_type=content_type, field_name="image", filled_at=held.created_at)
        assert standing_columns.is_filled(Photo, "image")
        waiting = figures(sandbox=False).under_way
        places = shelf.place_of("ab/c.webp"), default_path()
    column_progress().all().delete()
    with tenants.active(ZOO):
        # Their row with the same key is another scan.
        assert leases._keeper().held() == []
        assert not standing_columns.is_filled(Photo, "image")
        photo("another.jpg")
        assert (waiting, figures(sandbox=False).under_way) == ({"queued": 1}, {"queued": 2})
        assert places[0] == "acme/ab/c.webp"
        assert shelf.place_of("ab/c.webp") == "zoo/ab/c.webp"
        assert default_path() != places[1]


def test_tasks__are_claimed_and_shown_for_each_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_heartbeat_due", {})
    made = {tenant: [ImageScan(file_name=f"{tenant} {number}") for number in range(2)] for tenant in ("acme", "zoo")}
    monkeypatch.setattr(submit, "claim", lambda _room: made[tenants.current()])
    with tenants.active(ACME), claims.awake():
        assert claims.next_scan(may_claim=True) is made["acme"][0]
        with tenants.active(ZOO), claims.awake():
            assert claims.next_scan(may_claim=False) is None
            assert [claims.next_scan(may_claim=True) for _ in range(2)] == made["zoo"]
        assert claims.next_scan(may_claim=False) is made["acme"][1]
    seen = []
    for tenant in (ACME, ZOO):
        AccountState.objects.update(worker_seen_at=None)
        with tenants.active(tenant):
            steps._show_that_somebody_works()
        seen.append(AccountState.objects.get().worker_seen_at is not None)
    assert seen == [True, True]


def test_round_of_a_task_backend__is_made_for_each_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    swept = []

    def sweep() -> None:
        swept.append(tenants.current())
        if tenants.current() == "acme":
            raise ZeroDivisionError

    monkeypatch.setattr(steps, "_sweep", sweep)
    steps.sweep()
    with tenants.active(ZOO):
        steps.sweep()
    assert swept == ["acme", "zoo", "zoo"]


@pytest.mark.skipif(not find_spec("celery"), reason="the package celery is not installed")
def test_message__names_the_tenant_for_whom_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from django_copyleaks_image.task_backends import celery

    sent, done = [], []
    monkeypatch.setattr(celery.work_on_scan, "apply_async", lambda args, **options: sent.append(args))

    def work_on(scan_id: str, **_: object) -> dict[str, object]:
        done.append((scan_id, tenants.current()))
        return {"another": None}

    monkeypatch.setattr(steps, "work_on", work_on)
    with tenants.active(ACME):
        celery.wake("one")
    celery.work_on_scan.run(*sent[0])
    assert sent == [("one", "acme"), ("another", "acme")]
    assert done == [("one", "acme")]
    with pytest.raises(tenants.UnknownTenant):
        celery.work_on_scan.run("one", "gone")


@pytest.fixture
def worker() -> Worker:
    return Worker(threads=2, poll_seconds=0.01)


def test_worker_of_the_site__takes_turns_and_leaves_out_whose_turn_has_failed(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[str] = []

    def go_round(_worker: Worker) -> None:
        taken.append(tenants.current())
        if len(taken) == 1:
            raise OperationalError("server closed the connection")  # That is of no tenant alone.
        if tenants.current() == "acme":
            raise ZeroDivisionError
        if taken.count("zoo") == 3:
            worker.stop()

    monkeypatch.setattr(Worker, "_go_round", go_round)
    monkeypatch.setattr("django_copyleaks_image.worker.turns.trouble_of", lambda error: Trouble.LOST)

    assert worker.run()

    assert taken == ["acme", "acme", "zoo", "zoo", "zoo"]
    failed = [record for record in caplog.records if getattr(record, "event", "") == "turn_failed"]
    assert [record.__dict__["tenant"] for record in failed] == ["acme"]


def test_turn__ends_while_there_is_more_to_do_once_its_scans_are_finished(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_copyleaks_image.worker.loop.TURN_SECONDS", 0.0)
    monkeypatch.setattr("django_copyleaks_image.worker.loop.renditions.draw_next", lambda: True)
    done: list[str] = []

    def go_round(_worker: Worker) -> None:
        done.append(f"turn of {tenants.current()}")
        worker._scans.put([SimpleNamespace(pk=1)])  # type: ignore[list-item]
        if len(done) > 4:
            worker.stop()

    monkeypatch.setattr(Worker, "_go_round", go_round)
    monkeypatch.setattr(submit, "work_on", lambda scan, **_: done.append(tenants.current()))
    monkeypatch.setattr(Worker, "_give_back_unbegun", lambda _worker: None)

    worker.run()

    assert done[:4] == ["turn of acme", "acme", "turn of zoo", "zoo"]


@pytest.mark.parametrize("tenant", [ACME, None])
def test_worker_once__works_for_one_tenant_or_for_all(
    tenant: tenants.Tenant | None, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(Worker, "_do_once", lambda _worker: done.append(tenants.current()))

    with tenants.active(tenant):
        worker.run_once()

    assert done == (["acme"] if tenant else ["acme", "zoo"])


def test_public_url__may_be_said_for_each_scan(configure: Callable[..., None]) -> None:
    configure(PUBLIC_URL=lambda scan: f"https://{tenants.current()}.example.org/{'' if scan is None else scan.pk}/")
    with tenants.active(ACME):
        photo()
        scan = only_scan()
        assert addresses.webhook_url(scan).startswith(f"https://acme.example.org/{scan.pk}/copyleaks/webhook/")
        assert addresses.probe_url().startswith("https://acme.example.org/copyleaks/webhook/doctor/")


def nowhere(scan: Any) -> str:
    raise ZeroDivisionError("of a secret")


@pytest.mark.parametrize(
    ("public_url", "problem"),
    [
        (lambda scan: "acme.example.org/secret", "must return an origin such as"),
        (lambda scan: "", "must return an origin such as"),
        (lambda scan: None, "must return a string"),
        (nowhere, "raised ZeroDivisionError"),
        ("tests.test_tenants.nowhere", "raised ZeroDivisionError"),
    ],
)
def test_public_url__that_is_none_is_told_where_it_is_used_and_before(
    public_url: object, problem: str, configure: Callable[..., None]
) -> None:
    configure(PUBLIC_URL=public_url)

    with pytest.raises(ImproperlyConfigured, match=problem) as raised:
        addresses.probe_url()
    assert "secret" not in str(raised.value)
    [message] = check_public_url_of_scans(databases=["default"])
    assert (message.id, problem in message.msg) == ("copyleaks_image.E069", True)
    assert check_public_url_of_scans(databases=[]) == []


def test_command__asks_for_the_tenant_where_none_is_active(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(of_tenant.__file__).parent / "commands"
    names = {path.stem for path in folder.glob("copyleaks_*.py")} - {"copyleaks_worker", "copyleaks_emulator"}
    assert len(names) == 10
    for name in names:
        with pytest.raises(CommandError, match=f"tenant_command {name} --schema=NAME"):
            load_command_class("django_copyleaks_image", name).execute()
    with tenants.active(ACME):
        call_command("copyleaks_resume")
    assert capsys.readouterr().out
