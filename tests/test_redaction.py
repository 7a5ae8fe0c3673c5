"""Tokens are known by their shape, wherever the project has put our addresses; nothing else is touched."""

from pathlib import PurePosixPath
from typing import Any

import pytest
from django.core.signing import Signer
from django.http import QueryDict
from django.utils.http import urlencode

from django_copyleaks_image.redaction import redacted
from django_copyleaks_image.scanning import addresses

SCAN_ID = "0b8f5a0e-6a55-4a4f-9f5e-0d1a6e0f7c11"
WEBHOOK = addresses.webhook_token(SCAN_ID)
SIGNATURE = addresses.media_token(SCAN_ID).partition(":")[2]


@pytest.mark.parametrize(
    "text",
    [
        f"/copyleaks/webhook/{SCAN_ID}/{WEBHOOK}/",
        f"//copyleaks//webhook//{SCAN_ID}//{WEBHOOK}//",
        f"https://photos.example.org:8000/de/x/webhook/{SCAN_ID}/{WEBHOOK}/?a=b",
        f"/copyleaks/webhook/{addresses.PROBE}/{WEBHOOK}/",
        f"/copyleaks/media/{SCAN_ID}:{SIGNATURE}/holiday.jpg",
        f"/copyleaks/media/{SCAN_ID}%3A{SIGNATURE}/holiday.jpg",
        f"/login/?{urlencode({'next': f'/copyleaks/media/{SCAN_ID}:{SIGNATURE}/a.jpg'})}",
        f"/login/?{urlencode({'next': '/login/?' + urlencode({'next': f'/webhook/{SCAN_ID}/{WEBHOOK}/'})})}",
        f"{{'scan_id': '{SCAN_ID}', 'token': '{WEBHOOK}'}}",
        f"token={SIGNATURE}",
        f"<td>{WEBHOOK}</td>",
        f"WEBHOOK/{SCAN_ID.upper()}/{WEBHOOK}",
    ],
)
def test_token__is_hidden_and_the_rest_is_not(text: str) -> None:
    for shown in (redacted(text), redacted(text.encode()).decode()):
        assert shown == text.replace(WEBHOOK, "[hidden]").replace(SIGNATURE, "[hidden]")


@pytest.mark.parametrize("length", [48, 30, 16])
def test_token_that_was_cut_off__is_hidden_after_its_id(length: int) -> None:
    assert redacted(f"/webhook/{SCAN_ID}/{WEBHOOK[:length]}…") == f"/webhook/{SCAN_ID}/[hidden]…"
    assert redacted(f"//webhook//{SCAN_ID}//{WEBHOOK[:length]}…") == f"//webhook//{SCAN_ID}//[hidden]…"
    assert redacted(f"/media/{SCAN_ID}:{SIGNATURE[:length]}") == f"/media/{SCAN_ID}:[hidden]"
    assert redacted(f"?next=media%2F{SCAN_ID}%3A{SIGNATURE[:length]}") == f"?next=media%2F{SCAN_ID}%3A[hidden]"


@pytest.mark.parametrize(
    "text",
    [
        "/media/photos/holiday-of-the-whole-family-at-the-sea-2026.jpg",
        f"/orders/{SCAN_ID}/confirmation-of-the-delivery/",
        "/webhook/stripe/checkout-session-completed-and-paid/",
        f"Scan {SCAN_ID}: submitted.",
        # Hashes and signatures of the project's own: an entity tag, one of Django's signer, a JSON web token.
        "etag LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE",
        Signer().sign("somebody"),
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE",
        "clsig_",
        "",
    ],
)
def test_other_texts__are_the_very_same(text: str) -> None:
    assert redacted(text) is text


def test_structures__are_searched_and_copied_only_when_they_hold_a_token() -> None:
    path = f"/webhook/{SCAN_ID}/{WEBHOOK}/"
    event: dict[str, Any] = {"request": {"url": path, "headers": [("Referer", path.encode())]}, "level": 3}

    shown = redacted(event)

    assert WEBHOOK not in str(shown)
    assert event["request"]["url"] == path
    assert shown["level"] == 3
    plain = {"a": [1, ("b", None)], "path": PurePosixPath("/x")}
    assert redacted(plain) is plain


def test_every_value_of_a_query__is_searched() -> None:
    query = QueryDict(urlencode([("next", f"/webhook/{SCAN_ID}/{WEBHOOK}/"), ("next", "/")]))

    assert redacted(query).getlist("next") == [f"/webhook/{SCAN_ID}/[hidden]/", "/"]


def test_structure_that_holds_itself__comes_to_an_end() -> None:
    endless: list[Any] = [WEBHOOK]
    endless.append(endless)

    assert redacted(endless)[0] == "[hidden]"
