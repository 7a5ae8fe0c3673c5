"""The steps about what was configured: settings, watched fields, and what the checks say of the rows."""

from collections.abc import Collection

from django.core.checks import ERROR, CheckMessage, Tags, run_checks

from django_copyleaks_image import registry
from django_copyleaks_image.checks.addresses import check_public_url_is_set
from django_copyleaks_image.checks.configuration import check_credentials
from django_copyleaks_image.checks.registering import PREFIX
from django_copyleaks_image.conf import is_enabled
from django_copyleaks_image.models import home_database

from .findings import Finding, fine, problem, warning

_OF_SETTINGS = (Tags.compatibility, Tags.urls, Tags.models, Tags.security)
# Steps of their own tell more of these: a pause, a worker, refused callbacks, lost results, a restored backup.
_TOLD_ELSEWHERE = frozenset(f"{PREFIX}.{number}" for number in ("W014", "W017", "W025", "W026", "W053"))


def settings() -> Finding:
    """Run the checks that need no database."""
    needed = [*check_credentials(), *check_public_url_is_set()]
    return _of([*needed, *_ours(_OF_SETTINGS, databases=[])], "all keys are sound.")


def rows() -> Finding:
    """Run the checks that look at the rows, but for those about which another step says more."""
    found = _ours([Tags.database], databases=[home_database()])
    return _of([it for it in found if it.id not in _TOLD_ELSEWHERE], "nothing in them is odd.")


def watched_fields() -> Finding:
    """Say what is watched; nothing is while the app is switched off."""
    if not is_enabled():
        return problem("switched_off", "ENABLED is off: no upload is scanned.", "Turn it off in tests alone.")
    watched = ", ".join(label for field in registry.all_watched() for label in field.named_labels)
    if not watched:
        return problem(
            "nothing_watched", "none, so nothing is ever scanned.", "Name them in FIELDS or with register()."
        )
    return fine(f"{watched}.")


def _ours(tags: Collection[str], *, databases: list[str]) -> list[CheckMessage]:
    messages = run_checks(tags=list(tags), databases=databases)
    return [it for it in messages if it.id and it.id.startswith(f"{PREFIX}.") and not it.is_silenced()]


def _of(messages: list[CheckMessage], otherwise: str) -> Finding:
    """Return the errors, without any the warnings; the first gives the code."""
    errors = [it for it in messages if it.level >= ERROR]
    told = errors or messages
    if not told:
        return fine(otherwise)
    text = " ".join(it.msg for it in told)
    advice = " ".join(it.hint or "" for it in told).strip()
    return (problem if errors else warning)(str(told[0].id), text, advice)
