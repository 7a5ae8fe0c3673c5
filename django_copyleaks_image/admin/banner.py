"""What is wrong with all scans, above the lists, at the desk and on the page of this app, and for whom it is said.

Whoever may see the account reads what to do. Moderators read in a plain sentence what that means for them.
"""

from typing import TYPE_CHECKING, NamedTuple

from django.http import HttpRequest
from django.utils import timezone

from django_copyleaks_image.models import AccountState, account_row
from django_copyleaks_image.scanning import liveness, losses

from . import waiting
from .account import AccountStateAdmin
from .base import admin_for

if TYPE_CHECKING:
    from django.contrib.admin.sites import AdminSite


class Banner(NamedTuple):
    """Sentences about what is wrong, and the page of the account for those who may see it.

    ``figures`` say for the same people how results come, also while nothing is wrong.
    """

    lines: list[str]
    url: str = ""
    figures: str = ""


def banner_for(admin_site: "AdminSite", request: HttpRequest) -> Banner:
    """Return what is to be said to the user of a request; without lines when all is well."""
    row, lost = account_row().first(), losses.lately()
    silent_since = liveness.silent_since(row, timezone.now())
    account = admin_for(admin_site, AccountState, AccountStateAdmin)
    if account is None or not account.has_view_permission(request):
        return Banner(waiting.for_moderators(row, lost, silent_since))
    held = waiting.what_holds_scans(row) if silent_since else waiting.what_holds_the_worker(row)
    figures = waiting.results_in_words(lost)
    return Banner(
        [*held, *waiting.what_was_lost(lost), *waiting.what_runs_out(row)], account.url("changelist"), figures
    )
