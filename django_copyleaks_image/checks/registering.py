"""How every system check of ours is registered: under a tag of its own, and with a link to what is said of its ids.

Django hears of one check for each of its tags. The first that runs imports the modules in which ours are.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from importlib import import_module
from typing import Any, TypeAlias

from django.core import checks
from django.core.checks import CheckMessage, Tags

from django_copyleaks_image import DOCUMENTATION

from . import MODULES

# ``manage.py check --tag copyleaks`` runs our checks and no others.
TAG = "copyleaks"
# The id of a check is this and a number, which is never used again for another one.
PREFIX = "copyleaks_image"
# Has an anchor for each number.
PAGE = f"{DOCUMENTATION}checks.html"

Check: TypeAlias = Callable[..., Iterable[CheckMessage]]

_TAGS = (
    Tags.admin,
    Tags.caches,
    Tags.compatibility,
    Tags.database,
    Tags.files,
    Tags.models,
    Tags.security,
    Tags.urls,
)
# By tag, and whether they are for ``check --deploy`` alone.
_checks: dict[tuple[str, bool], list[Check]] = {(tag, deploy): [] for tag in _TAGS for deploy in (False, True)}


def connect() -> None:
    """Have Django run our checks with those of the same tag, and all of them under our own."""
    for tag, deploy in _checks:
        checks.register(TAG, tag, deploy=deploy)(_all_of(tag, deploy=deploy))


def _all_of(tag: str, *, deploy: bool) -> Callable[..., list[CheckMessage]]:
    def check(**kwargs: Any) -> list[CheckMessage]:
        for name in MODULES:
            import_module(f"{__package__}.{name}")
        return [message for each in _checks[tag, deploy] for message in each(**kwargs)]

    return check


def register(tag: str, *, deploy: bool = False) -> Callable[[Check], Callable[..., list[CheckMessage]]]:
    """Register a check under one of Django's tags, as Django does; each of its hints ends with a link."""

    def decorate(check: Check) -> Callable[..., list[CheckMessage]]:
        @wraps(check)
        def check_with_links(**kwargs: Any) -> list[CheckMessage]:
            return [_with_link(message) for message in check(**kwargs)]

        _checks[tag, deploy].append(check_with_links)
        return check_with_links

    return decorate


def link_of(message_id: str) -> str:
    """Return where the documentation explains an id."""
    return f"{PAGE}#{message_id.removeprefix(f'{PREFIX}.').lower()}"


def _with_link(message: CheckMessage) -> CheckMessage:
    message.hint = f"{message.hint} See {link_of(str(message.id))}"
    return message
