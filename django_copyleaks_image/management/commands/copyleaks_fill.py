"""``copyleaks_fill``: write into the project's own columns how pictures stand, as the worker does more slowly."""

import time
from typing import Any

from django.core.management.base import CommandParser

from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.scanning import filling

# One that a transaction of the project holds is waited for.
PAUSE = 0.5


class Command(TenantCommand):
    help = "Fill the PictureStandingFields of the project. It may be interrupted, and goes on where it was."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again", action="store_true", help="compare all of them anew, as after a restore of their database"
        )

    def handle(self, *, again: bool, **options: Any) -> None:
        if again:
            filling.begin_anew()
        for column in filling.unfilled():
            self._fill(column)
            self.stdout.write(f"Filled: {column.label}.")
        self.stdout.write("All columns are filled.")

    def _fill(self, column: filling.Filling) -> None:
        while True:
            while column.step():
                pass
            if column.is_done:
                return
            time.sleep(PAUSE)
