"""Checks of whether scans go on: pauses, workers, and the task backends that work in their place."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone

from django_copyleaks_image import connection_pool, dispatch
from django_copyleaks_image.conf import DICT_NAME
from django_copyleaks_image.copyleaks.public import may_be_public
from django_copyleaks_image.models import account_row, home_database
from django_copyleaks_image.redaction import without_credentials
from django_copyleaks_image.scanning import balance, liveness, mends

from .configuration import value_of
from .registering import PREFIX, register

# Two workers, the second for the day on which the first one's machine is gone, and as many again for the site.
WORKERS_AND_SITE = 4


@register(Tags.database)
def check_pause(**kwargs: Any) -> list[CheckMessage]:
    """Report paused submissions; asked for by ``check --database``, like every check that queries."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        state = account_row().exclude(paused_at=None).first()
    except DatabaseError:  # Not migrated yet.
        return []
    if state is None:
        return []
    return [
        Warning(
            f"Submissions are paused since {state.paused_at:%Y-%m-%d %H:%M} UTC ({state.pause_reason}): "
            f"{state.pause_message}",
            hint=f"{mends.mend(state)} {mends.what_comes_then(state)}",
            id=f"{PREFIX}.W014",
        )
    ]


@register(Tags.database)
def check_worker(**kwargs: Any) -> list[CheckMessage]:
    """Report scans that wait while nobody submits or sweeps; with a task backend, one may go on without the other."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        problem = liveness.why_scans_wait(timezone.now())
    except (DatabaseError, ImproperlyConfigured):  # Not migrated yet, or E003 has said so.
        return []
    if not problem:
        return []
    return [
        Warning(
            f"Scans wait, and {problem}.",
            hint="Keep copyleaks_worker running, or let Celery beat run copyleaks_image.sweep every minute; "
            "the worker's log may say what keeps it.",
            id=f"{PREFIX}.W017",
        )
    ]


@register(Tags.database)
def check_balance(**kwargs: Any) -> list[CheckMessage]:
    """Warn when the credits of the account are used up in a few days."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        low = balance.runs_low(account_row().first())
    except (DatabaseError, ImproperlyConfigured):  # Not migrated yet, or E003 has said so.
        return []
    if low is None:
        return []
    return [
        Warning(
            f"The account has {low.credits} credits left, and {low.a_day:.1f} a day were spent in the last week: "
            f"that is enough for {low.days} days.",
            hint=f"Buy credits, or set {DICT_NAME}['BALANCE_WARNING_DAYS'] to fewer days, or to None.",
            id=f"{PREFIX}.W050",
        )
    ]


@register(Tags.compatibility)
def check_alerts(**kwargs: Any) -> list[CheckMessage]:
    """Check that those who are to be told of trouble can be."""
    receivers = value_of("ALERTS")
    if receivers is None:
        return []
    problems = []
    if receivers.mail and not settings.MANAGERS:
        problems.append(("mails the MANAGERS, but there are none", "Set MANAGERS."))
    address = urlsplit(receivers.webhook.reveal())
    if address.scheme == "http" and may_be_public(f"http://{address.netloc}"):
        problems.append(
            ("posts to a webhook whose address is not https, which anybody on the way can read", "Use https.")
        )
    return [Warning(f"{DICT_NAME}['ALERTS'] {problem}.", hint=mend, id=f"{PREFIX}.W054") for problem, mend in problems]


@register(Tags.compatibility)
def check_connections(**kwargs: Any) -> list[CheckMessage]:
    """Compare Django's own pool of connections with the threads that a worker has by default."""
    limit, wanted = (
        connection_pool.limit_of(home_database()),
        connection_pool.wanted_for(connection_pool.DEFAULT_THREADS),
    )
    if limit is None or limit >= wanted:
        return []
    return [
        Warning(
            f"The connection pool of the database {home_database()!r} has at most {limit}, of which copyleaks_worker "
            f"with {connection_pool.DEFAULT_THREADS} threads would use {wanted}: its threads wait for each other.",
            hint=f"Set OPTIONS['pool']['max_size'] of that database to {wanted} or more.",
            id=f"{PREFIX}.W030",
        )
    ]


@register(Tags.database)
def check_account_limit(**kwargs: Any) -> list[CheckMessage]:
    """Compare what the database lets its account have with what two workers use, and as much again for the site."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        limit = connection_pool.limit_of_account(home_database())
    except DatabaseError:  # Whoever asks is told why by Django's own checks.
        return []
    wanted = connection_pool.wanted_for(connection_pool.DEFAULT_THREADS)
    if limit is None or limit >= WORKERS_AND_SITE * wanted:
        return []
    return [
        Warning(
            f"The database {home_database()!r} lets its account have {limit} connections at a time. Each "
            f"copyleaks_worker with {connection_pool.DEFAULT_THREADS} threads uses up to {wanted} of them; with two "
            f"workers {max(0, limit - 2 * wanted)} are left for the site, and uploads fail when there are none.",
            hint=f"Allow the account {WORKERS_AND_SITE * wanted} connections or more, or give copyleaks_worker an "
            "account of its own, with a limit of its own.",
            id=f"{PREFIX}.W038",
        )
    ]


@register(Tags.compatibility)
def check_backend(**kwargs: Any) -> list[CheckMessage]:
    """Check that the task backend behind the dispatcher is there, and takes tasks."""
    backend = dispatch.backend_of(value_of("DISPATCHER"))
    if not backend:
        return []
    try:
        module = dispatch.load(backend)
    except Exception as error:  # noqa: BLE001 - whatever the project's own settings of the task backend lead to
        return [
            Error(
                f"The task backend behind {DICT_NAME}['DISPATCHER'] cannot be used: {without_credentials(str(error))}",
                hint="Install it with the extra tasks or celery of django-copyleaks-image; Django Tasks need a backend "
                "'default' with a queue 'default'.",
                id=f"{PREFIX}.E015",
            )
        ]
    if backend == "celery" and not module.has_app():
        return [
            Warning(
                "Celery knows no app of the project, so scans would be sent to a broker on localhost.",
                hint="Import the app in the __init__.py of the project, as Celery's documentation for Django shows.",
                id=f"{PREFIX}.W018",
            )
        ]
    return []


def submits_in_the_request() -> bool:
    backend = dispatch.backend_of(value_of("DISPATCHER"))
    try:
        return bool(backend and dispatch.load(backend).runs_in_the_request())
    except Exception:  # noqa: BLE001 - E015 has said so
        return False
