"""The filtered list as CSV: all its rows, chunk by chunk in constant memory, and harmless in spreadsheets."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import StringIO

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.streaming import streamed

from .desk.blind import disguise
from .findings import finding_of
from .permissions import ScanPermissions
from .targets import read_targets

# Read by machines as well, so in every language the same: the names of the columns of the models, and codes.
COLUMNS = (
    "scan_id",
    "object",
    "object_id",
    "field_name",
    "file_name",
    "status",
    "verdict",
    "ai_share",
    "review",
    "decision",
    "error_code",
    "created_at",
    "submitted_at",
    "finished_at",
    "model",
    "sandbox",
    "credits",
    "sha256",
    "finding",
)

_CHUNK = 500
# Without it, Excel takes UTF-8 for something else.
_BYTE_ORDER_MARK = "\ufeff"
# What makes spreadsheets take a text for a formula, https://owasp.org/www-community/attacks/CSV_Injection: also in
# full width, and behind what some of them strip.
_FORMULA = re.compile(r"""[\s"']*[=+\-@＝＋－＠]|[\t\r\n]""")  # noqa: RUF001


class ScanExport(ScanPermissions):
    """Adds the download of the list to the admin of the scans."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.export_view))
        return [path("export/", view, name="copyleaks_image_imagescan_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the scans of the list that this address names the filters of, newest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect("../?e=1")
        name = f"image-scans-{timezone.localdate().isoformat()}.csv"
        return streamed(
            request,
            self._export(request, found, translation.get_language()),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
        )

    def _export(self, request: HttpRequest, found: QuerySet[ImageScan], language: str) -> Iterator[str]:
        """Yield the file in pieces; scans of objects that the user may not view are left out.

        The language is not active any more when the pieces are sent.
        """
        yield _BYTE_ORDER_MARK + _as_csv([COLUMNS])
        for chunk in _chunks(found):
            disguise(chunk, request, self.admin_site)
            targets = read_targets(chunk, self.admin_site, request)
            with translation.override(language):
                rows = [_cells(scan) for scan in chunk if targets[scan.pk].visible]
            yield _as_csv(rows)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: behind an apostrophe if it might."""
    return f"'{text}" if _FORMULA.match(text) else text


def _chunks(found: QuerySet[ImageScan]) -> Iterator[list[ImageScan]]:
    """Yield scans by descending keys: a cursor would hold all rows in memory on MariaDB, or behind a pooler."""
    rest = found.order_by("-pk")
    while chunk := list(rest[:_CHUNK]):
        yield chunk
        rest = found.order_by("-pk").filter(pk__lt=chunk[-1].pk)


def _cells(scan: ImageScan) -> tuple[object, ...]:
    model, result, finding = scan.content_type.model_class(), scan.result, finding_of(scan)
    return (
        scan.scan_id,
        model._meta.label if model else f"{scan.content_type.app_label}.{scan.content_type.model}",
        scan.object_id,
        scan.field_name,
        scan.file_name,
        scan.status,
        scan.verdict,
        "" if result is None else result.ai_ratio,
        scan.review,
        scan.decision,
        scan.error_code,
        _iso(scan.created_at),
        _iso(scan.submitted_at),
        _iso(scan.finished_at),
        (result and result.model) or scan.model,
        "yes" if scan.sandbox else "no",
        "" if result is None else result.credits,
        scan.sha256,
        finding.sentence or finding.label,
    )


def _iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def _as_csv(rows: Iterable[tuple[object, ...]]) -> str:
    # Everything quoted: a semicolon in a text would be a separator where decimals are written with a comma.
    stream = StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return stream.getvalue()
