"""``copyleaks_scan app.Model.field``: queue the stored files that have no scan yet, or what ended with an outcome."""

import sys
from argparse import BooleanOptionalAction
from collections.abc import Callable, Iterator
from datetime import datetime, time
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from django.core.exceptions import FieldError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from django_copyleaks_image import registry
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.management.of_tenant import TenantCommand
from django_copyleaks_image.management.progress import shown
from django_copyleaks_image.scanning import account, backlog, estimate, taking_out
from django_copyleaks_image.watched_fields import Watched, WatchedClass

Files: TypeAlias = Callable[[], Iterator[backlog.File]]


class Command(TenantCommand):
    help = (
        "Queue every stored file of a watched field that has no scan, or whose scan found no file yet; with --status "
        "what ended with one outcome. Says first what it takes, and asks. What is uploaded meanwhile goes first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("field", metavar="app.Model.field", nargs="?", help="a watched field")
        parser.add_argument(
            "--status",
            metavar="CODE",
            help="queue again what failed or was skipped with this outcome code, such as missing_file; of all fields, "
            "or of the one that is named",
        )
        parser.add_argument(
            "--pay-again", action="store_true", help="with --status, also what may have been paid already"
        )
        parser.add_argument(
            "--newest-first",
            action=BooleanOptionalAction,
            default=True,
            help="highest keys first, which is the default; with --status, what was asked for last",
        )
        parser.add_argument(
            "--since",
            metavar="DATE",
            type=_moment,
            help="only files that have come since then, by the storage or by --dated-by; with --status, what has ended "
            "since then",
        )
        parser.add_argument("--dated-by", metavar="COLUMN", default="", help="the column that tells when a file came")
        parser.add_argument("--limit", type=int, help="queue at most this many")
        parser.add_argument(
            "--sample",
            type=int,
            default=estimate.SAMPLE,
            help=f"files that are read to tell what it takes ({estimate.SAMPLE}); 0 does not ask the account either",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what it takes, queue nothing")
        parser.add_argument("--yes", action="store_true", help="queue without a question, and without looking first")
        parser.add_argument(
            "--cancel",
            action="store_true",
            help="take out of the queue what this command has queued and what was not sent, of all fields or of one",
        )

    def handle(self, *, cancel: bool, field: str | None, status: str | None, limit: int | None, **options: Any) -> None:
        self._done = 0
        if limit is not None and limit < 1:
            raise CommandError("--limit must be at least 1.")
        try:
            if cancel:
                self._cancel(field, status)
                return
            what, files = self._chosen(field, status, **options)
            self._queue(what, lambda: islice(files(), limit), status=status, **options)
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped: {self._done:,} files were queued. The same command goes on with the rest.", returncode=130
            ) from None
        except FieldError as error:
            raise CommandError(f"--dated-by names no column of the model that is a date: {error}") from None
        except backlog.NoTimes:
            raise CommandError("Where these pictures are, nothing tells when they came: give --dated-by too.") from None

    def _cancel(self, field: str | None, status: str | None) -> None:
        if status is not None:
            raise CommandError("--cancel takes a field, or nothing for all of them.")
        watched = _watched_class(field)[0] if field else None
        self.stdout.write(f"Taken out of the queue: {taking_out.cancel_backfill(watched)}. Whatever was sent goes on.")

    def _chosen(self, field: str | None, status: str | None, **options: Any) -> tuple[str, Files]:
        """Return what is asked for, in words, and what finds its files anew each time that it is called."""
        if field is None and status is None:
            raise CommandError("Name a watched field, or an outcome code with --status.")
        watched, of = _watched_class(field) if field else (None, None)
        order = {"newest_first": options["newest_first"], "since": options["since"]}
        if status is not None:
            named = f"{status} of {field}" if field else status
            return named, partial(backlog.ended, status, of=watched, pay_again=options["pay_again"], **order)
        assert watched is not None
        named = field if of and field else watched.label
        return named, partial(backlog.unscanned, watched, of=of, dated_by=options["dated_by"], **order)

    def _queue(
        self, what: str, files: Files, *, status: str | None, sample: int, dry_run: bool, yes: bool, **_: Any
    ) -> None:
        if not (dry_run or yes or sys.stdin.isatty()):
            raise CommandError(
                "This may cost credits, and there is no terminal to ask at: say --yes, or --dry-run to look first."
            )
        if not yes:
            total = self._look_at(what, files, sample=sample)
            if dry_run or not total or not self._agrees():
                return
        else:
            total = sum(1 for _ in files()) if self.stdout.isatty() else 0
        for file in shown(files(), self.stdout, total=total):
            self._done += file.queue()
        self.stdout.write(f"{what}: files queued: {self._done:,}.")
        if status is not None:
            self.stdout.write("Left out is what has a newer scan or another file, or may have been paid already.")

    def _look_at(self, what: str, files: Files, *, sample: int) -> int:
        takes = estimate.estimate(files(), sample=sample)
        self.stdout.write(f"{what}: files that would be queued: {takes.files:,}.")
        if takes.files and sample:
            self._say(takes)
        return takes.files

    def _agrees(self) -> bool:
        agrees = input("Queue them? [y/N] ").strip().lower() in ("y", "yes")
        if not agrees:
            self.stdout.write("Nothing was queued.")
        return agrees

    def _say(self, takes: estimate.Estimate) -> None:
        """Say what a backfill takes, by what is known of the files."""
        say = self.stdout.write
        if takes.looked_at < takes.files:
            say(f"Of these, {takes.looked_at:,} were looked at, chosen at random; what follows is reckoned by them.")
        if takes.refused:
            codes = ", ".join(f"{code} {count:,}" for code, count in sorted(takes.refused.items()))
            say(f"Refused for size or format, and not sent: {takes.refused.total():,} ({codes}).")
        if takes.unread:
            say(f"Could not be read now: {takes.unread:,}.")
        say(f"With bytes that were paid before, or that another one has: {takes.shared:,}.")
        if conf.SANDBOX:
            say(f"To be sent: {takes.to_be_paid:,}. The sandbox is on: this costs nothing, and the results are mocks.")
        else:
            say(f"To be paid: {takes.to_be_paid:,}, for at most {takes.credits:,} credits.")
            say(f"The account has {_balance()}.")
        if conf.DAILY_BUDGET is not None and not conf.SANDBOX:
            say(f"Of today's budget of {conf.DAILY_BUDGET:,} credits {account.budget_left() or 0:,} are left.")
        say(f"At {conf.RATE_LIMIT:g} a second it takes {_duration(takes)}; what is uploaded meanwhile goes first.")


def _balance() -> str:
    try:
        return f"{client_from_settings().credits():,} credits"
    except CopyleaksError as error:
        return f"a number of credits that could not be asked for ({error.slug})"


def _duration(takes: estimate.Estimate) -> str:
    if takes.days_of_budget == 0:
        return "for ever, since the budget pays for no scan"
    if takes.days_of_budget > 1:
        return f"{takes.days_of_budget:,} days, because of the budget"
    return str(takes.duration)


def _moment(text: str) -> datetime:
    """Return the moment of an ISO date, or date and time, in the time zone of the site."""
    try:
        day = parse_date(text)
        moment = datetime.combine(day, time()) if day else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{text} is no date, such as 2026-11-30.")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def _watched_class(label: str) -> tuple[Watched, WatchedClass | None]:
    """Return a watched field, and the class if the label names one of those that are watched, and not the column."""
    known: dict[str, tuple[Watched, WatchedClass | None]] = {}
    for watched in registry.all_watched():
        known |= {label: (watched, named) for label, named in zip(watched.named_labels, watched.classes, strict=True)}
        known[watched.label] = watched, None
    try:
        (found,) = (it for name, it in known.items() if name.lower() == label.lower())
    except ValueError:
        names = ", ".join(sorted(known)) or "none"
        raise CommandError(f"{label} is not a watched field. Watched: {names}.") from None
    if found[1] and not found[1].is_told_apart:
        raise CommandError(
            f"Nothing in the database tells the objects of {label} from others of {found[0].owner._meta.label}: "
            "give the proxy a manager that finds them."
        )
    return found
