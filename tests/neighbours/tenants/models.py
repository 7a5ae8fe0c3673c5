"""Who the tenants are."""

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Client(TenantMixin):  # type: ignore[misc]
    auto_create_schema = False
    name = models.CharField(max_length=100, blank=True)

    def __str__(self) -> str:
        return str(self.schema_name)


class Domain(DomainMixin):  # type: ignore[misc]
    def __str__(self) -> str:
        return str(self.domain)
