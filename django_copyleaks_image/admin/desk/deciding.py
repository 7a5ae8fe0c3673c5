"""A decision about one picture as somebody saw it, whether a page of the desk or a program asks for it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_copyleaks_image.admin.targets import Target
from django_copyleaks_image.models import Decision, WatchedImage, images
from django_copyleaks_image.reviewing import placing
from django_copyleaks_image.reviewing.decide import Refused, decide
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.scanning import file_changes
from django_copyleaks_image.standings import CHOICES, FINAL, FOR_A_PERSON, Kind, Seen

from . import sentences
from .item import seen_version
from .queues import Desk


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a user asks to decide: ``version`` is sealed, ``assigned_to`` the key of a person, empty for nobody."""

    kind: str
    version: str
    seen: str
    reason: str = ""
    note: str = ""
    seconds: float | None = None
    assigned_to: str = ""


class Replaced(Refused):
    """The object holds another file by now, or none."""


def version_seen(desk: Desk, image: WatchedImage, wish: Wish) -> int:
    """Return the version of the review that the user has seen, :data:`~.item.NOT_SEEN` for an earlier one."""
    return seen_version(wish.version, image, is_blind=desk.access.is_secret(image))


def decide_as_seen(desk: Desk, image: WatchedImage, target: Target, wish: Wish, version: int) -> Decision:
    """Decide for a user who may; what is final needs their word that they saw the picture, or did not.

    Raises :class:`Replaced` where the picture is gone, else what :func:`~.reviewing.decide.decide` does.
    """
    if not target.holds_file or (image.scan is not None and file_changes.noticed(image.scan)):
        placing.withdraw(images().filter(pk=image.pk))
        raise Replaced(sentences.replaced())
    if wish.kind not in CHOICES or not wish.version:
        raise Refused(_("The request was not understood."))
    kind = Kind(wish.kind)
    seen = Seen(wish.seen) if wish.seen in (Seen.SEEN, Seen.UNSEEN) else Seen.NOT_SAID
    if kind in FINAL and seen == Seen.NOT_SAID:
        raise Refused(_("Say whether you have seen the picture, or that you decide without seeing it."))
    return decide(
        image.pk,
        user=desk.request.user,
        kind=kind,
        version=version,
        reason=wish.reason,
        note=wish.note,
        seconds=wish.seconds,
        seen=seen,
        assigned_to=_assignee(desk, image, kind, wish.assigned_to),
        acted_by=desk.access.acting_user(),
    )


def _assignee(desk: Desk, image: WatchedImage, kind: Kind, named: str) -> AnyUser | None:
    """Return for whom a picture is escalated or assigned, None for nobody in particular."""
    if kind not in FOR_A_PERSON or not named:
        return None
    person = next((person for person in desk.access.people() if str(person.pk) == named), None)
    if person is None or not desk.access.may_be_assigned(image, person):
        raise Refused(_("This person may not decide about this picture, or may not see it."))
    return person
