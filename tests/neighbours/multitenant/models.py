"""Stores, and the pictures of each."""

from django.db import models
from django_multitenant.fields import TenantForeignKey
from django_multitenant.models import TenantModel

from django_copyleaks_image.registry import scan_images


class Store(TenantModel):  # type: ignore[misc]
    name = models.CharField(max_length=100)

    class TenantMeta:
        tenant_field_name = "id"

    def __str__(self) -> str:
        return self.name


@scan_images("image")
class Product(TenantModel):  # type: ignore[misc]
    store = models.ForeignKey(Store, on_delete=models.CASCADE)
    shown_with = TenantForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
    image = models.ImageField(upload_to="products")

    class TenantMeta:
        tenant_field_name = "store_id"

    def __str__(self) -> str:
        return str(self.image)
