"""The account as the workers know it: one page, nothing to edit, and two buttons for after something was mended.

What its pages show and do is imported when somebody opens one: it draws on much that no command, no worker and no start
of the site should wait for.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from django_copyleaks_image.models import AccountState, home_database
from django_copyleaks_image.scanning import account

from .base import ReadOnlyAdmin


@admin.register(AccountState)
class AccountStateAdmin(ReadOnlyAdmin):
    """Pause, budget and workers of the account."""

    change_form_template = "admin/copyleaks_image/accountstate/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccountState]:
        rows: QuerySet[AccountState] = self.model._default_manager.using(home_database())
        return rows

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one row: show its page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect(self.url("change", account.state().pk))

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses of what can be done here."""
        return [
            self.route("resume/", "resume", require_POST(self.resume_view)),
            self.route("requeue/", "requeue", require_POST(self.requeue_view)),
            self.route("thresholds/", "thresholds", require_http_methods(["GET", "POST"])(self.thresholds_view)),
            self.route("spent/", "spent", require_safe(self.spent_view)),
            self.route("spent/csv/", "spent_csv", require_safe(self.spent_csv_view)),
            *super().get_urls(),
        ]

    def page_context(self, request: HttpRequest, obj: AccountState) -> dict[str, Any]:
        from . import account_page  # noqa: PLC0415

        return account_page.context(self, request, obj)

    def resume_view(self, request: HttpRequest) -> HttpResponse:
        from . import account_page  # noqa: PLC0415

        return account_page.resume(self, request)

    def requeue_view(self, request: HttpRequest) -> HttpResponse:
        from . import account_page  # noqa: PLC0415

        return account_page.queue_again(self, request)

    def thresholds_view(self, request: HttpRequest) -> HttpResponse:
        from . import thresholds  # noqa: PLC0415

        return thresholds.answer(self, request)

    def spent_view(self, request: HttpRequest) -> HttpResponse:
        from . import ledger  # noqa: PLC0415

        return ledger.answer(self, request)

    def spent_csv_view(self, request: HttpRequest) -> HttpResponse:
        from . import ledger  # noqa: PLC0415

        return ledger.answer_csv(self, request)
