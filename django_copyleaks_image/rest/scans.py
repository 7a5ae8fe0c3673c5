"""Scans: what was asked of Copyleaks, what became of it, and what was measured."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.pictures import PictureAdmin
from django_copyleaks_image.models import ImageScan

from .asked import ScansAsked
from .measurements import MeasuredViewSet
from .requesting import FirstScanViewSet
from .schema import DICTIONARY, Problem, described
from .serializers import ScanSerializer
from .viewsets import Rows


class ScanViewSet(MeasuredViewSet, FirstScanViewSet):
    queryset = ImageScan.objects.none()
    admin_class = PictureAdmin
    asked_class = ScansAsked
    serializer_class = ScanSerializer

    def told(self, rows: Sequence[Any]) -> Rows:
        context = {"targets": self.access.targets(rows)}
        return list(ScanSerializer(rows, many=True, context=context).data)

    @described(
        "Scans, the newest first",
        {200: ScanSerializer(many=True), 400: DICTIONARY, 404: Problem},
        parameters=[ScansAsked],
    )
    def list(self, request: Request) -> Response:
        """Answer with a page of what was asked of Copyleaks."""
        return self.page()

    @described("A scan", {200: ScanSerializer, 404: Problem})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Answer with a scan."""
        return Response(self.told([self.row()])[0])
