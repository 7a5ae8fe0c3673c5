"""The page that says what changed thresholds would change, and has it done by the worker."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from django_copyleaks_image.models import AccountState
from django_copyleaks_image.scanning import rejudging, sweep
from tests.admin.inline_code import inline_code
from tests.reviewing.stories import flagged, place

PAGE = "/admin/copyleaks_image/accountstate/thresholds/"
pytestmark = pytest.mark.django_db(transaction=True)


def test_page__says_what_changes_and_changes_nothing(staff: Any, configure: Callable[..., None]) -> None:
    scan = flagged()
    configure(REVIEW_AREA=0.9, MOSTLY_AI_AREA=0.3)
    client = staff("view_accountstate", "rejudge_accountstate")

    response = client.get(PAGE)

    page = response.content.decode()
    assert "1 picture leaves the desk" in page
    assert "1 picture becomes mostly AI" in page
    assert inline_code(response) == []
    assert place(scan) == ("review", "flagged")
    assert f'href="{PAGE}"' in client.get("/admin/copyleaks_image/accountstate/", follow=True).content.decode()


def test_button__has_the_sweep_do_it__and_is_logged(
    staff: Any, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejudging, "BATCH", 1)
    scans = [flagged("a.jpg", colour="red"), flagged("b.jpg", colour="green")]
    configure(REVIEW_AREA=0.9)
    client = staff("view_accountstate", "rejudge_accountstate")

    client.post(PAGE)
    assert "are being judged anew" in client.get(PAGE).content.decode()
    standings = []
    for _ in range(3):
        sweep.sweep()
        standings.append([place(scan)[1] for scan in scans])

    assert standings == [["clean", "flagged"], ["clean", "clean"], ["clean", "clean"]]
    assert AccountState.objects.get().rejudge_mark is None
    assert LogEntry.objects.get().change_message == "Had earlier results judged by the thresholds of today."
    assert "Nothing changes" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("permissions", [("view_accountstate",), ("rejudge_accountstate",)])
def test_page__is_for_those_who_may(permissions: tuple[str, ...], staff: Any) -> None:
    client = staff(*permissions)

    assert (client.get(PAGE).status_code, client.post(PAGE).status_code) == (403, 403)

    assert not AccountState.objects.exclude(rejudge_mark=None).exists()
    assert f'href="{PAGE}"' not in client.get("/admin/copyleaks_image/accountstate/", follow=True).content.decode()
