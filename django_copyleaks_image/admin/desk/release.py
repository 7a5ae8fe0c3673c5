"""Taking pictures from people who look at them for too long, so that others can judge them."""

from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image.admin.page import person
from django_copyleaks_image.admin.targets import read_targets
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import ImageScanQuerySet
from django_copyleaks_image.reviewing import claims

from .queues import DeskQueues


def holder(scan: ImageScan) -> str:
    """Return who is looking at a picture, empty when nobody is."""
    is_held = scan.claimed_by is not None and scan.claimed_until is not None and scan.claimed_until > timezone.now()
    return person(scan.claimed_by) if is_held else ""


class ClaimRelease(DeskQueues):
    """Adds the action to the list of scans, for those who may; each release is an entry of the scan's history."""

    @admin.action(description=gettext_lazy("Release what somebody looks at"), permissions=["release"])
    def release_claims(self, request: HttpRequest, queryset: ImageScanQuerySet) -> None:
        """End the claims on the chosen pictures."""
        if self.is_too_many(request, queryset):
            return
        chosen = list(queryset.order_by("-pk"))
        targets = read_targets(chosen, self.admin_site, request)
        left_out = Counter[str]()
        released = 0
        for scan in chosen:
            held_by = holder(scan)
            if not targets[scan.pk].visible or not self.has_release_permission(request, scan):
                left_out[_("You may not release this picture.")] += 1
            elif not held_by or not claims.take_away(scan.pk, held_by=scan.claimed_by):
                left_out[_("Nobody is looking at this picture.")] += 1
            else:
                told: Any = _("Released from %(person)s.") % {"person": held_by}
                self.log_change(request, scan, told)
                released += 1
        if released:
            words = ngettext("%(count)s picture was released.", "%(count)s pictures were released.", released)
            self.message_user(request, words % {"count": number_format(released)}, messages.SUCCESS)
        self.tell_left_out(request, left_out.most_common())
