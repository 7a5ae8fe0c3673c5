"""A proxy between real sockets that treats large bodies as proxies before a site do."""

import socket
import struct
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_KEPT = ("content-type", "content-encoding", "user-agent")


class Proxy:
    """Hands requests on to a site; a body above ``limit`` bytes is refused, cut, held or redirected."""

    def __init__(self, site: str, *, limit: int, beyond: str = "refuse") -> None:
        self.site = urlsplit(site)
        self.limit = limit
        self.beyond = beyond
        self.ended = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    proxy: Proxy
    daemon_threads = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 20

    def do_POST(self) -> None:
        proxy, length = self.server.proxy, int(self.headers["Content-Length"])
        if length <= proxy.limit:
            self._hand_on(self.rfile.read(length))
        elif proxy.beyond == "cut":
            self.rfile.read(proxy.limit)
            # With a linger time of zero closing sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif proxy.beyond == "hold":
            self.rfile.read(length)
            proxy.ended.wait(20)
        elif proxy.beyond == "redirect":
            self.rfile.read(length)
            self._answer(302, {"Location": f"https://login.example.org{self.path}"})
        else:
            # As nginx does: by the length alone, while the client is still sending.
            self._answer(413, {"Connection": "close"})
            self.rfile.read(length)

    def do_GET(self) -> None:
        self._hand_on(None)

    def _hand_on(self, body: bytes | None) -> None:
        site = self.server.proxy.site
        connection = HTTPConnection(str(site.hostname), site.port, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name.lower() in _KEPT}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        self._answer(answer.status, {"Content-Type": answer.headers["Content-Type"] or "text/plain"}, content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Write nothing."""
