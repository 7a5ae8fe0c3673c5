"""``docs/operating.rst``, section by section: what it says to run is run, and says what is written there."""

import re
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created
from django.test import Client, override_settings
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, Decision, ImageScan, WatchedImage
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.reviewing import queue
from django_copyleaks_image.reviewing.decide import decide
from django_copyleaks_image.scanning import account, circuit
from django_copyleaks_image.standings import Kind, Queue, Seen
from tests.documents import DOCS, Example, examples, sections
from tests.gallery.models import Photo
from tests.samples import only_manager, photo, picture

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.sockets,
    pytest.mark.urls("tests.operating.urls"),
]


def sections_of_examples() -> dict[str, list[Example]]:
    """Return the commands of each section, and what the document says that they answer."""
    return {
        title: [example for block in blocks if block.language == "console" for example in examples(block)]
        for title, blocks in sections(DOCS / "operating.rst", "-")
    }


class Site:
    """A site with the emulator behind it, and what a day does to it."""

    def __init__(self, configure: Any, watch: Any, live_server: Any, request: Any) -> None:
        self.configure, self.watch, self.live_server = configure, watch, live_server
        self._request = request
        account.heartbeat()

    def works(self) -> None:
        """Submit what waits, and wait for what comes of it, unless everything is held."""
        deadline = time.monotonic() + 20
        while True:
            call_command("copyleaks_worker", "--once", stdout=StringIO(), stderr=StringIO())
            if not ImageScan.objects.unfinished().exists() or account.state().paused_at or time.monotonic() > deadline:
                return

    def another_emulator(self, **options: Any) -> None:
        running = Emulator(latency=0.0, webhook_retries=(0.1,), **options)
        self._request.addfinalizer(running.stop)
        running.start()
        self.configure(API_URL=running.url, ID_URL=running.url)

    def each_connection(self, wrapper: Any) -> None:
        """Have a wrapper around every statement of every thread from now on."""

        def wrap(*, connection: Any, **kwargs: Any) -> None:
            connection.execute_wrappers.append(wrapper)

        connection_created.connect(wrap)
        connection.execute_wrappers.append(wrapper)
        self._request.addfinalizer(lambda: connection_created.disconnect(wrap))
        self._request.addfinalizer(lambda: connection.execute_wrappers.remove(wrapper))

    def picture_of_anna(self) -> User:
        """Measure a picture that belongs to a user."""
        anna = User.objects.create_user("anna")
        self.watch(Photo, "image", owner=lambda photo: anna)
        photo("ai-80.jpg")
        self.works()
        return anna


@pytest.fixture
def site(emulator: Emulator, configure: Any, watch: Any, live_server: Any, request: Any) -> Site:
    return Site(configure, watch, live_server, request)


def the_key_is_wrong(site: Site) -> None:
    site.another_emulator(key="11111111-2222-3333-4444-555555555555")


def the_credits_are_used_up(site: Site) -> None:
    site.another_emulator(credits=0)


def public_url_is_wrong(site: Site) -> None:
    site.configure(PUBLIC_URL=f"{site.live_server.url}/blog")


def the_webhook_is_blocked(site: Site) -> None:
    # Of the tests' site, nobody but the staff comes behind this path.
    site.configure(PUBLIC_URL=f"{site.live_server.url}/admin", ON_LOST_RESULT="fail")
    for number in range(2):
        photo(f"{number}.jpg", picture(colour=(number, 0, 0)))
    ended = timezone.now()
    ImageScan.objects.update(
        status=Status.FAILED,
        error_code="result_lost",
        sent_at=ended,
        submitted_at=ended,
        finished_at=ended,
        notified_at=ended,
        next_attempt_at=None,
    )


def no_worker_is_running(site: Site) -> None:
    AccountState.objects.update(worker_seen_at=timezone.now() - timedelta(hours=1))


def the_disk_is_full(site: Site) -> None:
    photo()
    site.each_connection(_refuse_writing)


