"""System checks that look at callbacks: how late they come, which are refused, and whether a backup was restored."""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from django_copyleaks_image.conf import DICT_NAME, conf
from django_copyleaks_image.models import home_database
from django_copyleaks_image.scanning import account, evidence, latency, losses, refused, unknown_keys

from .registering import PREFIX, register


@register(Tags.database)
def check_callbacks(**kwargs: Any) -> list[CheckMessage]:
    """Report what the rows tell of callbacks; asked for by ``check --database``, like every check that queries."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    messages: list[CheckMessage] = []
    found: tuple[Callable[[], Iterator[CheckMessage]], ...] = (_late_results, _lost_results, _wrong_tokens, _restored)
    for find in found:
        try:
            messages += find()
        except (DatabaseError, ImproperlyConfigured):  # Not migrated yet, or E003 has said so.
            return messages
    return messages


def _late_results() -> Iterator[CheckMessage]:
    advised = latency.advised()
    if advised and advised.total_seconds() > conf.RESULT_DEADLINE:
        yield Warning(
            f"Results lately came so late that {DICT_NAME}['RESULT_DEADLINE'] is too short: those that are merely late "
            "count as lost, and may be paid twice.",
            hint=f"Set it to {ceil(advised.total_seconds())} or more, twice the seconds that nine in ten results took.",
            id=f"{PREFIX}.W024",
        )


def _lost_results() -> Iterator[CheckMessage]:
    found = losses.lately()
    if not found.are_many:
        return
    came = found.last_callback_at
    last = f"The last callback came at {came:%Y-%m-%d %H:%M} UTC." if came else "No callback has ever come."
    once_more = 'Each is paid once more, unless ON_LOST_RESULT is "fail". ' if conf.ON_LOST_RESULT == "resubmit" else ""
    yield Warning(
        f"Of the last {found.sent} scans that were sent, {found.lost} ended in the last day without their result "
        f"(result_lost), which may have cost {found.credits} credits." + ("" if conf.MODE == "sync" else f" {last}"),
        hint="Run copyleaks_doctor, which sends a callback through PUBLIC_URL: a proxy or firewall before the site may "
        f"keep them away. {once_more}What was lost is queued again by "
        "copyleaks_scan --status result_lost --pay-again.",
        id=f"{PREFIX}.W053",
    )


def _wrong_tokens() -> Iterator[CheckMessage]:
    wrong_tokens, _unknown = refused.lately()
    if wrong_tokens:
        yield Warning(
            f"Callbacks for scans that wait for a result had a wrong token: at least {wrong_tokens} since yesterday. "
            "Their results are refused, and will be paid once more.",
            hint="If SECRET_KEY was changed, add the old one to SECRET_KEY_FALLBACKS.",
            id=f"{PREFIX}.W025",
        )


def _restored() -> Iterator[CheckMessage]:
    since = account.state().restored_at
    if since is not None:
        yield Warning(
            f"Submissions are held since {since:%Y-%m-%d %H:%M} UTC, because the database was restored.",
            hint="Call copyleaks_restored to see what is known, and copyleaks_restored --go-on to go on.",
            id=f"{PREFIX}.W026",
        )
        return
    _wrong, unknown_scans = refused.lately()
    if unknown_scans:
        yield Warning(
            f"Callbacks came for scans that this database does not know: at least {unknown_scans} since yesterday.",
            hint="If a backup was restored, call copyleaks_restored before more is paid again. If another site has the "
            "same SECRET_KEY and PUBLIC_URL, give it its own.",
            id=f"{PREFIX}.W026",
        )


@register(Tags.database)
def check_large_callbacks(**kwargs: Any) -> list[CheckMessage]:
    """Report that of the results lately all with marks were lost, which are the large ones."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        lost = evidence.lost_large_results()
    except DatabaseError:  # Not migrated yet.
        return []
    if not lost:
        return []
    return [
        Warning(
            f"{lost} results were lost lately, while small ones came and none that was large: something before the "
            "site refuses large callbacks, which are those of pictures with marks.",
            hint="Let the proxy before the site pass bodies of WEBHOOK_MAX_BYTES (nginx: client_max_body_size), then "
            "run copyleaks_scan --status result_lost --pay-again.",
            id=f"{PREFIX}.W028",
        )
    ]


@register(Tags.database)
def check_unknown_keys(**kwargs: Any) -> list[CheckMessage]:
    """Report that Copyleaks sends what this version does not know: its payloads have changed."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        found = unknown_keys.lately()
    except DatabaseError:  # Not migrated yet.
        return []
    if found.since is None:
        return []
    return [
        Warning(
            f"{found.odd} of the last {found.received} answers of Copyleaks have keys that this version does not know, "
            f"the first at {found.since:%Y-%m-%d %H:%M} UTC: {found.in_words}.",
            hint="Results are read as before. Look at the receipts, run copyleaks_doctor --live, and see whether a "
            "newer version of django-copyleaks-image reads them.",
            id=f"{PREFIX}.W057",
        )
    ]
