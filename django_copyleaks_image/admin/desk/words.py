"""What the desk says, in whole sentences: what was done, what happened meanwhile, how much waits, who is there."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image.admin.page import person
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.decision import Kind
from django_copyleaks_image.models.scan import Desk, Status
from django_copyleaks_image.reviewing import standing
from django_copyleaks_image.reviewing.history import latest_judgement
from django_copyleaks_image.reviewing.queue import COUNTED
from django_copyleaks_image.reviewing.users import AnyUser

_DONE = {
    Kind.CONFIRMED: gettext_lazy("Confirmed as AI: %(picture)s."),
    Kind.CLEARED: gettext_lazy("Cleared: %(picture)s."),
    Kind.ESCALATED: gettext_lazy("Escalated: %(picture)s."),
    Kind.SKIPPED: gettext_lazy("Skipped: %(picture)s."),
}
_UNDONE = {
    Kind.CONFIRMED: gettext_lazy("Undone: Confirmed as AI: %(picture)s."),
    Kind.CLEARED: gettext_lazy("Undone: Cleared: %(picture)s."),
    Kind.ESCALATED: gettext_lazy("Undone: Escalated: %(picture)s."),
    Kind.SKIPPED: gettext_lazy("Undone: Skipped: %(picture)s."),
}
_MEANWHILE = {
    Kind.CONFIRMED: gettext_lazy("%(person)s confirmed this picture as AI %(when)s. Nothing was changed."),
    Kind.CLEARED: gettext_lazy("%(person)s cleared this picture %(when)s. Nothing was changed."),
    Kind.ESCALATED: gettext_lazy("%(person)s escalated this picture %(when)s. Nothing was changed."),
    Kind.UNDONE: gettext_lazy("%(person)s undid a decision about this picture %(when)s. Nothing was changed."),
}
# So many of the others at the desk are named.
_NAMED = 4


def done(kind: Kind, picture: str) -> str:
    return str(_DONE[kind]) % {"picture": picture}


def undone(kind: Kind, picture: str) -> str:
    return str(_UNDONE[kind]) % {"picture": picture}


def gone() -> str:
    return _("This picture is no longer here. Nothing was changed.")


def replaced() -> str:
    return _("The picture was replaced or removed. Nothing was changed.")


def scanned_again() -> str:
    return _("The picture was scanned again meanwhile. Nothing was changed.")


def meanwhile(scan: ImageScan, user: AnyUser, *, is_as_seen: bool, is_blind: bool) -> str:
    """Return why a decision came too late; ``is_as_seen`` says that nothing was decided since the user looked.

    ``is_blind`` says that the user must not hear what was decided.
    """
    if is_as_seen and scan.claimed_by is not None and scan.claimed_by != user and _is_in_future(scan.claimed_until):
        return _("%(person)s is looking at this picture. Nothing was changed.") % {"person": person(scan.claimed_by)}
    if scan.status == Status.SUPERSEDED:
        return replaced()
    if standing.is_outdated(scan):
        return scanned_again()
    if is_as_seen or is_blind or scan.desk == Desk.SECOND_LOOK:  # Nobody is told that a picture is looked at twice.
        return _("Something happened to this picture meanwhile. Nothing was changed.")
    latest = latest_judgement(scan)
    if latest is None or (scan.finished_at is not None and latest.decided_at < scan.finished_at):
        return scanned_again()
    return str(_MEANWHILE[Kind(latest.kind)]) % {"person": person(latest.decided_by), "when": _ago(latest.decided_at)}


def number_waiting(count: int, *, in_all: bool = False) -> str:
    """Return a count of :func:`~django_copyleaks_image.reviewing.queue.count`, such as ``12``.

    ``in_all`` says that it includes what the user may not see.
    """
    words = number_format(min(count, COUNTED), force_grouping=True)
    if count > COUNTED:
        words = _("more than %(count)s") % {"count": words}
    return _in_all(words) if in_all and count else words


def waiting(count: int, *, in_all: bool = False) -> str:
    """Return the count as a phrase, such as ``12 waiting``."""
    number = number_format(min(count, COUNTED), force_grouping=True)
    if count > COUNTED:
        words = _("more than %(count)s waiting") % {"count": number}
    else:
        words = ngettext("%(count)s waiting", "%(count)s waiting", count) % {"count": number}
    return _in_all(words) if in_all and count else words


def _in_all(words: str) -> str:
    # Translators: behind a number, which may include pictures that the reader may not see: "12 waiting in all".
    return _("%(number)s in all") % {"number": words}


def others(names: list[str]) -> str:
    """Return who else is at the desk, empty when nobody is."""
    if not names:
        return ""
    left_out = len(names) - _NAMED
    shown = names[:_NAMED]
    if left_out > 0:
        shown.append(ngettext("%(count)s other", "%(count)s others", left_out) % {"count": number_format(left_out)})
    listed = get_text_list(shown, _("and"))
    return ngettext("%(names)s is here too", "%(names)s are here too", len(names)) % {"names": listed}


def _ago(moment: datetime) -> str:
    if _is_in_future(moment + timedelta(minutes=1)):
        return _("a moment ago")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


def _is_in_future(moment: datetime | None) -> bool:
    return moment is not None and moment > timezone.now()
