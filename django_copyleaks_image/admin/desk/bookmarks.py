"""How far a long queue was looked through for a moderator, kept in the session for the next request."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from django_copyleaks_image.reviewing.queue import Bookmark

from .choice import Choice

_NAME = "copyleaks_image_bookmark"
# Afterwards the queue is looked through from its beginning: something may have become visible there.
_KEPT_FOR = timedelta(minutes=10)


def bookmark_of(request: HttpRequest, choice: Choice) -> Bookmark | None:
    """Return where to look on, None for the beginning of the queue."""
    kept: dict[str, Any] = request.session.get(_NAME, {})
    if kept.get("choice") != _name(choice) or datetime.fromisoformat(kept["until"]) < timezone.now():
        return None
    value = kept["value"]
    return Bookmark(
        stage=kept["stage"], value=datetime.fromisoformat(value) if isinstance(value, str) else value, pk=kept["pk"]
    )


def keep(request: HttpRequest, choice: Choice, bookmark: Bookmark | None) -> None:
    """Keep a bookmark in the place of the one before; the session is written only when it has changed."""
    if bookmark == bookmark_of(request, choice):
        return
    if bookmark is None:
        del request.session[_NAME]
        return
    value = bookmark.value
    request.session[_NAME] = {
        "choice": _name(choice),
        "until": (timezone.now() + _KEPT_FOR).isoformat(),
        "stage": bookmark.stage,
        "value": value.isoformat() if isinstance(value, datetime) else value,
        "pk": bookmark.pk,
    }


def _name(choice: Choice) -> str:
    return f"{choice.query_string()}&order={choice.order}"
