"""``copyleaks_export``: all that is kept about one object, or a user, for them to have."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image.management import subjects
from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.privacy import export


class Command(TenantCommand):
    help = (
        "Write what the app keeps about the pictures of an object, or of a user and what they did as a moderator: as "
        "JSON, or with --output as a ZIP with masks, heatmaps, callbacks and drawn copies. Other people are numbered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        subjects.add_arguments(parser)
        parser.add_argument("--output", metavar="FILE.zip", type=Path, help="a new file, which only you may read")

    def handle(self, *, output: Path | None, **options: Any) -> None:
        asked = {name: options[name] for name in ("object", "named_object", "field", "user", "user_id")}
        subject = subjects.subject_of(**asked)
        if output is None:
            export.write_json(self.stdout, subject.label, subject.targets, subject.person)
            return
        try:
            number = export.write_zip(output, subject.label, subject.targets, subject.person)
        except FileExistsError:
            raise CommandError(f"{output} is there already.") from None
        except OSError as error:
            raise CommandError(f"{output} could not be written: {error.strerror or error}.") from None
        self.stdout.write(f"Written to {output}, which holds personal data: pictures: {number}.")
