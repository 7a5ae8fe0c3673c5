"""``copyleaks_resume``: end a pause of the submissions, whatever its cause."""

from typing import Any

from django.core.management.base import BaseCommand

from django_copyleaks_image.scanning import circuit


class Command(BaseCommand):
    help = "End a pause of the submissions at once. It comes back if its cause is still there."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Submissions go on." if circuit.resume() else "Submissions were not paused.")
