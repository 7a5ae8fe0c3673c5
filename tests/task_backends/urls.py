"""A site to which pictures are uploaded, and that tells what became of them."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from django_copyleaks_image.models import ImageScan
from tests.gallery.models import Photo


@csrf_exempt
def upload(request: HttpRequest) -> HttpResponse:
    Photo.objects.create(image=cast("Any", request.FILES["image"]))
    return HttpResponse(status=201)


def scans(request: HttpRequest) -> JsonResponse:
    columns = ("file_name", "status", "verdict", "attempts", "error_code")
    return JsonResponse({"scans": list(ImageScan.objects.order_by("pk").values(*columns))})


urlpatterns = [
    path("upload/", upload),
    path("scans/", scans),
    path("", include("tests.urls")),
]