def _refuse_writing(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if sql.startswith(("INSERT", "UPDATE")):
        raise OperationalError("database or disk is full") from sqlite3.OperationalError("database or disk is full")
    return execute(sql, params, many, context)


def the_worker_does_not_see_the_files(site: Site) -> None:
    for number in range(5):
        Path(photo(f"{number}.jpg", picture(colour=(number, 0, 0))).image.path).unlink()
    site.works()


def how_long_do_pictures_wait(site: Site) -> None:
    photo()


def what_did_we_spend(site: Site) -> None:
    photo()
    site.works()


def the_thresholds_change(site: Site) -> None:
    photo("ai-40.jpg")
    site.works()
    site.configure(REVIEW_AREA=0.5)


def who_tells_me(site: Site) -> None:
    site.configure(ALERTS={"mail": True})
    with override_settings(MANAGERS=only_manager("operator@example.org")):
        circuit.hold("unauthorized", "The key was withdrawn.")
        site.works()
    [message] = mail.outbox
    assert message.to == ["operator@example.org"]


def a_moderator_leaves(site: Site) -> None:
    leaving, staying, lead = (User.objects.create_superuser(name) for name in ("leaving", "staying", "lead"))
    photo("ai-80.jpg")
    site.works()
    image = WatchedImage.objects.get()
    decide(
        image.pk,
        user=lead,
        kind=Kind.ESCALATED,
        version=image.version,
        assigned_to=leaving,
        note="Look.",
        seen=Seen.SEEN,
    )
    lead_at_desk = Client()
    lead_at_desk.force_login(lead)
    page = f"/admin/auth/user/{leaving.pk}/change/"
    joined = {"date_joined_0": "2026-11-01", "date_joined_1": "12:00"}
    lead_at_desk.post(page, {"username": "leaving", "is_staff": "on", "is_superuser": "on", **joined})
    leaving.refresh_from_db()
    assert not leaving.is_active
    assert queue.count(queue.Selection(queue=Queue.ESCALATED), staying) == 1
    Decision.objects.update(decided_by=leaving)
    leaving.delete()
    assert "leaving" in lead_at_desk.get("/admin/copyleaks_image/decision/").content.decode()


def somebody_of_whom_pictures_are_kept(site: Site) -> None:
    site.picture_of_anna()


def is_it_well(site: Site) -> None:
    photo()
    site.works()


SCENARIOS: dict[str, Callable[[Site], Any]] = {
    "The key is wrong": the_key_is_wrong,
    "The credits are used up": the_credits_are_used_up,
    "PUBLIC_URL is wrong": public_url_is_wrong,
    "The webhook is blocked": the_webhook_is_blocked,
    "No worker is running": no_worker_is_running,
    "The disk is full": the_disk_is_full,
    "The worker does not see the files": the_worker_does_not_see_the_files,
    "How long do pictures wait?": how_long_do_pictures_wait,
    "Is it well?": is_it_well,
    "Who tells me?": who_tells_me,
    "What did we spend, and on what?": what_did_we_spend,
    "A moderator leaves": a_moderator_leaves,
    "Somebody wants to be forgotten": somebody_of_whom_pictures_are_kept,
    "Somebody wants to know what is held": somebody_of_whom_pictures_are_kept,
    "The thresholds change": the_thresholds_change,
}


@pytest.mark.parametrize("title", sections_of_examples())
def test_section__says_what_happens(
    title: str, site: Site, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    SCENARIOS[title](site)

    for example in sections_of_examples()[title]:
        output = answer_of(example.words, site, capsys) + caplog.text
        assert example.is_answered_by(output), output


def test_scenarios__are_all_told() -> None:
    assert SCENARIOS.keys() == sections_of_examples().keys()


def answer_of(command: list[str], site: Site, capsys: pytest.CaptureFixture[str]) -> str:
    if command[0] == "curl":
        path = re.sub(r"^https://[^/]+", "", command[-1])
        return requests.get(f"{site.live_server.url}{path}", timeout=10).text
    assert command[:2] == ["python", "manage.py"]
    try:
        call_command(*command[2:])
    except CommandError as error:
        told = capsys.readouterr()
        return f"{told.out}{told.err}\n{error}"
    told = capsys.readouterr()
    return told.out + told.err
