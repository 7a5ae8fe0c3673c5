"""The pages, and the only ways to a stored file."""

from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from django_copyleaks_image.api import prefetch_standings

from .forms import UploadForm
from .models import Photo, PrivatePhoto
from .previews import SIDES, preview

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PHOTOS_ON_A_PAGE = 60


@require_safe
def photos(request: HttpRequest) -> HttpResponse:
    """Show what may be shown, and that others are being checked."""
    newest = prefetch_standings(Photo.objects.shown_or_waiting()[:PHOTOS_ON_A_PAGE], "image")
    return render(request, "gallery/photos.html", {"photos": newest})


@require_safe
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one photo to those who may see it."""
    found = get_object_or_404(Photo.objects.visible_to(request.user).select_related("uploaded_by"), pk=pk)
    return render(request, "gallery/photo.html", {"photo": found})


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show a user's own uploads and how they stand."""
    context = {
        "photos": prefetch_standings(Photo.objects.filter(uploaded_by=request.user.pk), "image"),
        "private_photos": prefetch_standings(PrivatePhoto.objects.filter(uploaded_by=request.user.pk), "image"),
    }
    return render(request, "gallery/mine.html", context)


@login_required
def upload(request: HttpRequest) -> HttpResponse:
    """Take a picture."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        stored = form.save(cast("User", request.user))
        words = "It is being checked and appears as soon as that is done."
        messages.success(request, f"“{stored.title}” is uploaded. {words if isinstance(stored, Photo) else ''}")
        return redirect("gallery:mine")
    return render(request, "gallery/upload.html", {"form": form})


@require_safe
def picture(request: HttpRequest, model: type[Photo] | type[PrivatePhoto], pk: int, size: str) -> HttpResponse:
    """Serve a preview to those who may see the picture; to anybody else it does not exist."""
    found = cast("Photo | PrivatePhoto", get_object_or_404(model.objects.visible_to(request.user), pk=pk))
    if size not in SIDES:
        raise Http404
    try:
        with found.image.open() as stored:
            content = preview(stored, size)
    except OSError:
        # Cut short on its way here, or gone from the storage.
        return redirect(static("gallery/no-preview.svg"))
    # Private, and asked for anew each time: what is shown today may be held back tomorrow.
    headers = {"Cache-Control": "private, no-cache"}
    return HttpResponse(content, content_type="image/jpeg", headers=headers)


@require_safe
def original(request: HttpRequest, model: type[Photo] | type[PrivatePhoto], name: str) -> FileResponse:
    """Hand out a stored file as a download to those who may see it."""
    found = cast("Photo | PrivatePhoto", get_object_or_404(model.objects.visible_to(request.user), image=name))
    try:
        return FileResponse(found.image.open(), as_attachment=True, headers={"Cache-Control": "private, no-store"})
    except FileNotFoundError:
        raise Http404 from None
