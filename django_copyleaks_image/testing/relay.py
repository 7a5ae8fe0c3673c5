"""A server that the emulator calls in the place of the site: each request is answered in the thread of the test.

So Django code runs where the test runs, in its transaction and with its connections, whichever database and test class
it uses.
"""

import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from django.test import Client

HOST = "127.0.0.1"
# Longer than a test waits for its steps: whoever is not answered by then is told that nobody works.
PATIENCE = 60.0


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes


_NOBODY_WORKS = Answer(503, "text/plain", b"The test does not work on callbacks: call work().")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Call:
    """A request of the emulator's, and its answer once there is one; ``repr`` shows no secret."""

    method: str
    path: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    answer: "Future[Answer]" = field(default_factory=Future, repr=False)


class Relay:
    """Listens on a free port between :meth:`start` and :meth:`stop`."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[_Call] = SimpleQueue()
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        assert self._server is not None, "not started"
        return f"http://{HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        self._server = _Server((HOST, 0), _Handler)
        self._server.calls = self._calls
        threading.Thread(target=self._server.serve_forever, args=(0.01,), name="copyleaks-relay", daemon=True).start()

    def stop(self) -> None:
        """Take no more calls, and refuse those that wait."""
        if self._server is not None:
            self._server.calls = None
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        with suppress(Empty):
            while True:
                self._calls.get_nowait().answer.set_result(_NOBODY_WORKS)

    def answer_next(self, *, within: float) -> bool:
        """Answer one call in this thread, if one comes in so many seconds; what the site raises is raised here."""
        try:
            call = self._calls.get(timeout=within)
        except Empty:
            return False
        try:
            _answer(call)
        finally:
            with suppress(InvalidStateError):
                call.answer.set_result(Answer(500, "text/plain", b""))
        return True


def _answer(call: _Call) -> None:
    # As behind a proxy that speaks https: a site may redirect everything else.
    response: Any = Client().generic(
        call.method,
        call.path,
        call.body,
        content_type=call.headers.get("Content-Type", "application/octet-stream"),
        headers={name: value for name, value in call.headers.items() if name.lower() not in _OF_THE_CONNECTION},
        secure=True,
    )
    body = b"".join(response.streaming_content) if response.streaming else response.content
    call.answer.set_result(Answer(response.status_code, response.headers.get("Content-Type", ""), body))


_OF_THE_CONNECTION = frozenset({"connection", "content-length", "content-type", "host"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    calls: "SimpleQueue[_Call] | None" = None

    def server_bind(self) -> None:
        # HTTPServer would ask the name service who we are, which can take seconds.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()


class _Handler(BaseHTTPRequestHandler):
    """Hand one request to the thread of the test and wait for its answer."""

    timeout = PATIENCE
    server: _Server

    def do_GET(self) -> None:
        answer = self._relayed()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        # The emulator may have gone with its test.
        with suppress(ConnectionError):
            self.wfile.write(answer.body)

    do_POST = do_GET  # noqa: N815

    def _relayed(self) -> Answer:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        calls = self.server.calls
        if calls is None:
            return _NOBODY_WORKS
        call = _Call(method=self.command, path=self.path, headers=dict(self.headers.items()), body=body)
        calls.put(call)
        try:
            return call.answer.result(PATIENCE)
        except TimeoutError:
            return _NOBODY_WORKS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing: paths hold secrets."""
