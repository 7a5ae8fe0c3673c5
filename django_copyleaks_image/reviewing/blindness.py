"""Second looks are blind: of which pictures a person must not hear what was decided.

A picture is the bytes of a file on its target. Whichever of its scans waits for the second look, nothing that is told
of any of them may tell of the first one.
"""

from django.db.models import Exists, OuterRef, Q

from django_copyleaks_image.models import decisions, scans
from django_copyleaks_image.models.decision import FINAL, Kind
from django_copyleaks_image.models.scan import Desk, ImageScanQuerySet

from .users import AnyUser


def is_blind_for(user: AnyUser) -> Q:
    """Return the condition that a scan waits for a second look by this person.

    Whoever has judged the same bytes is not asked again, be it at an earlier scan of them or on another object.
    """
    reversals = decisions().filter(reverses=OuterRef("pk"))
    looks = decisions().filter(~Exists(reversals), sha256=OuterRef("sha256"), decided_by=user.pk, kind__in=FINAL)
    return Q(~Exists(looks), desk=Desk.SECOND_LOOK)


def is_secret_for(user: AnyUser) -> Q:
    """Return the condition that a scan is of a picture at which this person is to take a second look."""
    return _is_of_a_picture_of(scans().filter(is_blind_for(user)))


def awaits_second_look() -> Q:
    """Return the condition that a scan is of a picture at which somebody is to take a second look."""
    return _is_of_a_picture_of(scans().filter(desk=Desk.SECOND_LOOK))


def tells_of_first_looks(secret: Q) -> Q:
    """Return the condition that a row of the log tells what was decided about the pictures of such scans.

    Skipping decides nothing: who skipped what may be known, and would be missed.
    """
    decides = ~Q(kind=Kind.SKIPPED) & ~Q(kind=Kind.UNDONE, reverses__kind=Kind.SKIPPED)
    return Q(scan__in=scans().filter(secret).values("pk")) & decides


def _is_of_a_picture_of(waiting: ImageScanQuerySet) -> Q:
    same_picture = waiting.filter(
        content_type=OuterRef("content_type"),
        object_id=OuterRef("object_id"),
        field_name=OuterRef("field_name"),
        sha256=OuterRef("sha256"),
        sandbox=OuterRef("sandbox"),
    )
    # The hashes come first: few scans wait, and a database looks for them by an index before it looks at a row.
    return Q(sha256__in=waiting.values("sha256")) & Q(Exists(same_picture))
