"""The account as the workers know it: one page, nothing to edit."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState, home_database, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account

from .figures import spent_today
from .page import Facts, moment
from .readonly import ReadOnlyAdmin
from .reasons import reason_in_words
from .waiting import what_holds_scans


@admin.register(AccountState)
class AccountStateAdmin(ReadOnlyAdmin):
    """Pause, budget and workers of the account."""

    change_form_template = "admin/copyleaks_image/accountstate/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountState]:
        return AccountState.objects.using(home_database())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one row: show its page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = account.state()
        page = reverse("admin:copyleaks_image_accountstate_change", args=(row.pk,), current_app=self.admin_site.name)
        return redirect(page)

    def page_context(self, request: HttpRequest, obj: AccountState) -> dict[str, Any]:
        return {
            "title": _("Copyleaks account"),
            "holds": what_holds_scans(obj),
            "pause": _pause(obj),
            "budget": _budget(obj),
            "work": _work(obj),
        }


def _pause(row: AccountState) -> Facts:
    if row.paused_at is None:
        return []
    return _without_empty(
        (_("Since"), moment(row.paused_at)),
        (_("Reason"), reason_in_words(row.pause_reason)),
        (_("Code"), row.pause_reason),
        (_("Message"), row.pause_message),
        (_("Next probe"), moment(row.probe_at)),
    )


def _budget(row: AccountState) -> Facts:
    spent, reserved = spent_today(row)
    budget = conf.DAILY_BUDGET
    return [
        (_("Budget a day"), _("no limit") if budget is None else _credits(budget)),
        (_("Spent today"), _credits(spent)),
        (_("Reserved"), _credits(reserved)),
    ]


def _work(row: AccountState) -> Facts:
    waiting = scans().unfinished().order_by().values_list("status").annotate(Count("pk"), Min("created_at"))
    by_status = [
        (
            str(Status(status).label),
            format_html(_("{count}, the oldest of {moment}"), count=number_format(count), moment=moment(oldest)),
        )
        for status, count, oldest in waiting
    ]
    return _without_empty(
        (_("Worker last seen"), moment(row.worker_seen_at) or _("never")),
        (_("Last sweep"), moment(row.swept_at)),
        (_("Last reconciliation"), moment(row.reconciled_at)),
        *by_status,
    )


def _credits(count: int) -> str:
    return ngettext("%(count)s credit", "%(count)s credits", count) % {"count": number_format(count)}


def _without_empty(*facts: tuple[str, object]) -> Facts:
    return [(label, value) for label, value in facts if value]
