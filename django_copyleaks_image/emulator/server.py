"""The HTTP side: bounded bodies, whole answers in one write, connections that hang or are reset on demand."""

import socket
import struct
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from .answers import Headers, Response, Silence, json_response
from .endpoints import Answer, Endpoints, Request
from .log import EventLog

_DRAINED = 64 * 1024 * 1024
_CHUNK = 65536


class Server(ThreadingHTTPServer):
    """Knows its open connections, so that stopping does not wait for clients that keep theirs alive."""

    request_queue_size = 128
    daemon_threads = False

    def __init__(
        self, address: tuple[str, int], endpoints: Endpoints, *, delay: float, hang: float, log: EventLog
    ) -> None:
        self.endpoints = endpoints
        self.delay = delay
        self.hang = hang
        self.log = log
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        # HTTPServer would ask the name service who we are, which can take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def stop(self) -> None:
        """Stop serving, drop every connection and wait for the threads that served them."""
        self.stopping.set()
        self.shutdown()
        with self._lock:
            for connection in self._connections:
                _shut_down(connection)
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError):
            return super().handle_error(request, client_address)
        self.log.line("dropped", detail=f"the client is gone: {type(error).__name__}")
        return None


class Handler(BaseHTTPRequestHandler):
    """Serve one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "CopyleaksEmulator"
    timeout = 60
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that http.server could not parse."""
        self.close_connection = True
        self._write(json_response(code, {"message": message or HTTPStatus(code).phrase}))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing: paths and headers would come to stand in the log."""

    def _serve(self) -> None:
        found = self.server.endpoints.find(self.path.partition("?")[0])
        length = self._declared_length()
        if length is None:
            self._refuse(411, "A Content-Length is required.")
        elif found is None or length > found[0].max_body:
            self._drain(length)
            self._refuse(*((404, "Not found.") if found is None else (413, "The body is too large.")))
        else:
            body = self.rfile.read(length)
            route, argument = found
            if len(body) < length:
                self.close_connection = True
            elif self.command != route.method:
                message = f"The resource does not support the method {self.command}."
                self._write(json_response(405, {"message": message}, headers=(("Allow", route.method),)))
            else:
                self._answer(route.answer(Request(argument=argument, headers=self.headers, body=body)))

    def _declared_length(self) -> int | None:
        if "Transfer-Encoding" in self.headers:
            return None
        declared = self.headers.get("Content-Length", "0").strip()
        return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 16 else None

    def _drain(self, length: int) -> None:
        """Read a refused body, within reason: a client that is still sending would not see the answer."""
        left = min(length, _DRAINED)
        while left and (chunk := self.rfile.read(min(left, _CHUNK))):
            left -= len(chunk)

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        self.server.log.line("refused", detail=f"{status} {message}")
        self._write(json_response(status, {"message": message}, headers=(("Connection", "close"),)))

    def _answer(self, answer: Answer) -> None:
        self.server.stopping.wait(self.server.delay)
        if isinstance(answer, Response):
            self._write(answer)
            return
        self.close_connection = True
        self._be_silent(answer)

    def _be_silent(self, silence: Silence) -> None:
        self.server.log.line(silence.kind, detail="the request is not answered")
        if silence.kind == "hang":
            self.server.stopping.wait(self.server.hang)
        else:
            # With a linger time of zero closing sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _write(self, answer: Response) -> None:
        """Write headers and body at once: in two writes, kept-alive clients would get the body 40 ms late."""
        headers: Headers = (
            ("Server", self.server_version),
            ("Date", self.date_time_string()),
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            *answer.headers,
        )
        phrase = self.responses.get(answer.status, ("", ""))[0]
        head = f"HTTP/1.1 {answer.status} {phrase}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers) + "\r\n"
        body = b"" if self.command == "HEAD" else answer.body
        self.wfile.write(head.encode("latin-1") + body)


def _shut_down(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The client was faster.
        return
