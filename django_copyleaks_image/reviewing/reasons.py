"""Why somebody decides as they do: the reasons of each kind of decision."""

from django.utils.translation import gettext as _

from django_copyleaks_image.conf import conf
from django_copyleaks_image.review_reasons import Reason
from django_copyleaks_image.standings import KINDS, Kind


def reasons_for(kind: Kind) -> tuple[Reason, ...]:
    """Return the reasons, one of which a decision must name; empty where it has none."""
    return conf.REVIEW_REASONS.get(KINDS[kind].verb, ())


def label_of(name: str) -> str:
    """Return a stored reason in the reader's language; as it was stored when the settings know it no more."""
    known = (reason for reasons in conf.REVIEW_REASONS.values() for reason in reasons)
    return next((str(reason) for reason in known if reason.name == name), name)


def why_refused(kind: Kind, name: str, note: str) -> str:
    """Return why a decision may not have this reason and note, in words; empty when it may."""
    offered = {reason.name: reason for reason in reasons_for(kind)}
    if not offered:
        return _("This decision has no reasons.") if name else ""
    if name not in offered:
        return _("Choose one of the reasons.")
    return _("This reason needs a note.") if offered[name].needs_note and not note.strip() else ""
