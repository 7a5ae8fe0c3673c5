"""A second look is blind here, too: no answer of the API depends on what was decided first.

The stories are those that the pages of the desk are held to.
"""

import re
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from django_copyleaks_image.models import ImageScan, WatchedImage
from django_copyleaks_image.standings import Kind, Queue
from tests.admin.test_blindness import (
    Story,
    _everything_twice,  # noqa: F401 - a fixture
    alike,
    before_a_skip,
    before_the_rescan,
    difference,
    newest_decision,
    second,  # noqa: F401 - a fixture
    told,
)
from tests.rest.conftest import API

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="keys are given again on SQLite alone"),
]

ASKED = (
    *(
        "images/",
        "scans/",
        "decisions/",
        "queues/",
        "queues/review/",
        "images/?queue=review",
        "images/?queue=escalated",
    ),
    *(f"images/?standing={standing}" for standing in ("flagged", "confirmed", "cleared")),
    *("images/?verdict=partly_ai&queue=review", "scans/?status=completed", "images/?page_size=1"),
    *(f"decisions/?kind={kind}" for kind in ("confirmed", "skipped", "undone")),
)


def seen_by(user: User) -> dict[str, tuple[int, str, int]]:
    """Return what this person is sent: status, content and the number of queries, by address."""
    client = APIClient()
    client.force_login(user)
    keys = list(ImageScan.objects.order_by("pk").values_list("pk", flat=True))
    images = list(WatchedImage.objects.order_by("pk").values_list("pk", flat=True))
    answers: dict[str, tuple[int, str, int]] = {}

    def keep(address: str, fetch: Any) -> None:
        with CaptureQueriesContext(connection) as captured:
            response = fetch()
        content = b"".join(response.streaming_content) if response.streaming else response.content
        if address.startswith("decisions"):  # Whose keys count all decisions of the site.
            content = re.sub(rb'"id":\d+', b'"id":0', content)
        text = f"{sorted(response.headers.items())}\n" + content.decode(errors="replace").replace(",", ",\n")
        answers[alike(address, keys)] = response.status_code, alike(text, keys), len(captured)

    details = ("", "result/", "mask/", "overlay/")
    rows = [*(f"images/{pk}/" for pk in images), *(f"scans/{pk}/" for pk in keys)]
    for address in (*ASKED, *(f"{row}{detail}" for row in rows for detail in details)):
        keep(address, partial(client.get, f"{API}{address}"))
    for pk in images:
        keep(f"decisions of {pk}", partial(client.get, f"{API}images/{pk}/decisions/"))
        keep(f"claim {pk}", partial(client.post, f"{API}images/{pk}/claim/"))
    keep("next", partial(client.post, f"{API}queues/review/next/"))
    keep("undo", partial(client.post, f"{API}decisions/{newest_decision()}/undo/"))
    keep("a decision", partial(client.get, f"{API}decisions/{newest_decision()}/"))
    return answers


@pytest.mark.parametrize("story", [before_the_rescan, before_a_skip], ids=lambda story: story.__name__)
def test_nothing_tells_the_second_person_of_a_first_decision(story: Story, second: User) -> None:  # noqa: F811
    with told(story, None):
        seen_by(second)  # Fills what is cached for good.
    with told(story, None):
        assert WatchedImage.objects.filter(queue=Queue.REVIEW).exists()
        undecided = seen_by(second)
    for kind in (Kind.CONFIRMED, Kind.CLEARED):
        with told(story, kind):
            assert WatchedImage.objects.filter(queue=Queue.SECOND_LOOK).exists()
            after = seen_by(second)
        different = {address: difference(undecided[address], after[address]) for address in undecided}
        assert {address: lines for address, lines in different.items() if lines} == {}
        assert "zebedee" not in str(after).lower()
