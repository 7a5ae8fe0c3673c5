"""What was measured of a picture: in numbers, and where it is marked, as runs and as a PNG."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import Http404, HttpResponseBase
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin import serving
from django_copyleaks_image.masks import Mask, MaskError
from django_copyleaks_image.models import DetectionResult, ImageScan
from django_copyleaks_image.streaming import streamed

from .schema import PNG, Problem, described
from .serializers import MaskSerializer, ResultSerializer
from .viewsets import RowsViewSet

# Numbers that are written at once: a mask may have a million runs.
_AT_ONCE = 10_000


class MeasuredViewSet(RowsViewSet):
    """Adds what was measured to rows that are about one picture, for those who may see it."""

    def scan_of(self, row: Any) -> ImageScan | None:
        return row if isinstance(row, ImageScan) else row.scan

    @described("What was measured", {200: ResultSerializer, 404: Problem})
    @action(detail=True)
    def result(self, request: Request, pk: str) -> Response:
        """Answer with the numbers of the scan that counts; 404 where nothing was measured, or may not be seen."""
        return Response(ResultSerializer(self._measured(self._seen())).data)

    @described("Where it is marked, as runs", {200: MaskSerializer, 404: Problem})
    @action(detail=True)
    def mask(self, request: Request, pk: str) -> HttpResponseBase:
        """Answer with the runs as Copyleaks gave them: of the picture as measured, before it is turned upright."""
        result = self._measured(self._seen())
        try:
            mask = result.read_mask()
        except MaskError:
            raise Http404 from None
        if not mask or not result.image_width or not result.image_height:
            raise Http404
        pieces = _as_json(mask, result.image_width, result.image_height)
        return streamed(self.http, pieces, content_type="application/json")

    @described("Where it is marked, as a PNG", {(200, "image/png"): PNG, 404: Problem})
    @action(detail=True)
    def overlay(self, request: Request, pk: str) -> HttpResponseBase:
        """Answer with the mask as transparency, turned as the upright picture is, at most 1600 pixels a side."""
        return serving.overlay(self.http, self._seen())

    def _seen(self) -> ImageScan:
        row = self.row()
        scan = self.scan_of(row)
        if scan is None or not self.access.targets([row])[row.pk].visible:
            raise Http404
        return scan

    def _measured(self, scan: ImageScan) -> DetectionResult:
        if scan.result is None:
            raise Http404
        return scan.result


def _as_json(mask: Mask, width: int, height: int) -> Iterator[bytes]:
    yield b'{"width":%d,"height":%d,"starts":[' % (width, height)
    yield from _numbers(mask.starts)
    yield b'],"lengths":['
    yield from _numbers(mask.lengths)
    yield b"]}"


def _numbers(numbers: Sequence[int]) -> Iterator[bytes]:
    for begin in range(0, len(numbers), _AT_ONCE):
        text = ",".join(map(str, numbers[begin : begin + _AT_ONCE]))
        yield (f",{text}" if begin else text).encode()
