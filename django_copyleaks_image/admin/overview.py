"""The overview: what waits for people, how the scans go, what they cost, and how often they are wrong."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from django_copyleaks_image.models import account_row
from django_copyleaks_image.models.scan import Status

from . import cards, chart
from .addresses import scan_url
from .figures import DAYS, figures
from .permissions import ScanPermissions
from .waiting import what_holds_scans

_MEDIA = Media(css={"all": ["copyleaks_image/css/admin.css", "copyleaks_image/css/overview.css"]})


class ScanOverview(ScanPermissions):
    """Adds the overview to the admin of the scans."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.overview_view))
        return [path("overview/", view, name="copyleaks_image_imagescan_overview"), *super().get_urls()]

    def overview_view(self, request: HttpRequest) -> HttpResponse:
        """Show the figures of real scans, or with ``?sandbox=1`` those of the sandbox's."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        sandbox = request.GET.get("sandbox") == "1"
        context = {
            **self.admin_site.each_context(request),
            "title": _("Overview"),
            "opts": self.opts,
            "media": _MEDIA,
            "sandbox": sandbox,
            "may_decide": self.has_decide_permission(request),
            "day_count": DAYS,
            **self._figures(sandbox=sandbox),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/copyleaks_image/imagescan/overview.html", context)

    def _figures(self, *, sandbox: bool) -> dict[str, Any]:
        found, account = figures(sandbox=sandbox), account_row().first()
        since = found.since.isoformat()

        def list_url(**filters: str) -> str:
            page = scan_url(self.admin_site, "changelist")
            return f"{page}?{urlencode({**filters, 'sandbox__exact': int(sandbox)})}"

        now = [cards.waiting(found, list_url), cards.under_way(found, list_url)]
        if not sandbox:
            now.append(cards.credits_used(found, account))
        return {
            "cards": now,
            "holds": what_holds_scans(account),
            "counted_at": found.counted_at,
            "chart": chart.draw(found.days) if any(day.scans for day in found.days) else None,
            "days": cards.days(found.days),
            "false_alarms": cards.false_alarms(found),
            "fields": cards.fields(found.judged),
            "unmeasured": cards.unmeasured(found),
            "failed": cards.reasons(found.failed, list_url, status__exact=Status.FAILED, created_at__gte=since),
            "skipped": cards.reasons(found.skipped, list_url, status__exact=Status.SKIPPED, created_at__gte=since),
        }
