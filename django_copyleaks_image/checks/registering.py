"""How every system check of ours is registered: under a tag of its own, and with a link to what is said of its ids."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeAlias

from django.core import checks
from django.core.checks import CheckMessage

from django_copyleaks_image import DOCUMENTATION

# ``manage.py check --tag copyleaks`` runs our checks and no others.
TAG = "copyleaks"
# The id of a check is this and a number, which is never used again for another one.
PREFIX = "copyleaks_image"
# Has an anchor for each number.
PAGE = f"{DOCUMENTATION}checks.html"

Check: TypeAlias = Callable[..., Iterable[CheckMessage]]


def register(*tags: str, deploy: bool = False) -> Callable[[Check], Callable[..., list[CheckMessage]]]:
    """Register a check as Django does, under our tag as well; each of its hints ends with a link."""

    def decorate(check: Check) -> Callable[..., list[CheckMessage]]:
        @wraps(check)
        def check_with_links(**kwargs: Any) -> list[CheckMessage]:
            return [_with_link(message) for message in check(**kwargs)]

        checks.register(TAG, *tags, deploy=deploy)(check_with_links)
        return check_with_links

    return decorate


def link_of(message_id: str) -> str:
    """Return where the documentation explains an id."""
    return f"{PAGE}#{message_id.removeprefix(f'{PREFIX}.').lower()}"


def _with_link(message: CheckMessage) -> CheckMessage:
    message.hint = f"{message.hint} See {link_of(str(message.id))}"
    return message
