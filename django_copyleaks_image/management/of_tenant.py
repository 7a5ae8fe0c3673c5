"""What all commands have in common that read or write rows of ours."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from django_copyleaks_image import tenants


class TenantCommand(BaseCommand):
    """Of a site with tenants, works for the one that is active, and asks for one where none is."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if tenants.is_missing():
            name = self.__module__.rpartition(".")[2]
            raise CommandError(
                f"Say for which tenant: tenant_command {name} --schema=NAME, or all_tenants_command {name} --no-public."
            )
        return super().execute(*args, **options)
