"""The site's own admin pages; the mixin adds the finding to their lists and forms."""

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest

from django_copyleaks_image.admin import CopyleaksImageMixin

from .models import Photo, PrivatePhoto


@admin.register(Photo)
class PhotoAdmin(CopyleaksImageMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["title", "uploaded_by", "uploaded_at", "standing_in_words"]
    list_select_related = ["uploaded_by"]
    search_fields = ["title"]
    actions = ["show", "hold_back"]

    @admin.action(description="Show the selected photos to everybody", permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        queryset.update(standing=Photo.Standing.SHOWN, judged_file=F("image"))

    @admin.action(description="Hold the selected photos back", permissions=["change"])
    def hold_back(self, request: HttpRequest, queryset: QuerySet[Photo]) -> None:
        queryset.update(standing=Photo.Standing.HIDDEN, judged_file=F("image"))


@admin.register(PrivatePhoto)
class PrivatePhotoAdmin(CopyleaksImageMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["title", "uploaded_by", "uploaded_at"]
    list_select_related = ["uploaded_by"]
    search_fields = ["title"]
