"""The shop's admin with the app's column and panel."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.safestring import SafeString

from django_copyleaks_image.admin import CopyleaksImageMixin

from .models import Article, Brand

if TYPE_CHECKING:
    ArticleBase = admin.ModelAdmin[Article]
    BrandBase = admin.ModelAdmin[Brand]
else:
    ArticleBase = BrandBase = admin.ModelAdmin


@admin.register(Article)
class ArticleAdmin(CopyleaksImageMixin, ArticleBase):
    list_display = ("id", "price", "copyleaks_finding")


@admin.register(Brand)
class BrandAdmin(CopyleaksImageMixin, BrandBase):
    def shown(self, brand: Brand) -> SafeString:
        return self.copyleaks_panel(brand)
