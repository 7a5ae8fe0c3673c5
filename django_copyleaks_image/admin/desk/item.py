"""One picture of the desk with all that a moderator needs to judge it."""

from typing import TypedDict

from django.contrib.admin.sites import AdminSite
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _

from django_copyleaks_image.admin.addresses import scan_url
from django_copyleaks_image.admin.findings import finding_of
from django_copyleaks_image.admin.page import Facts, moment
from django_copyleaks_image.admin.provenance import provenance
from django_copyleaks_image.admin.stage import stage_of
from django_copyleaks_image.admin.targets import Target
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.reviewing.decide import CHOICES, needs_reason

from .history import standing_in_words, steps_of
from .seals import seal


class Item(TypedDict):
    """What the script is sent; a decision names the ``version`` that was seen, sealed."""

    pk: int
    version: str
    title: str
    html: str


def item_of(scan: ImageScan, target: Target, admin_site: AdminSite, *, is_blind: bool) -> Item:
    """Return a scan as an item of the desk; in a blind second look its history tells of no decision."""
    version = seal(scan)
    context = {
        "scan": scan,
        "version": version,
        "title": target.label,
        "finding": finding_of(scan),
        "stage": stage_of(scan, admin_site, alt=_("Scan of %(object)s") % {"object": target.label}),
        "kinds_with_reason": [kind.value for kind in CHOICES if needs_reason(kind)],
        "standing": standing_in_words(scan),
        "provenance": provenance(scan.result),
        "facts": _facts(scan, target, scan_url(admin_site, "change", scan.pk)),
        "history": steps_of(scan, is_blind=is_blind, with_notes=True),
    }
    html = render_to_string("admin/copyleaks_image/desk/item.html", context)
    return {"pk": scan.pk, "version": version, "title": target.label, "html": html}


def _facts(scan: ImageScan, target: Target, page_url: str) -> Facts:
    result = scan.result
    picture = _("%(width)s × %(height)s pixels") % {"width": scan.width, "height": scan.height}
    facts: Facts = [
        (_("Object"), target.link),
        (_("Field"), scan.field_name),
        (_("Uploaded"), moment(scan.created_at)),
        (_("Picture"), picture if scan.width and scan.height else ""),
        (_("Format"), scan.image_format),
        (_("Model"), (result and result.model) or scan.model),
        (_("Measured at"), moment(None if result is None else result.scanned_at)),
        (_("Scan"), format_html('<a href="{}">{}</a>', page_url, _("All details"))),
    ]
    return [(label, value) for label, value in facts if value]
