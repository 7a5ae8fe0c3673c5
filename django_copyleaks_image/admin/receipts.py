"""Receipts: what was received for a scan, to read, download and apply again."""

import json
from collections import Counter
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from django_copyleaks_image.models import ImageScan, WebhookReceipt, home_database
from django_copyleaks_image.models.receipt import Outcome
from django_copyleaks_image.redaction import redacted

from .asking import AskedAdmin
from .facts import Facts, moment, without_empty
from .pictures import page_url

# What may be judged otherwise after a fix.
REPLAYABLE = (Outcome.RECEIVED, Outcome.UNREADABLE, Outcome.CONTRADICTS)
SHOWN_CHARACTERS = 20_000
# A larger body is mostly one long mask; it is cut instead of being decoded for a look at its beginning.
DECODED_BYTES = 4_000_000
_SHOWN_ITEMS = 3
_SHOWN_TEXT = 500


@admin.register(WebhookReceipt)
class WebhookReceiptAdmin(AskedAdmin):
    """Deliveries as they were received; they are evidence and cannot be edited.

    A body tells what is to be seen on a picture, so that it is for those who may see that.
    """

    list_display = ("received_at", "scan", "what_became_of_it", "deliveries")
    list_filter = ("outcome", "source", "received_at")
    search_fields = ("^scan__scan_id", "^digest")
    search_help_text = gettext_lazy("Scan id or SHA-256 of the body")
    picture_path = "scan"
    asked = frozenset({"id", "scan"})
    ordering = ("-pk",)
    actions = ("replay",)
    change_form_template = "admin/copyleaks_image/webhookreceipt/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookReceipt]:
        receipts: QuerySet[WebhookReceipt] = self.model._default_manager.using(home_database())
        return receipts.select_related("scan").defer("body").order_by(*self.get_ordering(request))

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def what_became_of_it(self, receipt: WebhookReceipt) -> SafeString:
        outcome, source = receipt.get_outcome_display(), receipt.get_source_display()
        line = '<span class="copyleaks-line copyleaks-quiet">{}</span>'
        return format_html("{}{}", outcome, format_html_join("", line, [(receipt.detail_in_words,), (source,)]))

    def get_urls(self) -> list[URLPattern]:
        download = self.route("<int:pk>/body.json", "download", require_safe(self.download_view))
        return [download, *super().get_urls()]

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer with the body as it was received, as a file to keep and never as a page."""
        receipt = self.get_object(request, str(pk))
        if receipt is None or not self.has_view_permission(request, receipt) or not self._is_open(request, receipt):
            raise Http404
        return HttpResponse(
            receipt.payload(),
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="receipt-{receipt.pk}.json"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may have receipts applied, which changes scans."""
        return request.user.has_perm("copyleaks_image.change_webhookreceipt")

    @admin.action(description=gettext_lazy("Replay"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookReceipt]) -> None:
        """Apply the chosen receipts that were not understood or applied, or not judged yet."""
        from django_copyleaks_image.scanning import receive  # noqa: PLC0415 - brings all that reads a body

        if self.is_too_many(request, queryset):
            return
        chosen = list(queryset)
        outcomes = Counter(receive.settle(receipt) for receipt in chosen if is_replayable(receipt))
        for outcome, count in outcomes.items():
            words = _("%(count)s replayed: %(outcome)s") % {"count": count, "outcome": outcome.label}
            self.message_user(request, words, messages.WARNING if outcome in REPLAYABLE else messages.SUCCESS)
        if outcomes.total() < len(chosen):
            words = _("Left out: only what was not understood, or not judged yet, can be replayed.")
            self.message_user(request, words, messages.WARNING)

    def page_context(self, request: HttpRequest, obj: WebhookReceipt) -> dict[str, Any]:
        return {
            "title": _("Receipt of scan %(scan)s") % {"scan": obj.scan},
            "is_nav_sidebar_enabled": False,
            "receipt": obj,
            "facts": _facts(obj),
            "is_open": self._is_open(request, obj),
            "body": body_to_show(obj),
            "scan_url": self._scan_url(request, obj),
            "may_replay": self.has_replay_permission(request) and is_replayable(obj),
        }

    def _is_open(self, request: HttpRequest, receipt: WebhookReceipt) -> bool:
        """Return whether the user may see the picture that a receipt is about."""
        return self.access(request).targets([receipt.scan])[receipt.scan_id].visible

    def _scan_url(self, request: HttpRequest, receipt: WebhookReceipt) -> str:
        may_view = self.access(request).may_view(ImageScan, receipt.scan)
        return page_url(self.admin_site, receipt.scan) if may_view else ""


def is_replayable(receipt: WebhookReceipt) -> bool:
    """Return whether a receipt may still change its scan; that of a deleted picture has been erased, or will be."""
    return receipt.outcome in REPLAYABLE and receipt.scan.removed_at is None


def body_to_show(receipt: WebhookReceipt) -> str:
    """Return the beginning of a body, indented when it is JSON, with long lists and texts shortened.

    Without tokens, should the provider quote an address of ours: whoever may read a receipt may not write one. Empty
    when the body was erased.
    """
    payload = receipt.payload()
    shown = redacted(_indented(payload) or payload[:SHOWN_CHARACTERS].decode(errors="replace"))
    return shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"


def _indented(payload: bytes) -> str:
    """Return a body as indented JSON; empty when it is too long for that, no JSON, or nested too deep."""
    from django_copyleaks_image.copyleaks.bodies import PayloadError, load_json  # noqa: PLC0415

    if len(payload) > DECODED_BYTES:
        return ""
    try:
        text = json.dumps(_shortened(load_json(payload)), indent=2, ensure_ascii=False)
    except PayloadError:
        return ""
    # JSON can name half of a surrogate pair, which no page can be encoded with.
    return text.encode(errors="replace").decode()


def _shortened(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shortened(member) for name, member in value.items()}
    if isinstance(value, list):
        items = [_shortened(item) for item in value[:_SHOWN_ITEMS]]
        left_out = len(value) - len(items)
        return [*items, _("… %(count)s more") % {"count": left_out}] if left_out else items
    if isinstance(value, str) and len(value) > _SHOWN_TEXT:
        return value[:_SHOWN_TEXT] + "…"
    return value


def _facts(receipt: WebhookReceipt) -> Facts:
    return without_empty(
        (_("Outcome"), receipt.get_outcome_display()),
        (_("Detail"), receipt.detail_in_words),
        (_("Keys that this version does not know"), receipt.unknown_keys),
        (_("Source"), receipt.get_source_display()),
        (_("Deliveries"), receipt.deliveries),
        (_("Received"), moment(receipt.received_at)),
        (_("Last received"), moment(receipt.last_received_at) if receipt.deliveries > 1 else ""),
        (_("Size in bytes"), receipt.byte_size),
        (_("SHA-256 of the body"), receipt.digest),
    )
