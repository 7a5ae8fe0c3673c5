"""Many pictures decided at once: shown first, then decided one by one as they were shown, and undone as one."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from django_copyleaks_image.admin import files
from django_copyleaks_image.admin.asking import plain
from django_copyleaks_image.admin.base import BATCH_MEDIA
from django_copyleaks_image.admin.facts import Finding, finding_about
from django_copyleaks_image.admin.stage import Stage, small_stage_of
from django_copyleaks_image.admin.targets import Target
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.reviewing.decide import NOTE_LENGTH, Refused, Stale, decide, is_decidable
from django_copyleaks_image.reviewing.reasons import reasons_for, why_refused
from django_copyleaks_image.scanning import file_changes
from django_copyleaks_image.standings import Kind, KindRule, Queue, Seen, choices_in, rule_of

from . import sentences
from .item import seal, seen_version
from .queues import Desk

if TYPE_CHECKING:
    from django_copyleaks_image.admin.pictures import PictureAdmin


def why_not_decidable(image: WatchedImage, target: Target) -> str:
    """Return why the user can decide nothing about a picture now, in words; empty when they can.

    A second look that was not disguised is not theirs to take.
    """
    if image.removed_at is None and not is_decidable(image):
        return _("The scan is still under way.")
    if image.removed_at is not None or not target.holds_file:
        return _("The picture was replaced or removed.")
    if image.queue == Queue.SECOND_LOOK:
        return _("It waits for a second look by somebody else.")
    return ""


class Shown(NamedTuple):
    """A picture of the page that asks; it can be left out there."""

    image: WatchedImage
    version: str
    target: Target
    finding: Finding
    stage: Stage
    url: str
    decided_before: str


class Batch:
    """One decision, which is one of ``kinds``, about many pictures."""

    def __init__(self, model_admin: "PictureAdmin", request: HttpRequest, kinds: Sequence[Kind]) -> None:
        self.model_admin = model_admin
        self.request = request
        self.kinds = kinds
        self.desk = Desk(model_admin, request)
        self.left_out = Counter[str]()
        # None as long as the pictures are only asked for.
        self.kind = next((kind for kind in kinds if kind == request.POST.get("kind")), None)

    def ask_or_decide(self, chosen: Collection[WatchedImage], *, back: str) -> HttpResponse | None:
        """Return the page that asks, None when nothing can be or everything was decided, which is then told."""
        blind = self.desk.access.disguise(chosen)
        found = self.desk.access.targets(chosen)
        unseen = files.why_not_drawn(
            (image.scan for image in chosen if image.scan is not None), or_not_yet=self.kind is not None
        )
        decidable = [image for image in chosen if not self._is_left_out(image, found[image.pk], unseen)]
        why_not = why_refused(self.kind, self._reason, self._note) if self.kind else ""
        if decidable and (self.kind is None or why_not):
            return self._question(decidable, found, blind, back=back, problem=why_not)
        if decidable and self.kind is not None:
            self._decide_all(self.kind, decidable, blind)
        self.model_admin.tell_left_out(self.request, self.left_out.most_common())
        return None

    @property
    def _reason(self) -> str:
        # The menu may name one for a decision that needs none.
        return self.request.POST.get("reason", "") if self.kind and reasons_for(self.kind) else ""

    @property
    def _note(self) -> str:
        return plain(self.request.POST.get("note"))

    def _is_left_out(self, image: WatchedImage, target: Target, unseen: dict[int, str]) -> bool:
        why = why_not_decidable(image, target)
        if not self.desk.may_decide(image, target, queue=image.queue):
            why = _("You may not decide about this picture.")
        elif not why and (image.scan is None or image.scan.pk in unseen):
            reason = unseen.get(image.scan.pk, "") if image.scan else ""
            why = _("It was not seen. %(why)s") % {"why": reason or _("There is no picture.")}
        elif not why and not set(self.kinds) & set(choices_in(image.queue)):
            why = _("The picture is escalated already.")
        if why:
            self.left_out[why] += 1
        return bool(why)

    def _question(
        self,
        decidable: list[WatchedImage],
        found: dict[int, Target],
        blind: Collection[int],
        *,
        back: str,
        problem: str,
    ) -> HttpResponse:
        # What was decided about the same bytes elsewhere would tell of a first look.
        secret = {image.sha256 for image in decidable if image.pk in blind}
        model_admin = self.model_admin
        rules = [(kind, self._rule(kind, decidable)) for kind in self.kinds]
        only = rules[0][1] if len(rules) == 1 else None
        context = {
            **model_admin.admin_site.each_context(self.request),
            "title": only.label if only else _("Decide about all copies"),
            "is_nav_sidebar_enabled": False,
            "opts": model_admin.opts,
            "media": model_admin.media + BATCH_MEDIA,
            "shown": [self._shown(image, found[image.pk], is_told=image.sha256 not in secret) for image in decidable],
            "left_out": self.left_out.most_common(),
            "action": only.action if only else "",
            "question": counted(only.question, len(decidable)) if only else _("These have the same bytes."),
            "rules": rules,
            "reasons": [(rule, reasons_for(kind)) for kind, rule in rules if reasons_for(kind)],
            "chosen_reason": self._reason,
            "problem": problem,
            "note": self._note,
            "note_length": NOTE_LENGTH,
            "saved_notes": conf.REVIEW_NOTES,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "back_url": back,
        }
        self.request.current_app = model_admin.admin_site.name
        return TemplateResponse(self.request, "admin/copyleaks_image/desk/decide_chosen.html", context)

    def _shown(self, image: WatchedImage, target: Target, *, is_told: bool) -> Shown:
        assert image.scan is not None  # What has none was left out.
        return Shown(
            image=image,
            version=seal(image),
            target=target,
            finding=finding_about(image),
            stage=small_stage_of(
                image.scan, self.model_admin.url, alt=_("Scan of %(object)s") % {"object": target.label}
            ),
            url=self.model_admin.url("change", image.pk),
            decided_before=image.get_standing_display() if image.decision and is_told else "",
        )

    def _rule(self, kind: Kind, decidable: Collection[WatchedImage]) -> KindRule:
        """Return the words for a decision: those for what was never measured if nothing was."""
        return rule_of(kind, next((image.verdict for image in decidable if image.verdict), ""))

    def _decide_all(self, kind: Kind, decidable: Collection[WatchedImage], blind: Collection[int]) -> None:
        batch = uuid4()
        # Second looks first: whoever has judged the same bytes in this batch could take none.
        in_order = sorted(decidable, key=lambda image: image.pk not in blind)
        decided = [image for image in in_order if self._is_decided(kind, image, batch, is_blind=image.pk in blind)]
        if decided:
            said = counted(self._rule(kind, decided).answer, len(decided))
            url = self.model_admin.url("batch", batch)
            told = format_html('{} <a href="{}">{}</a>', said, url, _("Undo …"))
            self.model_admin.message_user(self.request, told, messages.SUCCESS)

    def _is_decided(self, kind: Kind, image: WatchedImage, batch: Any, *, is_blind: bool) -> bool:
        """Decide about one picture as it was shown; count it among those that are left out if that is not possible."""
        request = self.request
        if image.scan is not None and file_changes.noticed(image.scan):
            self.left_out[sentences.replaced()] += 1
            return False
        version = seen_version(request.POST.get(f"version_{image.pk}"), image, is_blind=is_blind)
        try:
            decide(
                image.pk,
                user=request.user,
                kind=kind,
                version=version,
                reason=self._reason,
                note=self._note,
                batch=batch,
                seen=Seen.LISTED,
                acted_by=self.desk.access.acting_user(),
            )
        except Stale as stale:
            is_secret = is_blind or self.desk.access.is_secret(stale.image)
            is_as_seen = stale.image.version == version
            said = sentences.meanwhile(stale.image, request.user, is_as_seen=is_as_seen, is_blind=is_secret)
            self.left_out[said] += 1
        except Refused as refused:
            # That a second look is no longer theirs would tell that there was a first.
            self.left_out[sentences.something_happened() if is_blind else str(refused)] += 1
        else:
            return True
        return False


def counted(sentence: Any, count: int) -> str:
    """Return a lazy sentence with a plural, whose form goes by the number itself and not by how it is written."""
    return str(sentence % {"count": count})
