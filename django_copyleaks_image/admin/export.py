"""The filtered list as CSV: all its rows, chunk by chunk in constant memory, and harmless in spreadsheets."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.streaming import streamed

from .asking import AskedAdmin, BoundedPaginator
from .facts import Finding
from .targets import Row

# Gives the content of a column from a row, the scan that it is about and what is known about its picture.
Cell = Callable[[Any, ImageScan | None, Finding], object]

_CHUNK = 500
# Without it, Excel takes UTF-8 for something else.
_BYTE_ORDER_MARK = "\ufeff"
# What makes spreadsheets take a text for a formula, https://owasp.org/www-community/attacks/CSV_Injection: also in
# full width, and behind what some of them strip.
_FORMULA = re.compile(r"""[\s"']*[=+\-@＝＋－＠]|[\t\r\n]""")  # noqa: RUF001


class ExportedAdmin(AskedAdmin):
    """Adds the list as a file; ``export_columns`` are its columns, by their names."""

    export_columns: ClassVar[dict[str, Cell]] = {}
    paginator = BoundedPaginator
    change_list_template = "admin/copyleaks_image/picture_list.html"

    def scan_of(self, row: Any) -> ImageScan | None:
        """Return the scan whose picture a row is about, None when it is gone."""
        raise NotImplementedError

    def finding_of(self, row: Any) -> Finding:
        """Return what is known about the picture of a row."""
        raise NotImplementedError

    def disguise(self, request: HttpRequest, rows: Any) -> None:
        """Change rows in memory so that they tell what the user may know."""

    def get_urls(self) -> list[URLPattern]:
        return [self.route("export/", "export", require_safe(self.export_view)), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the rows of the list that this address names the filters of, newest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect("../?e=1")
        name = f"{self.opts.model_name}-{timezone.localdate().isoformat()}.csv"
        return streamed(
            request,
            self._export(request, found, translation.get_language()),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
        )

    def _export(self, request: HttpRequest, found: QuerySet[Any], language: str) -> Iterator[str]:
        """Yield the file in pieces; rows about objects that the user may not view are left out.

        The language is not active any more when the pieces are sent.
        """
        yield _BYTE_ORDER_MARK + as_csv([tuple(self.export_columns)])
        for chunk in _chunks(found):
            self.disguise(request, chunk)
            targets = self.access(request).targets(self.picture_of(row) for row in chunk)
            with translation.override(language):
                rows = [
                    tuple(cell(row, self.scan_of(row), self.finding_of(row)) for cell in self.export_columns.values())
                    for row in chunk
                    if targets[self.picture_of(row).pk].visible
                ]
            yield as_csv(rows)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: behind an apostrophe if it might."""
    return f"'{text}" if _FORMULA.match(text) else text


def _chunks(found: QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield rows by descending keys: a cursor would hold all rows in memory on MariaDB, or behind a pooler."""
    rest = found.order_by("-pk")
    while chunk := list(rest[:_CHUNK]):
        yield chunk
        rest = found.order_by("-pk").filter(pk__lt=chunk[-1].pk)


def model_label(row: Row) -> str:
    """Return the model that a row's picture belongs to, such as ``gallery.Photo``."""
    model = row.content_type.model_class()
    return model._meta.label if model else f"{row.content_type.app_label}.{row.content_type.model}"


def _of_scan(name: str) -> Cell:
    return lambda row, scan, finding: "" if scan is None else getattr(scan, name)


def _moment_of_scan(name: str) -> Cell:
    return lambda row, scan, finding: iso(None if scan is None else getattr(scan, name))


def _of_result(name: str) -> Cell:
    return lambda row, scan, finding: "" if scan is None or scan.result is None else getattr(scan.result, name)


# What a row of either list has. Read by machines as well, so in every language the same: columns of the models, and
# codes.
OF_THE_PICTURE: dict[str, Cell] = {
    "object": lambda row, scan, finding: model_label(row),
    "object_id": lambda row, scan, finding: row.object_id,
    "field_name": lambda row, scan, finding: row.field_name,
    "file_name": lambda row, scan, finding: row.file_name,
    "verdict": lambda row, scan, finding: row.verdict,
    "sandbox": lambda row, scan, finding: "yes" if row.sandbox else "no",
    "sha256": lambda row, scan, finding: row.sha256,
}
OF_THE_SCAN: dict[str, Cell] = {
    "scan_id": _of_scan("scan_id"),
    "status": _of_scan("status"),
    "error_code": _of_scan("error_code"),
    "created_at": _moment_of_scan("created_at"),
    "submitted_at": _moment_of_scan("submitted_at"),
    "finished_at": _moment_of_scan("finished_at"),
    "model": lambda row, scan, finding: scan and ((scan.result and scan.result.model) or scan.model),
    "ai_share": _of_result("ai_ratio"),
    # Of this scan: nothing, where it shares a result that another was charged for.
    "credits": lambda row, scan, finding: "" if scan is None or scan.credits is None else scan.credits,
    "finding": lambda row, scan, finding: finding.sentence or finding.label,
}


def iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds")


def as_csv(rows: Iterable[tuple[object, ...]]) -> str:
    """Return rows as CSV that is harmless in spreadsheets."""
    # Everything quoted: a semicolon in a text would be a separator where decimals are written with a comma.
    stream = StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return stream.getvalue()
