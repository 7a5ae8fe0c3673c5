"""How many results were lost lately, what they cost, and when the last callback came: said here for everybody who asks.

Every query here reads an index and a bounded number of rows, and none writes.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import receipts, scans
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code

from . import clock

# Of the scans that were sent and ended last, how many are looked at, and how long ago they may have.
NEWEST = 100
LATELY = timedelta(days=1)
# A result may be lost now and then; one in so many is no accident.
_ONE_IN = 10


class Losses(NamedTuple):
    """What became of the last scans that were sent: credits are whole, times are UTC.

    ``sent`` of them ended in the last day, a hundred at most, and ``lost`` of these without their result, the first
    one at ``since``. ``credits`` may have been charged for nothing. ``last_callback_at`` is None when none has ever
    come, and in synchronous mode, which knows none.
    """

    sent: int
    lost: int
    credits: int
    since: datetime | None
    last_callback_at: datetime | None

    @property
    def are_many(self) -> bool:
        """Return whether more were lost than are lost by accident: one in ten."""
        return self.lost > 0 and self.lost * _ONE_IN >= self.sent


def lately() -> Losses:
    """Return what became of the last hundred scans that were sent, as far as they ended in the last day."""
    then = clock.now() - LATELY
    ended = scans().filter(notified_at__gt=then, finished_at__gt=then, sent_at__isnull=False)
    newest = (
        ended.filter(status__in=(Status.COMPLETED, Status.FAILED))
        .order_by("-notified_at")
        .values_list("error_code", "credits", "finished_at")[:NEWEST]
    )
    found = list(newest)
    lost = [(credits_spent or 0, ended_at) for code, credits_spent, ended_at in found if code == Code.RESULT_LOST]
    return Losses(
        sent=len(found),
        lost=len(lost),
        credits=sum(credits_spent for credits_spent, _ in lost),
        since=min((ended_at for _, ended_at in lost if ended_at is not None), default=None),
        last_callback_at=last_callback_at(),
    )


def last_callback_at() -> datetime | None:
    """Return when a callback was stored last, None when none was, and in synchronous mode."""
    if conf.MODE == "sync":
        return None
    came = receipts().filter(source=Source.WEBHOOK).order_by("-pk")
    return came.values_list("received_at", flat=True).first()
