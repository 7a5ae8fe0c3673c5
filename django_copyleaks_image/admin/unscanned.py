"""The action of a host's own list: have scanned what was there before the app was, or has mock results alone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.scanning import backlog
from django_copyleaks_image.scanning.reconcile import Unscanned

from . import paying
from .base import AT_ONCE

if TYPE_CHECKING:
    from .mixin import CopyleaksImageMixin


@admin.action(description=gettext_lazy("Scan what was not scanned yet (paid)"))
def copyleaks_scan(
    model_admin: "CopyleaksImageMixin", request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Queue the pictures of the chosen objects that have no scan, after a page that says how much it costs at most."""
    chosen = list(queryset.order_by("-pk")[: AT_ONCE + 1])
    if len(chosen) > AT_ONCE:
        words = _("Choose at most %(number)s rows at once.") % {"number": AT_ONCE}
        model_admin.message_user(request, words, messages.ERROR)
        return None
    visible = [instance for instance in chosen if model_admin.has_view_permission(request, instance)]
    files = list(_files(model_admin, visible, queryset.db))
    if not files:
        words = _("No picture of these objects is left to be scanned.")
        model_admin.message_user(request, words, messages.WARNING)
        return None
    if not paying.is_agreed(request):
        question = ngettext(
            "%(count)s picture will be sent to Copyleaks:", "%(count)s pictures will be sent to Copyleaks:", len(files)
        )
        return paying.ask(
            model_admin,
            request,
            title=_("Scan what was not scanned yet"),
            question=question % {"count": len(files)},
            items=[f"{file.instance}: {file.watched.what}" for file in files],
            scans=len(files),
            button=_("Have them scanned"),
            back_url=request.get_full_path(),
            hidden=[("action", "copyleaks_scan"), *((ACTION_CHECKBOX_NAME, str(it.pk)) for it in visible)],
        )
    for file in files:
        scan = backlog.queue_chosen(file, database=queryset.db)
        name = str(ImageScan._meta.verbose_name_raw)
        model_admin.log_change(request, file.instance, [{"added": {"name": name, "object": scan.scan_id}}])
    words = ngettext("%(count)s scan was queued.", "%(count)s scans were queued.", len(files))
    model_admin.message_user(request, words % {"count": len(files)}, messages.SUCCESS)
    return None


def _files(model_admin: "CopyleaksImageMixin", chosen: list[Any], database: str) -> Iterator[Unscanned]:
    for watched in model_admin.copyleaks_fields():
        yield from backlog.unscanned_of(watched, chosen, database=database)
