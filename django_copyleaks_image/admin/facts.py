"""What pages say in labelled facts, and in the same words everywhere: who, when, how long, and what was found."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import localize, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_copyleaks_image import findings
from django_copyleaks_image.models import Decision, DetectionResult, ImageScan, WatchedImage
from django_copyleaks_image.reviewing.users import AnyUser
from django_copyleaks_image.verdicts import Verdict

from .reasons import reason_in_words

Facts = list[tuple[str, object]]
# Letters that are shown of a text whose length strangers choose.
_CLAMPED = 160

# "imageInfo.metadata" of https://docs.copyleaks.com/reference/data-types/ai-image-detector .
_PROVENANCE = {
    "issuedBy": gettext_lazy("Issued by"),
    "appOrDeviceUsed": gettext_lazy("App or device"),
    "issuedTime": gettext_lazy("Time"),
    "contentSummary": gettext_lazy("Content summary"),
}


class Finding(NamedTuple):
    """Badge and sentence; the sentence is empty when the badge says it all. A mock is no evidence."""

    verdict: Verdict = Verdict.NOT_MEASURED
    sentence: str = ""
    mock: bool = False

    @property
    def label(self) -> str:
        label = str(self.verdict.label)
        return _("Mock: %(verdict)s") % {"verdict": label} if self.mock else label

    @property
    def badge(self) -> SafeString:
        kind = self.verdict.value or "not_measured"
        mock = " copyleaks-badge-mock" if self.mock else ""
        return format_html(
            '<span class="copyleaks-badge copyleaks-badge-{}{}">{}</span>', kind.replace("_", "-"), mock, self.label
        )


def finding_of(scan: ImageScan) -> Finding:
    """Return what a scan found, or why nothing was measured; needs its result, without the large columns."""
    verdict = Verdict(scan.verdict)
    if verdict is Verdict.NOT_MEASURED or scan.result is None:
        return Finding(sentence=_why_not_measured(scan))
    sentence = findings.finding(scan)
    return Finding(verdict=verdict, sentence="" if sentence == str(verdict.label) else sentence, mock=scan.sandbox)


def finding_about(image: WatchedImage) -> Finding:
    """Return what the scan that counts has found about a picture; nothing of it is told about another file."""
    if image.scan is None or image.scan.verdict != image.verdict:
        return Finding()
    return finding_of(image.scan)


def _why_not_measured(scan: ImageScan) -> str:
    if scan.error_code:
        return reason_in_words(scan.error_code)
    if scan.status == ImageScan.Status.SUBMITTED:
        return _("The provider is working on it.")
    return _("It waits to be sent.") if scan.status == ImageScan.Status.QUEUED else ""


def about_copy(scan: ImageScan) -> Facts:
    """Return which part of a file is measured, and on which copy."""
    copy = ""
    if scan.is_on_copy:
        sides = {"width": scan.copy_width, "height": scan.copy_height}
        copy = ", ".join(filter(None, (_("%(width)s × %(height)s pixels") % sides, scan.copy_format)))
    return [
        (_("Frames"), _("the first of several frames or pages") if scan.several_frames else ""),
        (_("Measured on a copy"), copy),
    ]


def provenance(result: DetectionResult | None) -> Facts:
    """Return what a file says about its origin, as the provider read it: untrusted text under labels for people.

    A key that is not known labels itself.
    """
    metadata = result.metadata if result is not None else {}
    if not isinstance(metadata, dict):
        return []
    return [(str(_PROVENANCE.get(name, name)), clamped(str(value))) for name, value in metadata.items()]


def clamped(text: str) -> str:
    """Return a text as it is, or the start of a long one with "more" behind it."""
    if len(text) <= _CLAMPED:
        return text
    return format_html(
        '<span class="copyleaks-start">{}</span><details class="copyleaks-more"><summary>'
        '<span class="copyleaks-to-open">{}</span><span class="copyleaks-to-close">{}</span></summary>{}</details>',
        Truncator(text).chars(_CLAMPED),
        _("more"),
        _("less"),
        text,
    )


def without_empty(*facts: tuple[str, object]) -> Facts:
    return [(label, value) for label, value in facts if value]


def person(user: AnyUser | None, former: str = "") -> str:
    """Return the name of a person; of one whose account was deleted what is left of it."""
    if user is not None:
        return str(user.get_username())
    return _("%(name)s (deleted)") % {"name": former} if former else _("a deleted user")


def decider(decision: Decision) -> str:
    """Return who decided; where somebody sat there in their place, both."""
    by, really = person(decision.decided_by, decision.decided_by_name), acting(decision)
    return _("%(name)s, by %(acting)s in their place") % {"name": by, "acting": really} if really else by


def acting(decision: Decision) -> str:
    """Return who sat there in the place of the one who decided, empty where that was nobody else."""
    is_other = decision.acted_by is not None or decision.acted_by_name
    return person(decision.acted_by, decision.acted_by_name) if is_other else ""


def assignee(decision: Decision) -> str:
    """Return for whom something was escalated or assigned, empty for nobody."""
    is_for_somebody = decision.assigned_to is not None or decision.assigned_to_name
    return person(decision.assigned_to, decision.assigned_to_name) if is_for_somebody else ""


def moment(value: datetime | None) -> object:
    """Return a moment in the reader's time zone, as a ``time`` element; empty for None."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), localize(local))


def duration_in_words(duration: timedelta) -> str:
    """Return a duration such as ``3.2 s`` or ``4 min``."""
    seconds = max(0.0, duration.total_seconds())
    if seconds < 10:
        return _("%(number)s s") % {"number": number_format(round(seconds, 1), 1)}
    if seconds < 120:
        return _("%(number)s s") % {"number": number_format(round(seconds))}
    if seconds < 7200:
        return _("%(number)s min") % {"number": number_format(round(seconds / 60))}
    return _("%(number)s h") % {"number": number_format(round(seconds / 3600))}
