"""What is wrong becomes an alert, once, whoever notices it; what is over ends it.

An incident has a name that is unique in the table, so of all processes that notice it one makes the row, and with it
in the same transaction the messages that are owed.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError
from django.db.models import Max, Q

from django_copyleaks_image.models import AccountState, Alert, AlertMessage, alert_messages, alerts, home_database
from django_copyleaks_image.models.alert import Channel, Kind
from django_copyleaks_image.scanning import account, clock
from django_copyleaks_image.transactions import atomically

from . import incidents
from .channels import wanted_for
from .incidents import LASTING, Incident

# By mail and webhook, one kind of trouble is told no more often than this: what comes again sooner waits, and is told
# if it lasts until then.
AGAIN_AFTER = timedelta(hours=1)
KEPT_FOR = timedelta(days=90)


def notice_all() -> None:
    """Begin alerts for what is wrong now, and end those of what is over; for the worker, whose round shows itself."""
    row, now = account.state(), clock.now()
    begun = list(alerts().filter(kind__in=LASTING, ended_at=None))
    found = list(incidents.current(row, now, known=frozenset(alert.kind for alert in begun)))
    names = {incident.name for incident in found}
    for alert in begun:
        if alert.incident not in names:
            atomically(partial(_end, alert, row, now))
    _begin_new(found, now)


def notice_silence() -> bool:
    """Begin an alert if no worker is there although something waits; return whether that is so."""
    row, now = account.state(), clock.now()
    found = list(incidents.silence(row, now))
    _begin_new(found, now)
    return bool(found)


def _begin_new(found: list[Incident], now: datetime) -> None:
    names = [incident.name for incident in found]
    known = set(alerts().filter(incident__in=names).values_list("incident", flat=True)) if names else set()
    for incident in found:
        if incident.name not in known:
            begin(incident, now)


def begin(incident: Incident, now: datetime) -> bool:
    """Make the alert of an incident with the messages that are owed; return False if another was faster.

    Where nobody wants to be told, there is none either.
    """
    channels = wanted_for(incident.kind)
    if not channels:
        return False
    alert = Alert(
        kind=incident.kind, incident=incident.name, since=incident.since, facts=incident.facts, noticed_at=now
    )
    try:
        atomically(partial(_insert, alert, {channel: _free_at(incident.kind, channel, now) for channel in channels}))
    except IntegrityError:
        return False
    is_over = Q(ended_at__isnull=False) | ~Q(kind__in=LASTING)
    alerts().filter(is_over, noticed_at__lt=now - KEPT_FOR).delete()
    return True


def _insert(alert: Alert, due: dict[Channel, datetime]) -> None:
    """Insert an alert with its messages; to be called in a transaction."""
    alert.pk = None  # It may have one of a try that was broken off.
    alert.save(using=home_database(), force_insert=True)
    alert_messages().bulk_create(
        AlertMessage(alert=alert, channel=channel, due_at=due_at) for channel, due_at in due.items()
    )


def _free_at(kind: Kind, channel: Channel, now: datetime) -> datetime:
    """Return when this kind may be told of by a channel again; signals are told at once."""
    if channel == Channel.SIGNAL or kind not in LASTING:
        return now
    told = alert_messages().filter(alert__kind=kind, channel=channel, sent_at__gt=now - AGAIN_AFTER)
    last: datetime | None = told.aggregate(last=Max("sent_at"))["last"]
    return now if last is None else min(last, now) + AGAIN_AFTER


def _end(alert: Alert, row: AccountState, now: datetime) -> None:
    """End an alert; the end of a pause is told as well, to those who were told of the pause."""
    # Each pause has a name of its own, which it keeps: whoever has read of it before does not begin it anew.
    name = alert.incident if alert.kind == Kind.PAUSED else None
    if not alerts().filter(pk=alert.pk, ended_at=None).update(incident=name, ended_at=now) or alert.kind != Kind.PAUSED:
        return
    told = alert_messages().filter(alert=alert, sent_at__isnull=False).values_list("channel", flat=True)
    channels = {channel for channel in wanted_for(Kind.RESUMED) if channel == Channel.SIGNAL or channel in told}
    if channels:
        until = row.resumed_at or now
        facts = {"reason": alert.facts.get("reason", ""), "until": until.isoformat()}
        resumed = Alert(kind=Kind.RESUMED, since=alert.since, facts=facts, noticed_at=now, ended_at=now)
        _insert(resumed, dict.fromkeys(channels, now))
