"""Second looks are blind: whoever is to take one sees a picture about which nobody has decided."""

from collections.abc import Iterable
from typing import Any

from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import Desk, Review, Standing
from django_copyleaks_image.reviewing.queue import is_blind_for


def disguise(listed: Iterable[ImageScan], user: Any) -> set[int]:
    """Make the second looks among scans that this person is to take look like first ones; return their keys.

    Only the objects in memory are changed, which must not be saved.
    """
    second_looks = {scan.pk: scan for scan in listed if scan.desk == Desk.SECOND_LOOK}
    if not second_looks:
        return set()
    blind = set(scans().filter(is_blind_for(user), pk__in=list(second_looks)).values_list("pk", flat=True))
    for pk in blind:
        second_looks[pk].desk = Desk.REVIEW
        second_looks[pk].review = Review.PENDING
        second_looks[pk].decision = Standing.UNDECIDED
    return blind
