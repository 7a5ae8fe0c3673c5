"""Changed thresholds: how many earlier results they would judge otherwise, and a button that has the worker do it."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.scanning import account, rejudging
from django_copyleaks_image.standings import Standing
from django_copyleaks_image.verdicts import Verdict

from .access import is_permitted
from .base import MEDIA
from .cards import field_in_words

if TYPE_CHECKING:
    from .account import AccountStateAdmin


def may_rejudge(request: HttpRequest) -> bool:
    """Return whether the user may apply changed thresholds to earlier results."""
    return is_permitted(request, "copyleaks_image.rejudge_accountstate")


def answer(model_admin: "AccountStateAdmin", request: HttpRequest) -> HttpResponse:
    """Show what would change; a POST has it changed by the worker, and logs who did."""
    if not model_admin.has_view_permission(request) or not may_rejudge(request):
        raise PermissionDenied
    if request.method == "POST":
        rejudging.ask()
        model_admin.log_change(request, account.state(), "Had earlier results judged by the thresholds of today.")
        words = _("The worker judges them anew, some at a time. What people have decided stays.")
        model_admin.message_user(request, words, messages.SUCCESS)
        return redirect(model_admin.url("changelist"))
    changes = rejudging.preview()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Apply thresholds to earlier results"),
        "opts": model_admin.opts,
        "media": model_admin.media + MEDIA,
        "changes": [(field_in_words(label), _in_words(counts)) for label, counts in sorted(changes.by_field.items())],
        "is_going_on": account.state().rejudge_mark is not None,
        "back_url": model_admin.url("changelist"),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/copyleaks_image/accountstate/thresholds.html", context)


def _in_words(counts: dict[str, int]) -> list[str]:
    said = {
        Standing.FLAGGED: ngettext(
            "%(count)s picture comes to the desk", "%(count)s pictures come to the desk", counts[Standing.FLAGGED]
        ),
        Standing.CLEAN: ngettext(
            "%(count)s picture leaves the desk", "%(count)s pictures leave the desk", counts[Standing.CLEAN]
        ),
        Verdict.MOSTLY_AI: ngettext(
            "%(count)s picture becomes mostly AI", "%(count)s pictures become mostly AI", counts[Verdict.MOSTLY_AI]
        ),
        Verdict.PARTLY_AI: ngettext(
            "%(count)s picture becomes partly AI", "%(count)s pictures become partly AI", counts[Verdict.PARTLY_AI]
        ),
    }
    return [words % {"count": counts[name]} for name, words in said.items() if counts[name]]
