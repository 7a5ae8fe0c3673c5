"""A peer that lets its bytes drip holds nobody longer than the time limit of the whole exchange."""

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from django_copyleaks_image.copyleaks import deadlines
from django_copyleaks_image.copyleaks.errors import CopyleaksError, TransientError
from django_copyleaks_image.copyleaks.fetch import fetch_public
from django_copyleaks_image.copyleaks.fetch_errors import FetchFailed
from django_copyleaks_image.copyleaks.transport import longest_exchange

from .accounts import client_of, submission
from .server import Reply, Server, login_reply

SUBMIT = "/v1/ai-image-detector-async/"
# Each byte comes well within the read timeout, and the whole takes much longer than the limit.
TIMEOUT = (0.5, 0.3)
PAUSE = 0.05
DRIPPING_SECONDS = 8
DRIPS = {
    "header": (b"HTTP/1.1 201 Created\r\n", b"X-Header: value\r\n"),
    "100-continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "chunk-extension": (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n1;extension=", b"x"),
    "chunk": (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "trailer": (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"X-Trailer: value\r\n"),
    "body-without-length": (b"HTTP/1.1 201 Created\r\n\r\n", b"x"),
    "nothing-readable": (b"", b"x"),
}


@contextmanager
def listening(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[int]:
    """Hand each connection to ``serve``, which may go on until the event is set; yields the port."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection, over)
            except OSError:
                return  # The client has hung up, as it should.

    def accept(listener: socket.socket) -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=handle, args=(connection,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            for thread in (accepting, *threads):
                thread.join()


def dripping(start: bytes, again: bytes) -> Callable[[socket.socket, threading.Event], None]:
    def serve(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(start)
        for _ in range(int(DRIPPING_SECONDS / PAUSE)):
            connection.sendall(again)
            if over.wait(PAUSE):
                return

    return serve


def silent(connection: socket.socket, over: threading.Event) -> None:
    over.wait(DRIPPING_SECONDS)


def timed(call: Callable[[], object]) -> tuple[CopyleaksError, float]:
    started = time.monotonic()
    with pytest.raises(CopyleaksError) as caught:
        call()
    return caught.value, time.monotonic() - started


@pytest.mark.parametrize("drip", DRIPS)
def test_answer_that_drips__is_cut_off(vendor: Server, drip: str) -> None:
    with listening(dripping(*DRIPS[drip])) as port:
        client = client_of(vendor, api_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT)
        error, taken = timed(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "timeout", True)
    assert taken < 5


@pytest.mark.parametrize("drip", DRIPS)
def test_login_that_drips__is_cut_off(vendor: Server, drip: str) -> None:
    with listening(dripping(*DRIPS[drip])) as port:
        client = client_of(vendor, id_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT)
        error, taken = timed(client.log_in)

    assert (type(error), error.slug, error.uncertain) == (TransientError, "timeout", False)
    assert taken < 5


def test_login_and_call__have_one_limit_together(vendor: Server) -> None:
    limit = longest_exchange(TIMEOUT)
    document = login_reply().body
    # Most of the time goes by with the login; blanks before a JSON document mean nothing.
    blanks = int(limit * 0.7 / PAUSE)

    def log_in_slowly(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (blanks + len(document)))
        for _ in range(blanks):
            connection.sendall(b" ")
            over.wait(PAUSE)
        connection.sendall(document)

    with listening(log_in_slowly) as logins, listening(dripping(*DRIPS["header"])) as calls:
        urls = {"id_url": f"http://127.0.0.1:{logins}", "api_url": f"http://127.0.0.1:{calls}"}
        error, taken = timed(lambda: client_of(vendor, timeout=TIMEOUT, **urls).submit(submission()))

    assert error.slug == "timeout"
    assert taken < limit * 1.5


def test_upload_that_nobody_reads__is_cut_off(vendor: Server) -> None:
    content = BytesIO(b"x" * 32 * 1024 * 1024)

    def read_a_little(connection: socket.socket, over: threading.Event) -> None:
        while not over.wait(PAUSE):
            connection.recv(65536)

    with listening(read_a_little) as port:
        client = client_of(vendor, api_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT)
        error, taken = timed(
            lambda: client.check(scan_id="scan-1", file_name="a.jpg", content=content, model="m", sandbox=True)
        )

    assert (type(error), error.slug, error.uncertain) == (TransientError, "timeout", True)
    assert taken < 10


@pytest.mark.parametrize("serve", [silent, dripping(b"", b"\x16\x03\x03\x40\x00\x02")])
def test_handshake_that_does_not_end__is_cut_off(
    vendor: Server, serve: Callable[[socket.socket, threading.Event], None]
) -> None:
    with listening(serve) as port:
        client = client_of(vendor, api_url=f"https://127.0.0.1:{port}", timeout=TIMEOUT)
        error, taken = timed(lambda: client.submit(submission()))

    assert isinstance(error, TransientError)
    assert not error.uncertain
    assert taken < 5


def test_proxy_that_drips__is_cut_off(vendor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(vendor, api_url="https://api.example.org", timeout=TIMEOUT)
    client.log_in()
    with listening(dripping(b"HTTP/1.1 200 OK\r\n", b"X-Header: value\r\n")) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error, taken = timed(lambda: client.submit(submission()))

    assert (type(error), error.slug, error.uncertain) == (TransientError, "timeout", False)
    assert taken < 5


def test_kept_connection__is_guarded_again(vendor: Server) -> None:
    vendor.answer(SUBMIT, Reply(201), Reply(201, b"x" * 1000, drip=PAUSE))
    client = client_of(vendor, timeout=TIMEOUT)
    client.submit(submission())
    error, taken = timed(lambda: client.submit(submission()))

    assert len({request.connection for request in vendor.asked(SUBMIT)}) == 1
    assert (error.slug, error.status) == ("timeout", 201)
    assert taken < 5


def test_exchange_in_time__leaves_its_connection_open(vendor: Server) -> None:
    vendor.answer(SUBMIT, Reply(201))
    client = client_of(vendor, timeout=(0.3, 0.2))
    for _ in range(2):
        client.submit(submission())
        time.sleep(longest_exchange((0.3, 0.2)))

    assert len({request.connection for request in vendor.asked(SUBMIT)}) == 1


def test_many_exchanges__leave_neither_threads_nor_descriptors(vendor: Server) -> None:
    vendor.answer(SUBMIT, Reply(201))
    client = client_of(vendor)
    client.submit(submission())
    gc.collect()
    before = threading.active_count(), open_descriptors()
    for _ in range(20):
        client.submit(submission())
    gc.collect()

    # Those of the server come and go.
    assert threading.active_count() <= before[0]
    assert open_descriptors() <= before[1]


def open_descriptors() -> int:
    """Return how many files this process has open, 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_inner_limit__is_never_longer_than_the_outer() -> None:
    with deadlines.within(5) as outer, deadlines.within(50) as inner, deadlines.within(1) as innermost:
        assert inner.at == outer.at
        assert innermost.at < outer.at
        assert deadlines.current() is innermost
    assert deadlines.current() is None


@pytest.mark.parametrize("drip", DRIPS)
def test_heatmap_that_drips__is_cut_off(drip: str) -> None:
    with listening(dripping(*(part.replace(b"201 Created", b"200 OK") for part in DRIPS[drip]))) as port:
        url = f"http://127.0.0.1:{port}"
        started = time.monotonic()
        with pytest.raises(FetchFailed):
            fetch_public(f"{url}/heatmap", max_bytes=1_000_000, timeout=0.5, allow_origin=url)

    assert time.monotonic() - started < 5


def test_heatmap_whose_handshake_does_not_end__is_cut_off() -> None:
    with listening(silent) as port:
        url = f"https://127.0.0.1:{port}"
        started = time.monotonic()
        with pytest.raises(FetchFailed):
            fetch_public(f"{url}/heatmap", max_bytes=1_000_000, timeout=0.5, allow_origin=url)

    assert time.monotonic() - started < 5
