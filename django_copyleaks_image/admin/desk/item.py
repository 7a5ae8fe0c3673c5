"""One picture of the desk with all that a moderator needs to judge it, and the version of the review that they saw.

Browsers hold the version sealed, so that it tells nothing: a plain number would tell how often something was decided
about a picture, and two pages of the same picture whether anything was decided in between. No two seals are alike.
"""

from typing import TYPE_CHECKING, NamedTuple, TypedDict

from django.core.signing import BadSignature, Signer
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils.crypto import get_random_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_copyleaks_image.admin.facts import (
    Facts,
    about_copy,
    assignee,
    clamped,
    decider,
    finding_about,
    moment,
    person,
    provenance,
    without_empty,
)
from django_copyleaks_image.admin.ownership import owner_facts
from django_copyleaks_image.admin.pictures import page_url
from django_copyleaks_image.admin.reasons import message_of
from django_copyleaks_image.admin.targets import Target
from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.reviewing.history import history_of
from django_copyleaks_image.reviewing.reasons import label_of, reasons_for
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.standings import CHOICES, DECIDED_FOR_GOOD, Kind, Queue, Seen

from .copies import Copies

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_copyleaks_image.admin.pictures import PictureAdmin

_SALT = "copyleaks_image.review"
_NONCE_LENGTH = 12
# What no review has as its version.
NOT_SEEN = -1


class Item(TypedDict):
    """What the script is sent; a decision names the ``version`` that was seen, sealed."""

    pk: int
    version: str
    title: str
    html: str


def item_of(
    image: WatchedImage,
    target: Target,
    model_admin: "PictureAdmin",
    request: "HttpRequest",
    *,
    is_blind: bool,
    copies: Copies,
) -> Item:
    """Return a picture as an item of the desk; in a blind second look its history tells of no decision."""
    version = seal(image)
    context = {
        "image": image,
        "copies": copies,
        "copies_url": model_admin.url("copies", image.pk) if copies.waiting else "",
        "scan": image.scan,
        "version": version,
        "title": target.label,
        "finding": finding_about(image),
        "stage": model_admin.stage(image, target),
        "kinds_with_reason": [kind.value for kind in CHOICES if reasons_for(kind)],
        "contradiction": contradiction_in_words(image),
        "provenance": provenance(image.scan.result if image.scan else None),
        "assigned_to": person(image.assigned_to) if image.assigned_to else "",
        "address": model_admin.url("review_picture", image.pk),
        "facts": facts_of(image, target, model_admin, request),
        "history": steps_of(image, request.user, is_blind=is_blind, with_notes=True),
    }
    html = render_to_string("admin/copyleaks_image/desk/item.html", context)
    return {"pk": image.pk, "version": version, "title": target.label, "html": html}


def facts_of(image: WatchedImage, target: Target, model_admin: "PictureAdmin", request: "HttpRequest") -> Facts:
    """Return what there is to know about a picture, with what the project adds."""
    scan = image.scan
    facts: Facts = [
        (_("Object"), target.link),
        *owner_facts(image, target, model_admin, request),
        (_("Field"), image.field_name),
        (_("Uploaded"), moment(image.uploaded_at)),
    ]
    if scan is not None:
        size = _("%(width)s × %(height)s pixels") % {"width": scan.width, "height": scan.height}
        page = page_url(model_admin.admin_site, scan)
        facts += [
            (_("Picture"), size if scan.width and scan.height else ""),
            (_("Format"), scan.image_format),
            *about_copy(scan),
            (_("Why it is not measured"), "" if scan.verdict else message_of(scan)),
            (_("Model"), (scan.result and scan.result.model) or scan.model),
            (_("Measured at"), moment(scan.result.scanned_at if scan.result else None)),
            (_("Scan"), format_html('<a href="{}">{}</a>', page, _("All details")) if page else ""),
        ]
    return without_empty(*facts, *model_admin.get_facts(request, image))


