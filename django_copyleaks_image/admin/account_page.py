"""The page of the account, and what its two buttons do."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.scanning import account, circuit, losses, mends, requeue

from . import paying, thresholds
from .access import is_permitted
from .facts import Facts, moment, without_empty
from .figures import figures, spent_today
from .reasons import pause_message_of, reason_in_words
from .waiting import lost_in_words, troubles

if TYPE_CHECKING:
    from .account import AccountStateAdmin


def context(model_admin: "AccountStateAdmin", request: HttpRequest, row: AccountState) -> dict[str, Any]:
    """Return what the template shows of the account."""
    lost = losses.lately()
    return {
        "may_resume": row.paused_at is not None and is_permitted(request, "copyleaks_image.resume_accountstate"),
        "outcomes": _outcomes() if model_admin.access(request).may_scan() else [],
        "thresholds_url": model_admin.url("thresholds") if thresholds.may_rejudge(request) else "",
        "is_queuing": reason_in_words(row.requeue_code),
        "title": _("Copyleaks account"),
        "holds": troubles(row, lost),
        "pause": _pause(row),
        "budget": _budget(row),
        "spent_url": model_admin.url("spent"),
        "work": _work(row, lost),
    }


def resume(model_admin: "AccountStateAdmin", request: HttpRequest) -> HttpResponse:
    """Let paused submissions go on, and log who did."""
    if not model_admin.has_view_permission(request) or not is_permitted(request, "copyleaks_image.resume_accountstate"):
        raise PermissionDenied
    row = account.state()
    if circuit.resume():
        model_admin.log_change(request, row, f"Let submissions go on that were paused ({row.pause_reason}).")
        model_admin.message_user(request, _("Submissions go on. They are paused again if the cause is still there."))
    return redirect(model_admin.url("changelist"))


def queue_again(model_admin: "AccountStateAdmin", request: HttpRequest) -> HttpResponse:
    """Have all scans queued again that ended with one outcome, by the worker, and log who did."""
    if not model_admin.has_view_permission(request) or not model_admin.access(request).may_scan():
        raise PermissionDenied
    code = request.POST.get("code", "")
    if code in dict(_outcomes()):
        if not paying.is_agreed(request):
            return _ask_for(model_admin, request, code)
        requeue.ask_for(code)
        model_admin.log_change(request, account.state(), f"Had all scans queued again that ended with {code}.")
        words = _("The worker queues them again, some at a time. What may have been paid is left out.")
        model_admin.message_user(request, words, messages.SUCCESS)
    return redirect(model_admin.url("changelist"))


def _ask_for(model_admin: "AccountStateAdmin", request: HttpRequest, code: str) -> HttpResponse:
    # Some are left out: what has a newer scan by now, or may have been paid.
    number = requeue.ended_with(code).count()
    words = ngettext(
        "At most %(count)s scan is queued again: %(reason)s",
        "At most %(count)s scans are queued again: %(reason)s",
        number,
    )
    return paying.ask(
        model_admin,
        request,
        title=_("Queue again"),
        question=words % {"count": number_format(number), "reason": reason_in_words(code)},
        scans=number,
        button=_("Queue again"),
        back_url=model_admin.url("changelist"),
        hidden=[("code", code)],
    )


def _outcomes() -> list[tuple[str, str]]:
    """Return the codes of what ended without a result lately, in words with their numbers, the most frequent first."""
    found = figures(sandbox=False)
    return [
        (code, f"{reason_in_words(code)} ({number_format(number)})") for code, number in (*found.failed, *found.skipped)
    ]


def _pause(row: AccountState) -> Facts:
    if row.paused_at is None:
        return []
    return without_empty(
        (_("Since"), moment(row.paused_at)),
        (_("Reason"), reason_in_words(row.pause_reason)),
        (_("Code"), row.pause_reason),
        (_("Message"), pause_message_of(row)),
        (_("What to do"), f"{mends.mend(row)} {mends.what_comes_then(row)}"),
        (_("Scan on trial"), row.trial_scan),
        (_("Next probe"), moment(row.probe_at)),
    )


def _budget(row: AccountState) -> Facts:
    spent, reserved = spent_today(row)
    budget = conf.DAILY_BUDGET
    return [
        (_("Budget a day"), _("no limit") if budget is None else _credits(budget)),
        (_("Spent today"), _credits(spent)),
        (_("Reserved"), _credits(reserved)),
        *without_empty((_("Left on the account"), _left(row))),
    ]


def _left(row: AccountState) -> str:
    if row.credits_left is None or row.credits_left_at is None:
        return ""
    return format_html("{}, {}", _credits(row.credits_left), moment(row.credits_left_at))


def _work(row: AccountState, lost: losses.Losses) -> Facts:
    waiting = scans().unfinished().order_by().values_list("status").annotate(Count("pk"), Min("created_at"))
    by_status = [
        (
            str(Status(status).label),
            format_html(_("{count}, the oldest of {moment}"), count=number_format(count), moment=moment(oldest)),
        )
        for status, count, oldest in waiting
    ]
    return without_empty(
        (_("Worker last seen"), moment(row.worker_seen_at) or _("never")),
        (_("Last callback"), moment(lost.last_callback_at)),
        (_("Results lost"), lost_in_words(lost)),
        (_("Last sweep"), moment(row.swept_at)),
        (_("Last reconciliation"), moment(row.reconciled_at)),
        *by_status,
    )


def _credits(count: int) -> str:
    return ngettext("%(count)s credit", "%(count)s credits", count) % {"count": number_format(count)}
