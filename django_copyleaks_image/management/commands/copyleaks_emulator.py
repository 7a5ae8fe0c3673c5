"""``manage.py copyleaks_emulator``: a local Copyleaks for development and tests."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from django_copyleaks_image.emulator.emulator import Emulator
from django_copyleaks_image.emulator.faults import FAULTS, LOGIN_FAULTS
from django_copyleaks_image.emulator.options import add_arguments, from_arguments

DEFAULT_PORT = 8001
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

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            emulator = Emulator(from_arguments(options), log=self._print).start()
        except OSError as error:
            raise CommandError(f"The emulator cannot start: {error}") from error
        ended = threading.Event()
        previous = {number: signal.signal(number, lambda *_: ended.set()) for number in ENDING_SIGNALS}
        try:
            self._print(f"Copyleaks emulator at {emulator.url}")
            ended.wait()
        finally:
            emulator.stop()
            for number, handler in previous.items():
                signal.signal(number, handler)
        self._print("Copyleaks emulator stopped")

    def _print(self, line: str) -> None:
        self.stdout.write(line)
        # A pipe would keep the lines until its buffer is full.
        self.stdout.flush()
