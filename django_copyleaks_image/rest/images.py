"""Watched images: how pictures stand, and what people decide about them."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.desk.views import DeskViews
from django_copyleaks_image.models import WatchedImage

from .asked import ImagesAsked
from .measurements import MeasuredViewSet
from .schema import Problem, described
from .serializers import ImageSerializer
from .viewsets import Rows


class ImageViewSet(MeasuredViewSet):
    queryset = WatchedImage.objects.none()
    admin_class = DeskViews
    asked_class = ImagesAsked
    serializer_class = ImageSerializer

    def told(self, rows: Sequence[Any]) -> Rows:
        self.access.disguise(rows)
        context = {"targets": self.access.targets(rows)}
        return list(ImageSerializer(rows, many=True, context=context).data)

    @described("Pictures, the newest first", {200: ImageSerializer(many=True)}, parameters=[ImagesAsked])
    def list(self, request: Request) -> Response:
        return self.page()

    @described("A picture", {200: ImageSerializer, 404: Problem})
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.told([self.row()])[0])
