"""What the host's own admin says about one picture: a line in its lists, an entry of the panel in its forms."""

from django.contrib.admin.sites import AdminSite
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Desk
from django_copyleaks_image.reviewing.history import judgements_of
from django_copyleaks_image.verdicts import Verdict

from .addresses import scan_url
from .desk.history import standing_in_words
from .findings import Finding, finding_of
from .page import moment, person
from .stage import Stage


def line_of(scan: ImageScan, admin_site: AdminSite, *, is_present: bool) -> SafeString:
    """Return badge and state of a picture, linked to its scan; nothing of it is told about another file."""
    finding = finding_of(scan) if is_present else Finding(verdict=Verdict.NOT_MEASURED, sentence="", mock=False)
    return format_html(
        '<a href="{}">{}</a><span class="copyleaks-line copyleaks-quiet">{}</span>',
        scan_url(admin_site, "change", scan.pk),
        finding.badge,
        (_decision(scan) or _whether_it_waits(scan)) if is_present else "",
    )


def entry_of(scan: ImageScan, admin_site: AdminSite, *, is_present: bool, title: str) -> dict[str, object]:
    """Return what the panel shows of a picture; ``title`` names the object that it belongs to."""
    finding = finding_of(scan)
    entry = {"scan": scan, "finding": finding, "url": scan_url(admin_site, "change", scan.pk), "is_present": is_present}
    if not is_present:
        return entry
    stage = Stage(
        alt=_("Scan of %(object)s: %(finding)s") % {"object": title, "finding": finding.sentence or finding.label},
        picture_url=scan_url(admin_site, "rendition", scan.pk, "panel"),
    )
    if scan.result is not None and scan.result.mask_runs and not scan.result.mask_problem:
        stage.overlay_url = scan_url(admin_site, "overlay", scan.pk)
    return {
        **entry,
        "stage": stage,
        "decision": _decision(scan),
        "decided": _first_look(scan) if scan.decision else None,
        "contradiction": standing_in_words(scan),
        "waits": _whether_it_waits(scan),
    }


def _decision(scan: ImageScan) -> str:
    return str(scan.get_decision_display()) if scan.decision else ""


def _whether_it_waits(scan: ImageScan) -> str:
    return _("Waits at the review desk") if scan.desk else ""


def _first_look(scan: ImageScan) -> dict[str, object] | None:
    """Return by whom, when and why the decision that stands was taken."""
    decision = judgements_of(scan).exclude(desk=Desk.SECOND_LOOK).first()
    if decision is None:
        return None
    by = format_html("{}, {}", person(decision.decided_by), moment(decision.decided_at))
    return {"by": by, "reason": decision.reason, "note": decision.note}
