"""Watched images: how pictures stand, and what people decide about them."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from django_copyleaks_image.admin.access import PictureAccess
from django_copyleaks_image.admin.desk.views import DeskViews
from django_copyleaks_image.models import WatchedImage

from .asked import ImagesAsked
from .deciding import DecidingViewSet
from .requesting import RepeatingViewSet
from .schema import DICTIONARY, Problem, described
from .serializers import ImageSerializer
from .viewsets import Rows


def told_images(images: Sequence[WatchedImage], access: PictureAccess) -> Rows:
    """Return pictures as a user may hear of them."""
    access.disguise(images)
    return list(ImageSerializer(images, many=True, context={"targets": access.targets(images)}).data)


class ImageViewSet(DecidingViewSet, RepeatingViewSet):
    queryset = WatchedImage.objects.none()
    admin_class = DeskViews
    asked_class = ImagesAsked
    serializer_class = ImageSerializer

    def told(self, rows: Sequence[Any]) -> Rows:
        return told_images(rows, self.access)

    @described(
        "Pictures, the newest first",
        {200: ImageSerializer(many=True), 400: DICTIONARY, 404: Problem},
        parameters=[ImagesAsked],
    )
    def list(self, request: Request) -> Response:
        """Answer with a page of what pictures there are, as the user may know them."""
        return self.page()

    @described("A picture", {200: ImageSerializer, 404: Problem})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Answer with a picture as it stands."""
        return Response(self.told([self.row()])[0])
