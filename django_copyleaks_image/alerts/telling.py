"""What is owed is sent, a few tries at most; whoever sends a message has a lease of it."""

import logging
from datetime import datetime, timedelta

from django_copyleaks_image.models import AlertMessage, alert_messages
from django_copyleaks_image.models.alert import LONGEST_WAIT, Channel
from django_copyleaks_image.scanning import clock
from django_copyleaks_image.scanning.isolation import isolated

from . import channels
from .incidents import LASTING

logger = logging.getLogger(__name__)

TRIES = 5
# From one try to the next; the last is that of all further ones.
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), LONGEST_WAIT)
# The project's own receivers may take their time, and are not to be called twice for that.
_PATIENCE = timedelta(minutes=10)
_AT_ONCE = 20


def send_due() -> int:
    """Send the messages that are due; return how many were sent."""
    now = clock.now()
    due = alert_messages().due(now).select_related("alert")
    sent = 0
    for message in due[:_AT_ONCE]:
        with isolated("tell of an alert by %s", message.channel):
            sent += _send(message, now)
    return sent


def _send(message: AlertMessage, now: datetime) -> bool:
    alert, row = message.alert, alert_messages().filter(pk=message.pk)
    # Compare-and-set: of all who have read it, one sends it.
    ours = row.filter(due_at=message.due_at, tries=message.tries)
    if message.channel != Channel.SIGNAL and alert.kind in LASTING and alert.ended_at is not None:
        # It was over before anybody was told, as what comes and goes within the hour is.
        ours.update(due_at=None)
        return False
    pause = _PAUSES[min(message.tries, len(_PAUSES) - 1)]
    lease = max(pause, _PATIENCE) if message.channel == Channel.SIGNAL else pause
    tries = message.tries + 1
    if not ours.update(due_at=now + lease, tries=tries):
        return False
    try:
        channels.send(message.channel, alert)
    except channels.NotSent as problem:
        is_last = tries >= TRIES
        logger.error(
            "Alert %s could not be sent by %s (%s); %s.",
            alert.kind,
            message.channel,
            problem,
            "it is given up" if is_last else "it is tried again",
            extra={
                "event": "alert_not_sent",
                "alert": str(alert.kind),
                "channel": str(message.channel),
                "reason": str(problem),
                "is_last": is_last,
            },
        )
        if is_last:
            row.filter(tries=tries).update(due_at=None)
        return False
    row.update(due_at=None, sent_at=clock.now())
    logger.info(
        "Alert %s was sent by %s.",
        alert.kind,
        message.channel,
        extra={"event": "alert_sent", "alert": str(alert.kind), "channel": str(message.channel)},
    )
    return True