class Step(NamedTuple):
    """One decision; ``undone`` says by whom and when, and is empty for one that stands.

    ``unseen`` says that the picture was not seen, and is empty otherwise.
    """

    what: str
    by: SafeString
    reason: str
    note: str
    unseen: str
    undone: SafeString | str


def steps_of(image: WatchedImage, user: AnyUser, *, is_blind: bool, with_notes: bool) -> list[Step]:
    """Return the decisions about the bytes of a picture, newest first, each with its reversal.

    Notes may tell what is to be seen on the picture, so they are only for those who may see it.
    """
    return [
        Step(
            what=what_was_decided(decision),
            by=format_html("{}, {}", decider(decision), moment(decision.decided_at)),
            reason=label_of(decision.reason),
            note=clamped(decision.note) if with_notes else "",
            unseen=unseen_in_words(decision),
            undone=_undone(decision),
        )
        for decision in told_history(image, user, is_blind=is_blind)
    ]


def told_history(image: WatchedImage, user: AnyUser, *, is_blind: bool) -> QuerySet[Decision]:
    """Return the decisions about the bytes of a picture of which a user may hear, newest first.

    Whoever is to take a second look is told who skipped the picture and what they noted themselves, and nothing else.
    """
    decisions = history_of(image).exclude(kind=Kind.UNDONE)
    decisions = decisions.select_related(
        "decided_by", "acted_by", "assigned_to", "reversal__decided_by", "reversal__acted_by"
    )
    if is_blind:
        decisions = decisions.filter(Q(kind=Kind.SKIPPED) | Q(kind=Kind.NOTED, decided_by=user.pk))
    return decisions


def contradiction_in_words(image: WatchedImage) -> str:
    """Return what stands about a picture that waits for a decision all the same; empty when nothing does."""
    if image.standing not in DECIDED_FOR_GOOD:
        return ""
    decision = {"decision": image.get_standing_display()}
    if image.queue == Queue.ESCALATED:
        return _("A second look disagrees with what was decided: %(decision)s.") % decision
    if image.queue == Queue.REVIEW:
        return _("A newer scan disagrees with what was decided: %(decision)s.") % decision
    return ""


def what_was_decided(decision: Decision) -> str:
    kind = decision.get_kind_display()
    if whom := assignee(decision):
        kind = _("%(decision)s, for %(person)s") % {"decision": kind, "person": whom}
    return _("Second look: %(decision)s") % {"decision": kind} if decision.is_second_look else kind


def unseen_in_words(decision: Decision) -> str:
    """Return that a person decided without seeing the picture; empty when they saw it, or nothing is known."""
    return decision.get_seen_display() if decision.seen == Seen.UNSEEN else ""


def _undone(decision: Decision) -> SafeString | str:
    reversal: Decision | None = getattr(decision, "reversal", None)
    if reversal is None:
        return ""
    return format_html(_("Undone by {person}, {moment}"), person=decider(reversal), moment=moment(reversal.decided_at))


def seal(image: WatchedImage) -> str:
    """Return a seal of the review of a picture as it is now."""
    nonce = get_random_string(_NONCE_LENGTH)
    return f"{nonce}:{Signer(salt=_SALT).signature(_sealed(image, image.version, nonce))}"


def seen_version(text: str | None, image: WatchedImage, *, is_blind: bool) -> int:
    """Return the version of a review if it is the one that was sealed, :data:`NOT_SEEN` otherwise.

    Whoever is to take a second look, and has seen the picture right before the first one, has seen the same.
    """
    nonce, separator, signature = (text or "").partition(":")
    if not separator or not nonce.isascii() or not signature.isascii():
        return NOT_SEEN
    for version in (image.version, image.version - 1)[: 2 if is_blind else 1]:
        try:
            Signer(salt=_SALT).unsign(f"{_sealed(image, version, nonce)}:{signature}")
        except BadSignature:
            continue
        return image.version
    return NOT_SEEN


def _sealed(image: WatchedImage, version: int, nonce: str) -> str:
    # With what was measured: a late result is another thing to judge, also right before a first decision.
    return f"{nonce}:{image.pk}:{version}:{image.scan_id}:{image.verdict}"
