"""A proxy before the site refuses callbacks: what that costs, and that everybody who looks is told, on real sockets."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client
from django.utils import timezone

from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import AccountState, Alert, ImageScan
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account
from django_copyleaks_image.worker import Worker
from tests.copyleaks.server import Reply, Request, Server, running
from tests.samples import only_manager, photo, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

CHAT = "/services/chat"
PICTURES = 4


@pytest.fixture
def proxy(live_server: Any, emulator: Emulator, configure: Callable[..., None]) -> Iterator[Server]:
    """A proxy that lets pictures be fetched and refuses callbacks; it is the chat as well."""

    def forward(request: Request) -> Reply:
        found = requests.get(live_server.url + request.path, timeout=10)
        return Reply(found.status_code, found.content, {"Content-Type": found.headers.get("Content-Type", "")})

    with running(Server()) as server:
        server.answer("/copyleaks/media/", forward)
        server.answer("/copyleaks/webhook/", Reply(403, b"Forbidden by the proxy."))
        server.answer(CHAT, Reply(body=b"ok"))
        configure(PUBLIC_URL=server.url)
        yield server


def work_until_all_has_ended() -> None:
    """Let the worker go on while time passes: what is submitted is overdue by the next round."""
    for _ in range(20):
        now = timezone.now()
        AccountState.objects.exclude(paused_at=None).update(probe_at=now)
        ImageScan.objects.filter(status=Status.QUEUED, next_attempt_at__gt=now).update(next_attempt_at=now)
        ImageScan.objects.filter(status=Status.SUBMITTED).update(submitted_at=now - timedelta(hours=2))
        Worker(threads=2, poll_seconds=0.05).run_once()
        if not ImageScan.objects.unfinished().exists():
            return
    raise AssertionError(list(ImageScan.objects.values("status", "error_code")))


@pytest.mark.parametrize(("on_lost_result", "spent"), [("resubmit", 2 * PICTURES), ("fail", PICTURES)])
def test_blocked_webhook__is_told_by_check_overview_front_page_mail_and_chat(
    on_lost_result: str, spent: int, proxy: Server, emulator: Emulator, configure: Callable[..., None], settings: Any
) -> None:
    settings.MANAGERS = only_manager("mia@example.org")
    configure(ON_LOST_RESULT=on_lost_result, ALERTS={"mail": True, "webhook": proxy.url + CHAT})
    for number in range(PICTURES):
        photo("meadow.png", picture("PNG", colour=(number, 0, 7)))

    work_until_all_has_ended()

    assert proxy.asked("/copyleaks/webhook/")
    assert emulator.ledger.charged == spent
    assert set(ImageScan.objects.values_list("error_code", flat=True)) == {"result_lost"}

    said = f"Of the last {spent} scans that were sent, {spent} ended"
    with pytest.raises(SystemCheckError, match=said):
        call_command("check", "--database", "default", "--tag", "database", "--fail-level", "WARNING")
    client = Client()
    client.force_login(User.objects.create_superuser("mia"))
    for address in (
        "",
        "imagescan/",
        "imagescan/overview/",
        "watchedimage/review/",
        f"accountstate/{account.state().pk}/change/",
    ):
        page = client.get(f"/admin/copyleaks_image/{address}").content.decode()
        assert said in page, address
        assert "No callback has ever come." in page

    kinds = {"results_lost"} | ({"account_paused"} if on_lost_result == "resubmit" else set())
    assert {alert.kind for alert in Alert.objects.all()} == kinds
    [mailed] = [message for message in mail.outbox if message.subject == "[Django] Results are lost"]
    [posted] = [text for request in proxy.asked(CHAT) if "Results are" in (text := json.loads(request.body)["text"])]
    for text in (str(mailed.body), posted):
        assert re.search(r"Of the last \d+ scans that were sent, \d+ ended without their result", text)
        assert "No callback has ever come." in text
    assert len(mail.outbox) == len(proxy.asked(CHAT)) == len(kinds)
