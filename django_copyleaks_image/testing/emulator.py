"""A local Copyleaks for a test: real sockets, and a worker whose steps the test takes itself."""

import time
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from django.test import override_settings

from django_copyleaks_image import conf
from django_copyleaks_image.emulator import Emulator, Ledger
from django_copyleaks_image.scanning import arrival, duplicates, heatmaps, receive, submit

from .commits import done_at_once
from .relay import Relay

# Claimed at a time.
BATCH = 20
# Of one look whether the emulator calls.
MOMENT = 0.01


class CopyleaksEmulator:
    """A local Copyleaks between ``with`` and its end, with the settings pointed at it.

    ``options`` are those of the command ``copyleaks_emulator``, such as ``faults={"lost": 1.0}``. What it finds is
    decided by the names of files: ``ai-37.jpg`` marks 37 % of the area. Files must be pictures of at least 512 × 512
    pixels, as Copyleaks wants them. ``ENABLED`` is on meanwhile, and saves are left to :meth:`work`, whatever
    dispatcher the project has.

    Nothing of it needs a committed transaction, a certain database or a live server: what the emulator fetches and
    delivers is answered by the project's views in the thread of the test.
    """

    def __init__(self, **options: Any) -> None:
        self._emulator = Emulator(**{"latency": 0.0, "webhook_retries": (0.05, 0.1), "late": 0.1, **options})
        self._relay = Relay()
        self._running = ExitStack()

    @property
    def url(self) -> str:
        """Return the origin of the emulated API."""
        return self._emulator.url

    @property
    def ledger(self) -> Ledger:
        """Return what the emulator has been asked for, and what it cost."""
        return self._emulator.ledger

    def __enter__(self) -> Self:
        with ExitStack() as running:
            running.enter_context(self._emulator)
            self._relay.start()
            running.callback(self._relay.stop)
            running.enter_context(override_settings(**{conf.DICT_NAME: self._settings()}))
            # What a test has stored is whole: nobody waits for the rest of a file, or for one that is not there.
            for name in ("FRESH", "NEW"):
                running.enter_context(patch.object(arrival, name, timedelta(0)))
            self._running = running.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def work(self, *, seconds: float = 30.0) -> None:
        """Do what the worker does until nothing is due and the emulator owes no callback; signals are sent.

        What waits for longer, such as a result that is lost or the next try after an error, is left waiting. Raises
        TimeoutError when there is always more to do, and what a view of the project raises over a callback.
        """
        ends_at = time.monotonic() + seconds
        while self._take_a_step():
            if time.monotonic() > ends_at:
                raise TimeoutError(f"The scans of this test did not come to rest within {seconds} seconds.")

    def _take_a_step(self) -> bool:
        """Return whether there may be more to do."""
        with done_at_once():
            claimed = submit.claim(BATCH)
            for scan in claimed:
                submit.work_on(scan)
            # Asked first: whoever owes nothing by then has called already.
            is_idle = self._emulator.is_idle
            has_called = self._relay.answer_next(within=0 if is_idle else MOMENT)
            judged = receive.judge_due() + duplicates.settle_due() + heatmaps.fetch_due()
        return bool(claimed or has_called or judged or not is_idle)

    def _settings(self) -> dict[str, object]:
        return {
            **conf.configured_dict(),
            "ENABLED": True,
            "EMAIL": "tests@example.org",
            "API_KEY": "any",
            "API_URL": self._emulator.url,
            "ID_URL": self._emulator.url,
            "PUBLIC_URL": self._relay.url,
            "DISPATCHER": "django_copyleaks_image.dispatch.outbox",
            "RATE_LIMIT": 1000,
            # The emulator has none, and fetches from the view.
            "CLIENT_CERTIFICATE_HEADER": "",
            "MEDIA_ACCESS": "signed",
        }
