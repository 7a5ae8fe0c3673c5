"""Repeating scans, from a list or a page: paid again on purpose, or another try of what failed."""

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import FINISHED, UNMEASURED
from django_copyleaks_image.scanning import account
from django_copyleaks_image.scanning.scan_requests import repeat_scan

from . import files
from .asking import number
from .targets import Row

if TYPE_CHECKING:
    from .pictures import PictureAdmin


class _NotPossible(Exception):
    """A scan cannot be repeated; the text says why, in words for a moderator."""


class Repeatable(NamedTuple):
    """A chosen row whose object still holds its file; ``newest`` is the key of the newest scan of the picture."""

    row: Row
    instance: Model
    newest: int


@dataclass(slots=True)
class Plan:
    """What can be repeated, and how many cannot for which reason."""

    repeatable: list[Repeatable] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def refusals(self) -> list[tuple[str, int]]:
        """Return the reasons with their counts, the most frequent first."""
        return self.refused.most_common()


def plan_of(model_admin: "PictureAdmin", request: HttpRequest, chosen: Sequence[Row], statuses: Container[str]) -> Plan:
    """Sort out the rows whose scans can be repeated: each file once, and only those that ended in a status."""
    result = Plan()
    targets = model_admin.access(request).targets(chosen)
    seen: set[tuple[int, str, str]] = set()
    for row in chosen:
        picture = row.content_type_id, row.object_id, row.field_name
        try:
            if picture in seen:
                raise _NotPossible(_("Another chosen scan is of the same object."))
            if not targets[row.pk].visible or not model_admin.has_scan_permission(request, row):
                raise _NotPossible(_("You may not have this picture scanned again."))
            instance = _repeatable_instance(model_admin.scan_of(row), statuses)
            newest = scans().same_target(row).order_by("-pk").values_list("pk", flat=True)[0]
            result.repeatable.append(Repeatable(row, instance, newest))
            seen.add(picture)
        except _NotPossible as reason:
            result.refused[str(reason)] += 1
    return result


def _repeatable_instance(scan: ImageScan | None, statuses: Container[str]) -> Model:
    if scan is None:
        raise _NotPossible(_("The scan is no longer here."))
    if not scan.is_finished:
        raise _NotPossible(_("The scan is still under way."))
    if scan.status not in statuses:
        raise _NotPossible(_("The scan has not failed."))
    if scans().same_target(scan).unfinished().exists():
        raise _NotPossible(_("A newer scan of the object is under way."))
    try:
        return files.readable_object(scan)
    except files.PictureUnavailable as reason:
        raise _NotPossible(str(reason)) from None


@admin.action(description=gettext_lazy("Scan again (paid)"), permissions=["scan"])
def scan_again(model_admin: "PictureAdmin", request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Pay for the chosen pictures once more, after a page that says how much."""
    if model_admin.is_too_many(request, queryset):
        return None
    plan = plan_of(model_admin, request, list(queryset.order_by("-pk")), FINISHED)
    if plan.repeatable and "confirmed" not in request.POST:
        return _confirmation(model_admin, request, plan, "scan_again", _("Scan again"))
    return _queue(model_admin, request, plan, force=True)


@admin.action(description=gettext_lazy("Retry failed"), permissions=["scan"])
def retry_failed(model_admin: "PictureAdmin", request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Queue what failed or was skipped once more, after a page that says how much it costs at most."""
    if model_admin.is_too_many(request, queryset):
        return None
    plan = plan_of(model_admin, request, list(queryset.order_by("-pk")), UNMEASURED)
    if plan.repeatable and "confirmed" not in request.POST:
        return _confirmation(model_admin, request, plan, "retry_failed", _("Retry failed"))
    return _queue(model_admin, request, plan, force=False)


ACTIONS = (scan_again, retry_failed)


def do_with_one(model_admin: "PictureAdmin", request: HttpRequest, row: Row | None) -> HttpResponse:
    """Do to one row what a button on its page asks for."""
    action = {"scan_again": scan_again, "retry_failed": retry_failed}.get(request.POST.get("action", ""))
    if action is None or row is None or not model_admin.has_view_permission(request, row):
        raise Http404
    if not model_admin.has_scan_permission(request, row):
        raise PermissionDenied
    answer = action(model_admin, request, model_admin.get_queryset(request).filter(pk=row.pk))
    return answer or HttpResponseRedirect(model_admin.url("change", row.pk))


def _confirmation(
    model_admin: "PictureAdmin", request: HttpRequest, plan: Plan, action: str, title: str
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "action": action,
        "is_retry": action == "retry_failed",
        "opts": model_admin.opts,
        "media": model_admin.media,
        "chosen": plan,
        "credits": 0 if conf.SANDBOX else len(plan.repeatable),
        "credits_left": account.budget_left(),
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "back_url": model_admin.url("change", plan.repeatable[0].row.pk),
    }
    request.current_app = model_admin.admin_site.name
    return TemplateResponse(request, "admin/copyleaks_image/scan_again.html", context)


def _queue(model_admin: "PictureAdmin", request: HttpRequest, plan: Plan, *, force: bool) -> HttpResponse | None:
    queued: list[Row] = []
    for item in plan.repeatable:
        # A page that is sent twice names the same newest scan both times.
        named = number(request.POST.get(f"newest_{item.row.pk}"))
        seen = item.newest if named is None else named
        scan, is_new = repeat_scan(item.instance, item.row.field_name, force=force, seen=seen)
        if not is_new:
            plan.refused[_("It was asked for already.")] += 1
            continue
        # In the form of Django's own entries, which are put in words when they are read.
        name = str(ImageScan._meta.verbose_name_raw)
        model_admin.log_change(request, item.row, [{"added": {"name": name, "object": scan.scan_id}}])
        queued.append(scan if isinstance(item.row, ImageScan) else item.row)
    if queued:
        words = ngettext("%(count)s scan was queued.", "%(count)s scans were queued.", len(queued))
        model_admin.message_user(request, words % {"count": len(queued)}, messages.SUCCESS)
    model_admin.tell_left_out(request, plan.refusals)
    if len(queued) != 1:
        return None
    return HttpResponseRedirect(model_admin.url("change", queued[0].pk))
