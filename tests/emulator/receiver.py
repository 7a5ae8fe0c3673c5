"""The customer's side of the contract: pictures to fetch and a webhook, on a real socket."""

import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, Self

from PIL import Image


@cache
def picture(width: int = 640, height: int = 512, kind: str = "PNG", **save: Any) -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, kind, **save)
    return file.getvalue()


@dataclass(frozen=True)
class Delivery:
    path: str
    headers: Message
    body: bytes
    at: float

    def json(self) -> Any:
        content = gzip.decompress(self.body) if self.headers["Content-Encoding"] == "gzip" else self.body
        return json.loads(content)


class Receiver:
    """Serves ``files`` and records what is posted; posts get ``answers``, then 200."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/photo": picture()}
        self.answers: list[int] = []
        self.fetches: list[Message] = []
        self.deliveries: list[Delivery] = []
        self.before_answer: Callable[[], object] = lambda: None
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def wait(self, count: int = 1, *, timeout: float = 5) -> list[Delivery]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.deliveries) >= count, timeout), self.deliveries
            return list(self.deliveries)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                receiver.fetches.append(self.headers)
                body = receiver.files.get(self.path)
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                with receiver._changed:
                    receiver.deliveries.append(Delivery(self.path, self.headers, body, time.monotonic()))
                    status = receiver.answers.pop(0) if receiver.answers else 200
                    receiver._changed.notify_all()
                receiver.before_answer()
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler
