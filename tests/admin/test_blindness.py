"""A second look is blind about the picture: nothing that a browser is sent depends on what was decided first.

The second person fetches every page, file and answer of ours, once without any first decision and once after each
kind of it, all else equal. What comes must be the same, but for what is made anew for every answer.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import unified_diff
from functools import partial
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_copyleaks_image.models import Decision, ImageScan, WatchedImage
from django_copyleaks_image.standings import Kind, Queue, Standing
from tests.admin.desk_requests import DESK, IMAGES, SCANS
from tests.reviewing.stories import answered, decided, flagged, lost, rescan

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Elsewhere a story that is told again has other keys; tests/reviewing/test_second_look.py asks every database.
    pytest.mark.skipif(connection.vendor != "sqlite", reason="keys are given again on SQLite alone"),
]

LOG = "/admin/copyleaks_image/decision/"
# Pages that no link leads to, or only with other parameters.
ASKED = (
    "/admin/",
    "/admin/copyleaks_image/",
    IMAGES,
    f"{IMAGES}?queue=review",
    f"{IMAGES}?queue=escalated",
    *(f"{IMAGES}?standing={standing}" for standing in Standing),
    f"{IMAGES}?q=meadow",
    f"{IMAGES}export/",
    f"{IMAGES}export/?standing=confirmed",
    f"{IMAGES}export/?queue=review",
    SCANS,
    f"{SCANS}?status__exact=completed",
    f"{SCANS}?q=meadow",
    f"{SCANS}?o=5",
    f"{SCANS}export/",
    f"{SCANS}overview/",
    f"{DESK}?queue=review&order=largest",
    LOG,
    f"{LOG}export/",
    f"{LOG}?kind__exact=confirmed",
    f"{LOG}?o=2",
    # No id has this letter, which would be found by chance.
    f"{LOG}?q=m",
    "/admin/gallery/photo/",
    "/admin/gallery/photo/?copyleaks_image_decision=confirmed",
    "/admin/gallery/photo/?copyleaks_image_decision=cleared",
    "/admin/gallery/photo/?copyleaks_image_decision=",
    "/admin/copyleaks_image/webhookreceipt/",
    "/admin/autocomplete/?app_label=copyleaks_image&model_name=decision&field_name=scan&term=",
    "/admin/autocomplete/?app_label=copyleaks_image&model_name=decision&field_name=image&term=",
)


@pytest.fixture(autouse=True)
def _everything_twice(configure: Callable[..., None]) -> None:
    configure(SECOND_LOOK_SHARE=1.0)


@pytest.fixture
def second(db: None) -> User:
    names = (
        "view_imagescan",
        "view_photo",
        "change_photo",
        "view_decision",
        "view_webhookreceipt",
        "decide_watchedimage",
        "view_watchedimage",
    )
    user = User.objects.create_user("second", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=(*names, "rescan_imagescan", "view_accountstate")))
    return user


def skip(scan: ImageScan) -> None:
    decided(scan, User.objects.get(username="second"), Kind.SKIPPED)


def before_the_rescan(decide: Callable[[ImageScan], None]) -> None:
    first = flagged()
    decide(first)
    answered(rescan(first))


def after_the_rescan(decide: Callable[[ImageScan], None]) -> None:
    decide(answered(rescan(flagged())))


def before_a_rescan_that_failed(decide: Callable[[ImageScan], None]) -> None:
    first = flagged()
    decide(first)
    lost(rescan(first))


def before_a_rescan_under_way(decide: Callable[[ImageScan], None]) -> None:
    first = flagged()
    decide(first)
    rescan(first)


def after_a_skip(decide: Callable[[ImageScan], None]) -> None:
    first = flagged()
    skip(first)
    decide(first)


def before_a_skip(decide: Callable[[ImageScan], None]) -> None:
    first = flagged()
    decide(first)
    skip(first)


Story = Callable[[Callable[[ImageScan], None]], None]
STORIES = (
    before_the_rescan,
    after_the_rescan,
    before_a_rescan_that_failed,
    before_a_rescan_under_way,
    after_a_skip,
    before_a_skip,
)


@contextmanager
def told(story: Story, kind: Kind | None) -> Iterator[None]:
    """Tell a story about two scans of one file, and forget it afterwards; without a kind nobody decides."""
    with transaction.atomic():
        first = User.objects.create_user("zebedee")

        def decide_first(scan: ImageScan) -> None:
            if kind is not None:
                decided(scan, first, kind, note="Zebedee was here")

        story(decide_first)
        yield
        transaction.set_rollback(True)
    cache.clear()


def seen_by(user: User) -> dict[str, tuple[int, str, int]]:
    """Return what this person is sent: status, content and the number of queries, by address."""
    client = Client()
    client.force_login(user)
    keys = list(ImageScan.objects.order_by("pk").values_list("pk", flat=True))
    pages: dict[str, tuple[int, str, int]] = {}

    def keep(address: str, fetch: Callable[[], Any]) -> str:
        with CaptureQueriesContext(connection) as captured:
            response = fetch()
        content = b"".join(response.streaming_content) if response.streaming else response.content
        text = f"{sorted(response.headers.items())}\n{content.decode(errors='replace')}"
        pages[alike(address, keys)] = response.status_code, alike(text, keys), len(captured)
        return content.decode(errors="replace") if "text/html" in response.headers.get("Content-Type", "") else ""

    images = list(WatchedImage.objects.values_list("pk", flat=True))
    rows = [*(f"{SCANS}{pk}" for pk in keys), *(f"{IMAGES}{pk}" for pk in images)]
    waiting = [*ASKED, *(f"{row}/{page}/" for row in rows for page in ("change", "history"))]
    while waiting:
        address = waiting.pop(0)
        page = keep(address, partial(client.get, address))
        links = {unescape(link) for link in re.findall(r'(?:href|src)="(/admin/(?:copyleaks|gallery)[^"#?]*)"', page)}
        waiting += sorted(link for link in links if alike(link, keys) not in pages and link not in waiting)
    for action in ("confirm_ai", "clear_false_alarm", "scan_again"):
        fields = {"action": action, "_selected_action": images}
        keep(f"POST {action}", partial(client.post, IMAGES, fields))
    script = {"Accept": "application/json"}
    keep("POST next", lambda: client.post(f"{DESK}next/", {"want": 3}, headers=script))
    held = ",".join(map(str, images))
    keep("POST held", lambda: client.post(f"{DESK}next/", {"want": 3, "held": held}, headers=script))
    keep("POST claims", lambda: client.post(f"{DESK}claims/", {"renew": held}, headers=script))
    keep("POST undo", lambda: client.post(f"{DESK}undo/{newest_decision()}/", headers=script))
    return pages


def difference(before: tuple[int, str, int], after: tuple[int, str, int]) -> list[str]:
    """Return what is not the same in two answers."""
    one, other = ([str(status), str(queries), *text.splitlines()] for status, text, queries in (before, after))
    return list(unified_diff(one, other, n=0))


def newest_decision() -> int:
    """Return the key of what was decided first, or one that nothing has."""
    return Decision.objects.exclude(kind=Kind.SKIPPED).values_list("pk", flat=True).last() or 4711


def alike(text: str, keys: list[int]) -> str:
    """Return a text without what every answer makes anew, and with the scans named by their order."""
    # First what has characters by chance: a signature with "-1-" in it would name a scan.
    for by_chance in (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}",
        r'(?<=csrfmiddlewaretoken" value=")\w+',
        r"\b\w{12}:[\w-]{43}(?![\w-])",
        r"(?<=body</dt><dd><bdi>)[0-9a-f]{64}",
        r"meadow_\w{7}(?=\.jpg)",
        r"(?<=/undo/)\d+",
        r'(?<=\n)"\d+"(?=,"\d{4}-)',
    ):
        text = re.sub(by_chance, "*", text)
    for number, pk in enumerate(keys):
        text = re.sub(rf"(?<![\w.]){pk}(?![\w.])|(?<=version_){pk}\b|(?<=item-){pk}\b", f"SCAN{number}", text)
    for made_anew in (
        # Django writes a full hour without minutes.
        r"\d{1,2}(:\d\d)? [ap]\.m\.|\b(midnight|noon)\b|\d{1,2}:\d\d(:\d\d)?(\.\d+)?(\+00:00)?",
        r"(?<=photo/)\d+|(?<=Photo )\d+|(?<=object_id=)\d+",
        r'(?<=datetime=")[^"]+|(?<=title=")\d{4}-[^"]+',
        r"[\d.]+\s(s|min) later|\d+\sminutes?",
        r"'Content-Length', '\d+'|filename=\"\w+-[\d-]+",
    ):
        text = re.sub(made_anew, "*", text)
    return text


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_nothing_tells_the_second_person_of_a_first_decision(story: Story, second: User) -> None:
    with told(story, None):
        seen_by(second)  # Fills what is cached for good.
    with told(story, None):
        assert WatchedImage.objects.filter(queue=Queue.REVIEW).exists()
        undecided = seen_by(second)
    for kind in (Kind.CONFIRMED, Kind.CLEARED):
        with told(story, kind):
            assert WatchedImage.objects.filter(queue=Queue.SECOND_LOOK).exists()
            after = seen_by(second)
        assert undecided.keys() == after.keys()
        different = {address: difference(undecided[address], after[address]) for address in undecided}
        assert {address: lines for address, lines in different.items() if lines} == {}
        assert "zebedee" not in str(after).lower()
