"""How long the address of a picture lives once the picture was fetched: it opens again for a retry, and no longer.

Copyleaks fetches a picture when it comes to it; how often, and how late it tries again, is documented nowhere. Whoever
finds the address later, in a log for example, finds it shut. It opens anew when its scan is sent once more.
"""

import logging
from datetime import timedelta

from django.db import DatabaseError

from django_copyleaks_image.conf import conf
from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.transactions import repeated

from . import clock

logger = logging.getLogger(__name__)


def note_whole(scan: ImageScan) -> None:
    """Note that the picture of a scan was handed out whole; of several fetches the first one counts.

    One UPDATE. Without a database the address lives on until the scan has ended.
    """
    if scan.fetched_at is not None:
        return
    not_fetched = scans().filter(pk=scan.pk, fetched_at=None)
    try:
        repeated(lambda: not_fetched.update(fetched_at=clock.now()))
    except DatabaseError as error:
        logger.error(
            "Scan %s: that its picture was fetched could not be noted (%s).",
            scan.scan_id,
            told(error),
            extra=scan.event("fetch_not_noted", error=type(error).__name__),
        )


def are_over(scan: ImageScan) -> bool:
    """Return whether the picture was fetched whole, and the time for a retry, ``REFETCH_SECONDS``, has passed since."""
    if scan.fetched_at is None or conf.REFETCH_SECONDS is None:
        return False
    passed = clock.now() - scan.fetched_at
    if passed < timedelta(seconds=conf.REFETCH_SECONDS):
        return False
    logger.warning(
        "Scan %s: its picture was asked for %.0f seconds after it was fetched whole, and not given. If that is "
        "Copyleaks, raise REFETCH_SECONDS; if not, somebody has found the address.",
        scan.scan_id,
        passed.total_seconds(),
        extra=scan.event("fetched_too_late", seconds=passed.total_seconds()),
    )
    return True
