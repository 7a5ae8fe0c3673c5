"""The site's own admin pages; the mixin adds column, filters and panel. Pictures are decided about in the desk."""

from django.contrib import admin

from django_copyleaks_image.admin import CopyleaksImageMixin

from .models import Photo, PrivatePhoto


@admin.register(Photo)
class PhotoAdmin(CopyleaksImageMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["title", "uploaded_by", "uploaded_at"]
    list_select_related = ["uploaded_by"]
    search_fields = ["title"]


@admin.register(PrivatePhoto)
class PrivatePhotoAdmin(CopyleaksImageMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["title", "uploaded_by", "uploaded_at"]
    list_select_related = ["uploaded_by"]
    search_fields = ["title"]
