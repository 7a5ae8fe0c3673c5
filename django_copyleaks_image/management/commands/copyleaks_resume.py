"""``copyleaks_resume``: end a pause of the submissions, whatever its cause."""

from typing import Any

from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.scanning import circuit


class Command(TenantCommand):
    help = "End a pause of the submissions at once. It comes back if its cause is still there."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Submissions go on." if circuit.resume() else "Submissions were not paused.")
