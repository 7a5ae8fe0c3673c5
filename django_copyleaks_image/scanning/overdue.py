"""That a picture has waited at the desk for too long is told to the project, now and then."""

from datetime import timedelta

from django_copyleaks_image import clock_skew, signals
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import WatchedImage, account_row
from django_copyleaks_image.reviewing import queue

from . import clock

AGAIN_AFTER = timedelta(days=1)


def tell_if_due() -> bool:
    """Send ``queue_overdue`` if something is, and nobody was told lately; return whether it was sent.

    Receivers that raise are logged by Django. Whoever is interrupted here tells a day later.
    """
    hours = conf.OVERDUE_HOURS
    if hours is None or not signals.queue_overdue.has_listeners(WatchedImage):
        return False
    now, oldest = clock.now(), queue.oldest_of_all()
    if oldest is None or oldest.queued_at is None or oldest.queued_at > now - timedelta(hours=hours):
        return False
    is_due = ~clock_skew.is_recent("overdue_told_at", now, within=AGAIN_AFTER)
    if not account_row().filter(is_due).update(overdue_told_at=now):
        return False
    signals.queue_overdue.send_robust(sender=WatchedImage, image=oldest, since=oldest.queued_at)
    return True
