"""``copyleaks_worker``: submit what is queued, judge what comes back, sweep, reconcile."""

import logging
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from django_copyleaks_image.checks.addresses import check_public_url_is_set
from django_copyleaks_image.checks.configuration import check_credentials
from django_copyleaks_image.connection_pool import DEFAULT_THREADS
from django_copyleaks_image.database_errors import told
from django_copyleaks_image.logs import Lines
from django_copyleaks_image.worker import (
    GRACEFUL_SECONDS,
    STUCK_STATUS,
    Stuck,
    Worker,
    default_path,
    end_process,
    is_own_process,
    stop_on_signals,
    why_unwell,
)


class Command(BaseCommand):
    help = "Submit queued scans, judge the results, end what is late or lost, and find files without a scan."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="return when nothing is due")
        parser.add_argument("--threads", type=int, default=DEFAULT_THREADS, help="scans worked on at the same time (8)")
        parser.add_argument("--poll", type=float, default=1.0, help="seconds between looks at the queue (1)")
        parser.add_argument(
            "--graceful-timeout",
            type=float,
            default=GRACEFUL_SECONDS,
            help="seconds that a stop waits for what is in progress (10); a second signal ends the worker at once",
        )
        parser.add_argument(
            "--healthcheck",
            action="store_true",
            help="start no worker, but tell by the status whether one of this machine is alive and goes on",
        )
        parser.add_argument(
            "--heartbeat-file",
            type=Path,
            help="where a worker shows that it goes on, for --healthcheck; in the temporary directory by default",
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        # A container asks every few seconds; what the checks say was said when the worker started.
        return super().execute(*args, **options | ({"skip_checks": True} if options.get("healthcheck") else {}))

    def handle(
        self,
        *,
        once: bool,
        threads: int,
        poll: float,
        graceful_timeout: float,
        healthcheck: bool,
        heartbeat_file: Path | None,
        **options: Any,
    ) -> None:
        file = heartbeat_file or default_path()
        if healthcheck:
            if problem := why_unwell(file):
                raise CommandError(problem)
            return
        if threads < 1 or poll <= 0:
            raise CommandError("--threads must be at least 1 and --poll above 0.")
        if graceful_timeout < 0:
            raise CommandError("--graceful-timeout must be at least 0.")
        if missing := [*check_credentials(), *check_public_url_is_set()]:
            raise CommandError("\n".join(f"{message.msg} {message.hint}" for message in missing))
        self._log_to_console()
        worker = Worker(threads=threads, poll_seconds=poll, graceful_seconds=graceful_timeout, heartbeat_file=file)
        try:
            with stop_on_signals(worker):
                is_done = worker.run_once() if once else worker.run()
        except DatabaseError as error:
            raise CommandError(f"The database refuses: {told(error)}.") from error
        except Stuck as problem:
            if not is_own_process():
                raise CommandError(f"The worker is stuck ({problem}).") from problem
            end_process(STUCK_STATUS, f"The worker is stuck ({problem}), and ends to be started anew")
        if not is_done and is_own_process():
            end_process(0)

    def _log_to_console(self) -> None:
        """Show a line per event, unless the project's ``LOGGING`` says where they go."""
        logger = logging.getLogger("django_copyleaks_image")
        if not logger.hasHandlers():
            handler = logging.StreamHandler(self.stdout)
            handler.setFormatter(Lines("%(asctime)s %(levelname)-7s %(message)s"))
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
