"""Repeating scans from the list or a scan's page: paid again on purpose, or another try of what failed."""

from collections.abc import Container

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import FINISHED, ImageScanQuerySet, Status
from django_copyleaks_image.scanning import account
from django_copyleaks_image.scanning.request import repeat_scan

from .addresses import scan_url
from .parsing import number
from .permissions import ScanPermissions
from .rescan import Plan, plan
from .targets import read_targets


class ScanActions(ScanPermissions):
    """Adds the actions to the admin of the scans, for those who may have pictures scanned again."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.again_view))
        return [path("<int:pk>/again/", view, name="copyleaks_image_imagescan_again"), *super().get_urls()]

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what the buttons on the page of a scan ask for, which the user may be allowed for this scan alone."""
        actions = {"scan_again": self.scan_again, "retry_failed": self.retry_failed}
        action, scan = actions.get(request.POST.get("action", "")), self.get_object(request, str(pk))
        if action is None or scan is None or not self.has_view_permission(request, scan):
            raise Http404
        if not self.has_scan_permission(request, scan):
            raise PermissionDenied
        answer = action(request, scans().filter(pk=pk))
        return answer or HttpResponseRedirect(scan_url(self.admin_site, "change", pk))

    @admin.action(description=gettext_lazy("Scan again (paid)"), permissions=["scan"])
    def scan_again(self, request: HttpRequest, queryset: ImageScanQuerySet) -> HttpResponse | None:
        """Pay for the chosen pictures once more, after a page that says how much."""
        if self.is_too_many(request, queryset):
            return None
        chosen = self._plan(request, queryset, FINISHED)
        if chosen.repeatable and "confirmed" not in request.POST:
            return self._confirmation(request, queryset, chosen)
        return self._queue(request, chosen, force=True)

    @admin.action(description=gettext_lazy("Retry failed"), permissions=["scan"])
    def retry_failed(self, request: HttpRequest, queryset: ImageScanQuerySet) -> HttpResponse | None:
        """Queue what failed or was skipped once more; a result that exists by now is shared, not paid."""
        if self.is_too_many(request, queryset):
            return None
        chosen = self._plan(request, queryset, (Status.FAILED, Status.SKIPPED))
        return self._queue(request, chosen, force=False)

    def _plan(self, request: HttpRequest, queryset: ImageScanQuerySet, statuses: Container[str]) -> Plan:
        chosen = list(queryset.order_by("-pk"))
        found = read_targets(chosen, self.admin_site, request)

        def may_scan(scan: ImageScan) -> bool:
            return found[scan.pk].visible and self.has_scan_permission(request, scan)

        return plan(chosen, statuses=statuses, may_scan=may_scan)

    def _confirmation(self, request: HttpRequest, queryset: ImageScanQuerySet, chosen: Plan) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Scan again"),
            "opts": self.opts,
            "media": self.media,
            "chosen": chosen,
            "credits": 0 if conf.SANDBOX else len(chosen.repeatable),
            "credits_left": account.budget_left(),
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "back_url": scan_url(self.admin_site, "change", chosen.repeatable[0].scan.pk),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/copyleaks_image/imagescan/scan_again.html", context)

    def _queue(self, request: HttpRequest, chosen: Plan, *, force: bool) -> HttpResponse | None:
        queued: list[ImageScan] = []
        for item in chosen.repeatable:
            # A page that is sent twice names the same newest scan both times.
            named = number(request.POST.get(f"newest_{item.scan.pk}"))
            seen = item.newest if named is None else named
            scan, is_new = repeat_scan(item.instance, item.scan.field_name, force=force, seen=seen)
            if not is_new:
                chosen.refused[_("It was asked for already.")] += 1
                continue
            # In the form of Django's own entries, which are put in words when they are read.
            name = str(self.opts.verbose_name_raw)
            self.log_change(request, item.scan, [{"added": {"name": name, "object": scan.scan_id}}])
            queued.append(scan)
        if queued:
            words = ngettext("%(count)s scan was queued.", "%(count)s scans were queued.", len(queued))
            self.message_user(request, words % {"count": len(queued)}, messages.SUCCESS)
        self.tell_left_out(request, chosen.refusals)
        if len(queued) != 1:
            return None
        return HttpResponseRedirect(scan_url(self.admin_site, "change", queued[0].pk))
