"""``copyleaks_erase``: erase what is kept about one object, or a user, and say what stays and why."""

import json
import sys
from itertools import islice
from typing import Any

from django.core.management.base import CommandError, CommandParser

from django_copyleaks_image.management import subjects
from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.privacy import whose
from django_copyleaks_image.privacy.erase import Erasure, erase_all, forget_person

_BATCH = 50


class Command(TenantCommand):
    help = (
        "Erase what the app keeps about the pictures of an object, or of a user, and report what was erased, what "
        "stays and why. The objects of the project, and their files, are not touched. Asks first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        subjects.add_arguments(parser)
        parser.add_argument(
            "--moderation",
            action="store_true",
            help="of a user also what they did as a moderator: notes go, and their name becomes a pseudonym",
        )
        parser.add_argument("--yes", action="store_true", help="erase without a question")
        parser.add_argument("--dry-run", action="store_true", help="name the pictures, erase nothing")
        parser.add_argument("--json", action="store_true", dest="as_json", help="the report for programs")

    def handle(self, *, moderation: bool, yes: bool, dry_run: bool, as_json: bool, **options: Any) -> None:
        asked = {name: options[name] for name in ("object", "named_object", "field", "user", "user_id")}
        subject = subjects.subject_of(**asked)
        if moderation and asked["user"] is None and asked["user_id"] is None:
            raise CommandError("--moderation belongs to a user.")
        person = subject.person if moderation else None
        if dry_run:
            self._name(subject)
            return
        if not yes and not self._agrees(subject, moderation=person is not None, as_json=as_json):
            return
        erased = Erasure()
        targets = iter(subject.targets)
        try:
            while batch := list(islice(targets, _BATCH)):
                erased.add(erase_all(batch))
            if person is not None:
                erased.add(forget_person(person))
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped. {_in_words(erased)} The same command goes on with the rest.", returncode=130
            ) from None
        self._report(erased, subject, as_json=as_json)

    def _name(self, subject: subjects.Subject) -> None:
        for target in subject.targets:
            self.stdout.write(target.label)
        self.stdout.write(f"Pictures of {subject.label} that would be erased: {len(subject.targets)}.")

    def _agrees(self, subject: subjects.Subject, *, moderation: bool, as_json: bool) -> bool:
        if as_json or not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask at: say --yes, or --dry-run to look first.")
        also = ", and what they did as a moderator" if moderation else ""
        self.stdout.write(f"{subject.label}: what is kept about {len(subject.targets)} pictures{also}.")
        agrees = input("Erase it? It cannot be brought back. [y/N] ").strip().lower() in ("y", "yes")
        if not agrees:
            self.stdout.write("Nothing was erased.")
        return agrees

    def _report(self, erased: Erasure, subject: subjects.Subject, *, as_json: bool) -> None:
        report = erased.as_json()
        if as_json:
            self.stdout.write(json.dumps({"subject": subject.label, **report}, indent=2))
            return
        self.stdout.write(_in_words(erased))
        for it in report["stays"]:
            self.stdout.write(f"Stays: {it['what'].replace('_', ' ')}: {it['number']}. {it['why']}")
        if erased.scans:
            self.stdout.write("Rows that name nobody stay until RETENTION_DAYS are over: they are counted and paid.")
        if subject.person is not None and not whose.names_owners():
            self.stdout.write("No watched field says who owns its pictures (owner=): none of them could be found.")


def _in_words(erased: Erasure) -> str:
    numbers = ", ".join(f"{name} {number}" for name, number in erased.as_json()["erased"].items())
    return f"Erased: {numbers}."
