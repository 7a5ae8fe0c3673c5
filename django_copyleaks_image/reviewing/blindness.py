"""Second looks are blind: of which pictures a person must not hear what was decided."""

from django.db.models import Exists, OuterRef, Q

from django_copyleaks_image.models import decisions, images
from django_copyleaks_image.standings import FINAL, Kind, Queue

from .users import AnyUser


def awaits_second_look_by(user: AnyUser) -> Q:
    """Return the condition that a picture waits for a second look by this person, who must not hear of the first.

    Whoever has judged the same bytes is not asked again, be it an earlier time or on another object.
    """
    reversals = decisions().filter(reverses=OuterRef("pk"))
    looks = decisions().filter(~Exists(reversals), sha256=OuterRef("sha256"), decided_by=user.pk, kind__in=FINAL)
    return Q(~Exists(looks), queue=Queue.SECOND_LOOK)


def tells_of_first_looks(secret: Q) -> Q:
    """Return the condition that a row of the log tells what was decided about such pictures.

    Skipping decides nothing: who skipped what may be known, and would be missed.
    """
    decides = ~Q(kind=Kind.SKIPPED) & ~Q(kind=Kind.UNDONE, reverses__kind=Kind.SKIPPED)
    return Q(image__in=images().filter(secret).values("pk")) & decides
