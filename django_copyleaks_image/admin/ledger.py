"""The ledger: what was spent in a month by day, field and outcome, as a page and as CSV."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from django_copyleaks_image.models import AccountState
from django_copyleaks_image.models.day import About, day_of
from django_copyleaks_image.models.scan import Spent
from django_copyleaks_image.scanning import ledger
from django_copyleaks_image.scanning.days import count_if_due
from django_copyleaks_image.scanning.ledger import Spending

from .base import SURFACE_CSS, ReadOnlyAdmin, admin_for, scripts
from .cards import field_in_words
from .export import as_csv
from .period import Period, month_in_words, months

if TYPE_CHECKING:
    from .account import AccountStateAdmin

_MEDIA = Media(css={"all": [*SURFACE_CSS, "copyleaks_image/css/overview.css"]}, js=scripts("native-menus.js"))


def url_for(admin_site: AdminSite, request: HttpRequest) -> str:
    """Return the address of the ledger, empty for those who may not see the account."""
    model_admin = admin_for(admin_site, AccountState, ReadOnlyAdmin)
    return model_admin.url("spent") if model_admin and model_admin.has_view_permission(request) else ""


def answer(model_admin: "AccountStateAdmin", request: HttpRequest) -> HttpResponse:
    """Show what was spent in a month."""
    period, entries = _asked(model_admin, request)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Spent credits"),
        "opts": model_admin.opts,
        "media": _MEDIA,
        "period": period,
        "month_in_words": month_in_words(period.first),
        "months": months(About.CREDITS) or [(period.month, month_in_words(period.first))],
        "total": _number(sum(it.credits for it in entries)),
        "csv_url": f"{model_admin.url('spent_csv')}?month={period.month}",
        "outcomes": [str(outcome.label) for outcome in Spent],
        "fields": [(field_in_words(field), *cells) for field, *cells in _table((it.field, it) for it in entries)],
        "days": [(date_format(day, "DATE_FORMAT"), *cells) for day, *cells in _table((it.day, it) for it in entries)],
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/copyleaks_image/overview/spent.html", context)


def answer_csv(model_admin: "AccountStateAdmin", request: HttpRequest) -> HttpResponse:
    """Answer with a row for each day, field and outcome of a month."""
    period, entries = _asked(model_admin, request)
    rows: list[tuple[object, ...]] = [(it.day.isoformat(), *it[1:]) for it in entries]
    return HttpResponse(
        as_csv([Spending._fields, *rows]),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="spent-{period.month}.csv"',
            "Cache-Control": "private, no-store",
        },
    )


def _asked(model_admin: "AccountStateAdmin", request: HttpRequest) -> tuple[Period, list[Spending]]:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    count_if_due()
    period = Period.asked(request.GET.get("month", ""))
    if not period.month:
        period = Period.of_month(f"{day_of(About.CREDITS, timezone.now()):%Y-%m}")
    return period, ledger.spent(period.first, period.last)


def _table(keyed: Iterable[tuple[Any, Spending]]) -> list[tuple[Any, ...]]:
    """Return a row for each key: the scans and credits of each outcome, and the credits of all."""
    numbers, spent, keys = Counter[tuple[Any, str]](), Counter[tuple[Any, str]](), dict[Any, None]()
    for key, it in keyed:
        keys[key] = None
        numbers[key, it.outcome] += it.scans
        spent[key, it.outcome] += it.credits
    return [
        (
            key,
            [(_number(numbers[key, outcome]), _number(spent[key, outcome])) for outcome in Spent],
            _number(sum(spent[key, outcome] for outcome in Spent)),
        )
        for key in keys
    ]


def _number(count: int) -> str:
    return number_format(count, force_grouping=True)
