"""The overview: what waits for people, how the scans go, what they cost, and how often they are wrong."""

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from django_copyleaks_image.models import Decision, account_row
from django_copyleaks_image.models.day import About
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import losses

from . import cards, chart, ledger
from .base import SURFACE_CSS, admin_for, scripts
from .decisions import DecisionAdmin
from .figures import figures
from .images import desk_of
from .period import DAYS, Period, month_in_words, months
from .waiting import longest_wait, troubles

if TYPE_CHECKING:
    from .scans import ImageScanAdmin

_MEDIA = Media(css={"all": [*SURFACE_CSS, "copyleaks_image/css/overview.css"]}, js=scripts("native-menus.js"))


def answer(model_admin: "ImageScanAdmin", request: HttpRequest) -> HttpResponse:
    """Show the figures of real scans, or with ``?sandbox=1`` those of the sandbox's."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    sandbox, period = request.GET.get("sandbox") == "1", Period.asked(request.GET.get("month", ""))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Overview"),
        "opts": model_admin.opts,
        "media": _MEDIA,
        "sandbox": sandbox,
        "period": period,
        "month_in_words": month_in_words(period.first) if period.month else "",
        "day_count": DAYS,
        **_figures(model_admin, request, period, sandbox=sandbox),
        "months": months(About.SCANS),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/copyleaks_image/overview/page.html", context)


def _figures(model_admin: "ImageScanAdmin", request: HttpRequest, period: Period, *, sandbox: bool) -> dict[str, Any]:
    found, row, lost = figures(period, sandbox=sandbox), account_row().first(), losses.lately()
    asked_for = {"created_at__gte": period.begin.isoformat(), "created_at__lt": period.end.isoformat()}
    desk = desk_of(model_admin.admin_site, request)

    def list_url(page: str, **filters: str) -> str:
        return f"{page}?{urlencode({**filters, 'sandbox__exact': int(sandbox)})}" if page else ""

    scans_url = partial(list_url, model_admin.url("changelist"))
    may_list = desk is not None and desk.model_admin.has_view_permission(request)
    images_url = partial(list_url, desk.model_admin.url("changelist") if desk and may_list else "")
    log = admin_for(model_admin.admin_site, Decision, DecisionAdmin)
    may_read_log = log is not None and log.sees_all(request)
    in_period = {"from": period.first.isoformat(), "until": period.last.isoformat()}
    log_url = partial(list_url, log.url("changelist") if log and may_read_log else "", **in_period)
    now = [cards.waiting(found, images_url), cards.under_way(found, None if sandbox else lost, scans_url)]
    if not sandbox:
        now.append(cards.credits_used(found, row, ledger.url_for(model_admin.admin_site, request)))
    return {
        "desk_url": desk.model_admin.url("review") if desk and desk.open_queues else "",
        "cards": now,
        "holds": troubles(row, lost),
        "longest_wait": longest_wait(sandbox=sandbox),
        "counted_at": found.counted_at,
        "chart": chart.draw(found.days) if any(day.scans for day in found.days) else None,
        "days": cards.days(found.days, scans_url),
        "false_alarms": cards.false_alarms(found, log_url),
        "fields": cards.fields(found, log_url),
        "people": cards.people(found, log_url) if may_read_log else [],
        "why_decided": cards.why_decided(found, log_url) if may_read_log else [],
        "unmeasured": cards.unmeasured(found),
        "failed": cards.reasons(found.failed, scans_url, status__exact=Status.FAILED, **asked_for),
        "skipped": cards.reasons(found.skipped, scans_url, status__exact=Status.SKIPPED, **asked_for),
    }
