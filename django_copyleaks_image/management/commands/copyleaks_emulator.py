"""``manage.py copyleaks_emulator``: a local Copyleaks for development and tests."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_copyleaks_image import conf
from django_copyleaks_image.emulator.emulator import Emulator
from django_copyleaks_image.emulator.faults import FAULTS, LOGIN_FAULTS
from django_copyleaks_image.emulator.options import add_arguments, from_arguments
from django_copyleaks_image.scanning import addresses

DEFAULT_PORT = 8001
# Where ``runserver`` is.
SITE_URL = "http://127.0.0.1:8000"
FILE_NAMES = (
    "The name of a picture decides its result: 'ai-37' anywhere in it marks 37 % of the area, 'nomask' detects without "
    "saying where, 'chatgpt' adds content credentials, any other name has no AI. 'fault-NAME' strikes its request or "
    f"its callback with a fault, --fault NAME=PROBABILITY any: {', '.join(sorted(FAULTS - LOGIN_FAULTS))}. A login has "
    f"no file: its e-mail address names the faults: {', '.join(sorted(LOGIN_FAULTS))}."
)
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Command(BaseCommand):
    help = "Run a local Copyleaks: point API_URL and ID_URL at the address it prints. Ends on SIGTERM or Ctrl-C."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=FILE_NAMES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)
        parser.set_defaults(port=DEFAULT_PORT)
        parser.add_argument(
            "--with-worker",
            action="store_true",
            help="run a worker as well, which talks to this emulator whatever the settings say; both end together",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            emulator = Emulator(from_arguments(options), log=self._print).start()
        except OSError as error:
            raise CommandError(f"The emulator cannot start: {error}") from error
        try:
            if options["with_worker"]:
                self._work(emulator)
            else:
                self._wait(emulator)
        finally:
            emulator.stop()
        self._print("Copyleaks emulator stopped")

    def _wait(self, emulator: Emulator) -> None:
        ended = threading.Event()
        previous = {number: signal.signal(number, lambda *_: ended.set()) for number in ENDING_SIGNALS}
        try:
            self._print(f"Copyleaks emulator at {emulator.url}")
            ended.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _work(self, emulator: Emulator) -> None:
        """Run a worker in this process until it is told to stop, with its settings pointed at the emulator."""
        account = {"EMAIL": emulator.options.email or "dev@example.org", "API_KEY": emulator.options.key or "any"}
        pointed = {**account, "API_URL": emulator.url, "ID_URL": emulator.url}
        if not conf.conf.PUBLIC_URL:
            pointed["PUBLIC_URL"] = SITE_URL
        setattr(settings, conf.DICT_NAME, {**conf.configured_dict(), **pointed})
        self._print(f"Copyleaks emulator at {emulator.url}, with a worker; callbacks go to {addresses.public_url()}")
        call_command("copyleaks_worker", stdout=self.stdout, stderr=self.stderr)

    def _print(self, line: str) -> None:
        self.stdout.write(line)
        # A pipe would keep the lines until its buffer is full.
        self.stdout.flush()
