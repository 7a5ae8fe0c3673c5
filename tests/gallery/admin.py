"""A host's own admin: with the mixin, and with layouts of its own."""

from typing import TYPE_CHECKING

from django.contrib import admin

from django_copyleaks_image.admin import CopyleaksImageMixin
from tests.gallery.models import Listing, Photo, Poster, Product, Sticker

if TYPE_CHECKING:
    PhotoBase = admin.ModelAdmin[Photo]
    ListingBase = admin.ModelAdmin[Listing]
    PosterBase = admin.ModelAdmin[Poster]
    ProductBase = admin.ModelAdmin[Product]
    StickerBase = admin.ModelAdmin[Sticker]
else:
    PhotoBase = ListingBase = PosterBase = ProductBase = StickerBase = admin.ModelAdmin


@admin.register(Photo)
class PhotoAdmin(CopyleaksImageMixin, PhotoBase):
    list_display = ("title", "image")


@admin.register(Listing)
class ListingAdmin(CopyleaksImageMixin, ListingBase):
    """Places column and panel itself, and edits in the list."""

    list_display = ("copyleaks_finding", "id", "published")
    list_editable = ("published",)
    fieldsets = (
        (None, {"fields": (("front", "back"),)}),
        ("Moderation", {"fields": ("copyleaks_panel", "published")}),
    )


@admin.register(Poster)
class PosterAdmin(CopyleaksImageMixin, PosterBase):
    pass


@admin.register(Product)
class ProductAdmin(CopyleaksImageMixin, ProductBase):
    exclude = ("image_url",)  # Django 5.2 warns of the form field that it makes.


@admin.register(Sticker)
class StickerAdmin(CopyleaksImageMixin, StickerBase):
    pass
