"""What a scan found, as badge and sentence: the same words in lists, on pages and in the host's own admin."""

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_copyleaks_image import findings
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.verdicts import Verdict

from .reasons import reason_in_words


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Badge and sentence; the sentence is empty when the badge says it all. A mock is no evidence."""

    verdict: Verdict
    sentence: str
    mock: bool

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
        return Finding(verdict=Verdict.NOT_MEASURED, sentence=_why_not_measured(scan), mock=False)
    sentence = findings.finding(scan)
    if sentence == str(verdict.label):
        sentence = ""
    return Finding(verdict=verdict, sentence=sentence, mock=scan.sandbox)


def _why_not_measured(scan: ImageScan) -> str:
    if scan.error_code:
        return reason_in_words(scan.error_code)
    if scan.status == ImageScan.Status.SUBMITTED:
        return _("The provider is working on it.")
    return _("It waits to be sent.") if scan.status == ImageScan.Status.QUEUED else ""
