"""The emulator as a whole: put together, started and stopped."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from .accounts import Account
from .delivery import Deliveries
from .endpoints import Endpoints
from .faults import Faults
from .heatmaps import Heatmaps
from .ledger import Ledger
from .log import EventLog
from .options import Options
from .processing import Processing
from .scheduler import Scheduler
from .server import Server


def _silently(line: str) -> None:
    """Log nothing, the default inside a test."""


class Emulator:
    """A local Copyleaks, running between ``with`` and its end, or :meth:`start` and :meth:`stop`.

    ``changes`` are fields of :class:`Options`: ``Emulator(latency=0, faults={"lost": 0.1}, seed=7)``. ``log``
    receives one line per event. Raises OSError when the address is taken.
    """

    def __init__(
        self, options: Options | None = None, *, log: Callable[[str], object] = _silently, **changes: Any
    ) -> None:
        self.options = replace(options or Options(), **changes)
        self.ledger = Ledger(self.options.ledger)
        self._log = EventLog(log)
        self._running = ExitStack()
        self._port = self.options.port
        self._scheduler: Scheduler | None = None

    @property
    def is_idle(self) -> bool:
        """Return whether all that was accepted has been called back, or never will be."""
        return self._scheduler is None or self._scheduler.is_idle

    @property
    def url(self) -> str:
        """Return the origin on which every endpoint is served, without a slash at its end."""
        return f"http://{self.options.host}:{self._port}"

    def start(self) -> Self:
        """Listen, and serve on threads of its own."""
        options, ledger, log = self.options, self.ledger, self._log
        with ExitStack() as running:
            scheduler = self._scheduler = Scheduler()
            running.callback(scheduler.stop)
            heatmaps = Heatmaps(options, lambda: options.public_url.rstrip("/") or self.url)
            processing = Processing(
                options,
                ledger=ledger,
                scheduler=scheduler,
                deliveries=Deliveries(options, ledger, scheduler, log),
                heatmaps=heatmaps,
                log=log,
            )
            endpoints = Endpoints(
                options,
                account=Account(options, ledger),
                ledger=ledger,
                faults=Faults(options.faults, seed=options.seed, passing_tries=options.passing_tries),
                processing=processing,
                heatmaps=heatmaps,
                log=log,
            )
            server = Server(
                (options.host, options.port), endpoints, delay=options.answer_delay, hang=options.hang, log=log
            )
            self._port = server.server_port
            # Waiting half a second for shutdown, the default, would slow down every test.
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="copyleaks-emulator")
            thread.start()
            running.callback(server.stop)
            self._running = running.pop_all()
        return self

    def stop(self) -> None:
        """Drop all connections, begin no more callbacks and release the port."""
        self._running.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
