"""A tiny HTTP server on a real socket that plays the vendor, or a host of pictures, as each test scripts it."""

import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "tok3n-" + "0123456789abcdef" * 2


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    # Which connection it came by: the client's port.
    connection: int


@dataclass(frozen=True)
class Reply:
    """An answer; the faults break it off, delay it, or let it drip byte by byte."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    # Sent instead of anything else; b"" hangs up without a word.
    raw: bytes | None = None
    # Sent last and unencrypted, which breaks TLS.
    garbage: bytes = b""
    delay: float = 0
    drip: float = 0


Answering = Callable[[Request], Reply]


class Server:
    """What it was asked, and what it answers: by the longest path prefix, the last scripted answer repeating."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._scripts: dict[str, list[Reply | Answering]] = {}
        self._lock = threading.Lock()
        self.port = 0
        self.scheme = "http"
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def answer(self, prefix: str, *replies: Reply | Answering) -> None:
        self._scripts[prefix] = list(replies)

    def asked(self, prefix: str = "") -> list[Request]:
        return [request for request in self.requests if request.path.startswith(prefix)]

    def reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            matching = [prefix for prefix in self._scripts if request.path.startswith(prefix)]
            script = self._scripts[max(matching, key=len)] if matching else []
            step = script.pop(0) if len(script) > 1 else (script or [Reply(404)])[0]
        return step if isinstance(step, Reply) else step(request)


class Handler(BaseHTTPRequestHandler):
    """Takes a request to the script, and performs the answer with all its faults."""

    script: Server
    protocol_version = "HTTP/1.1"
    # Headers and body in one write: a kept-alive client would wait 40 ms for the second.
    wbufsize = -1

    def handle_one_request(self) -> None:
        # Clients of these tests hang up, time out and refuse certificates on purpose.
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, dict(self.headers.items()), body, self.client_address[1])
        reply = self.script.reply_to(request)
        self.script.stopping.wait(reply.delay)
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            if reply.garbage:
                self.wfile.flush()
                os.write(self.connection.fileno(), reply.garbage)
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.drip:
            self._drip(reply)
        elif self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_PUT = do_POST = _answer  # noqa: N815

    def _drip(self, reply: Reply) -> None:
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            if self.script.stopping.wait(reply.drip):
                return

    def log_message(self, *args: Any) -> None:
        """Keep the output of a test run to the tests."""


class QuietServer(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, *args: Any) -> None:
        """Say nothing of clients that break off their handshake."""


@contextmanager
def running(server: Server, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve the script at a free port of this machine, with TLS when a context is given."""
    with QuietServer(("127.0.0.1", 0), type("ScriptedHandler", (Handler,), {"script": server})) as httpd:
        if context is not None:
            httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
            server.scheme = "https"
        server.port = httpd.server_address[1]
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            httpd.shutdown()
            thread.join()


def login_reply(token: str = TOKEN, *, expires_in: float = 48 * 3600) -> Reply:
    """Answer a login as Copyleaks does, with seven digits of a second."""
    issued, expires = (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds)) for seconds in (0, expires_in)
    )
    return Reply(
        body=f'{{"access_token":"{token}",".issued":"{issued}.0690015Z",".expires":"{expires}.0690016Z"}}'.encode()
    )
