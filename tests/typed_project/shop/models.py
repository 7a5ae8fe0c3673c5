"""What a shop shows: its models, watched by the decorator and by the function."""

import uuid

from django.db import models

from django_copyleaks_image.registry import register, scan_images
from django_copyleaks_image.sources import Several, StorageKey, Url


def is_for_sale(article: "Article") -> bool:
    return article.price > 0


@scan_images("picture", when=is_for_sale, review_area=0.01)
class Article(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    picture = models.ImageField(upload_to="articles")

    def __str__(self) -> str:
        return f"Article {self.pk}"


class Brand(models.Model):
    name = models.CharField(max_length=100, primary_key=True)
    logo = models.FileField(upload_to="logos")
    photo_key = models.CharField(max_length=100, blank=True)
    photo_url = models.URLField(blank=True)

    def __str__(self) -> str:
        return self.name


register(Brand, "logo", mostly_ai_area=0.9)
register(Brand, "photo_key", source=StorageKey("media", key=str.lower))
register(Brand, "photo_url", source=Url(direct=True))
register(Brand, "adverts", source=Several(lambda brand: {"first": brand.name}, of=StorageKey("media")))
