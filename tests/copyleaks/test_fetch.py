"""A picture is fetched from the public internet and nowhere else, whatever the address and the names say."""

import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
import trustme

from django_copyleaks_image.copyleaks import fetch
from django_copyleaks_image.copyleaks.fetch import fetch_public, state_public
from django_copyleaks_image.copyleaks.fetch_errors import FetchedNothing, FetchFailed, FetchRefused
from django_copyleaks_image.copyleaks.public import is_public

from .server import Reply, Request, Server, running

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 500


def fetched(url: str, *, allow: str | None = None, max_bytes: int = 1_000_000, timeout: float = 5) -> bytes:
    return fetch_public(url, max_bytes=max_bytes, timeout=timeout, allow_origin=allow)


@pytest.fixture
def emulator() -> Iterator[Server]:
    with running(Server()) as server:
        server.answer("/heatmap", Reply(200, PICTURE))
        yield server


# --- the exempt origin ------------------------------------------------------------------------------------------


def test_emulator__is_fetched_from(emulator: Server) -> None:
    assert fetched(f"{emulator.url}/heatmap.png?a=b%20c&d=é", allow=emulator.url) == PICTURE

    (request,) = emulator.requests
    assert (request.method, request.path) == ("GET", "/heatmap.png?a=b%20c&d=%C3%A9")
    assert request.headers["Host"] == f"127.0.0.1:{emulator.port}"
    assert not {"Authorization", "Cookie", "Referer"} & set(request.headers)


def test_exemption__is_for_that_scheme_host_and_port_only(emulator: Server) -> None:
    url = f"{emulator.url}/heatmap.png"
    for other in (
        None,
        f"http://127.0.0.1:{emulator.port + 1}",
        "http://127.0.0.1",
        f"https://127.0.0.1:{emulator.port}",
        f"http://localhost:{emulator.port}",
        "https://api.copyleaks.com",
    ):
        with pytest.raises(FetchRefused):
            fetched(url, allow=other)
    with pytest.raises(FetchRefused):
        fetched(url.replace("127.0.0.1", "localhost"), allow=emulator.url)

    assert emulator.requests == []


def test_redirect__within_the_exempt_origin(emulator: Server) -> None:
    emulator.answer("/one", Reply(302, b"", {"Location": "/two"}))
    emulator.answer("/two", Reply(308, b"", {"Location": f"{emulator.url}/three"}))
    emulator.answer("/three", Reply(303, b"", {"Location": "heatmap"}))

    assert fetched(f"{emulator.url}/one", allow=emulator.url) == PICTURE


def test_redirects__are_at_most_three(emulator: Server) -> None:
    emulator.answer("/one", Reply(302, b"", {"Location": "/one"}))
    with pytest.raises(FetchFailed, match="redirects"):
        fetched(f"{emulator.url}/one", allow=emulator.url)

    assert len(emulator.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "//localhost/",
        "http://example.com/",
        "file:///etc/passwd",
        "https://[::1]/",
        "https://[::1",
        "https://example.com:port/",
        "https://169.254.169.254/latest/meta-data/",
        "https://user:password@127.0.0.1/",
    ],
)
def test_redirect__is_checked_like_the_first_address(emulator: Server, location: str) -> None:
    emulator.answer("/one", Reply(302, b"", {"Location": location}))
    with pytest.raises(FetchRefused):
        fetched(f"{emulator.url}/one", allow=emulator.url)


def test_redirect__to_another_port_of_the_same_host(emulator: Server) -> None:
    with running(Server()) as other:
        other.answer("/", Reply(200, PICTURE))
        emulator.answer("/one", Reply(302, b"", {"Location": f"{other.url}/"}))
        with pytest.raises(FetchRefused):
            fetched(f"{emulator.url}/one", allow=emulator.url)

        assert other.requests == []


def test_state__is_told_by_the_host_without_its_bytes(emulator: Server) -> None:
    emulator.answer("/one", Reply(302, b"", {"Location": "/tagged"}))
    emulator.answer("/tagged", Reply(200, PICTURE, {"ETag": '"a1"', "Last-Modified": "Mon, 20 Jul 2026 20:46:58 GMT"}))

    told = state_public(f"{emulator.url}/one", timeout=5, allow_origin=emulator.url)

    assert told == f'"a1" {len(PICTURE)} Mon, 20 Jul 2026 20:46:58 GMT'
    assert [request.method for request in emulator.requests] == ["HEAD", "HEAD"]
    with pytest.raises(FetchRefused):
        state_public(f"{emulator.url}/one", timeout=5)


@pytest.mark.parametrize(("status", "error"), [(404, FetchedNothing), (410, FetchedNothing), (405, FetchFailed)])
def test_picture_that_is_gone__is_told_from_a_failure(emulator: Server, status: int, error: type[Exception]) -> None:
    emulator.answer("/one", Reply(status))
    with pytest.raises(error):
        state_public(f"{emulator.url}/one", timeout=5, allow_origin=emulator.url)
    with pytest.raises(error):
        fetched(f"{emulator.url}/one", allow=emulator.url)


# --- addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/h.png",
        "http://example.com:443/h.png",
        "ftp://example.com/h.png",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "//example.com/h.png",
        "h.png",
        "",
        "https://",
        "https:///h.png",
        "https://example.com:8443/",
        "https://example.com:22/",
        "https://example.com:80/",
        "https://user@example.com/",
        "https://:password@example.com/",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://[::1",
        "https://[fe80::1%25lo]/",
        "https://exa mple.com/",
        "https://example.com" + "." * 300 + "/",
        "https://" + "x" * 64 + ".com/",
        "https://exa\u2100mple.com/",
        "https://example.com/" + "x" * 5000,
        "https://example.com/\ud800",
    ],
)
def test_address__that_is_malformed_or_not_https(url: str) -> None:
    with pytest.raises(FetchRefused):
        fetched(url)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0.0.0.0", "10.0.0.1"),
        *("192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "255.255.255.255", "224.0.0.1", "[::1]"),
        *("[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fec0::1]"),
        *("[ff02::1]", "[2001:db8::1]", "192.0.0.8", "192.0.0.10", "192.0.2.1", "192.31.196.1", "192.52.193.1"),
        *("192.88.99.1", "192.175.48.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "240.0.0.1"),
        *("168.63.129.16", "[::ffff:168.63.129.16]", "[64:ff9b::a83f:8110]", "[2002:808:808::1]", "[2001:20::1]"),
        *(
            "[2001:0:808:808::1]",
            "[2620:4f:8000::1]",
            "[3fff::1]",
            "[5f00::1]",
            "[100::1]",
            "[100:0:0:1::1]",
            "[4000::1]",
        ),
    ],
)
def test_host__that_is_not_public(host: str) -> None:
    with pytest.raises(FetchRefused, match="public"):
        fetched(f"https://{host}/h.png")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "192.0.1.1", "168.63.129.17"]
)
def test_host__that_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


_getaddrinfo = socket.getaddrinfo


def resolving_to(*addresses: str) -> Callable[..., Any]:
    """Return a resolver for which every name has these addresses; literal ones stay what they are."""

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host[0].isdigit():
            return _getaddrinfo(host, port, *args, **kwargs)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo


def test_name_with_one_private_address_among_public_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("8.8.8.8", "127.0.0.1"))

    with pytest.raises(FetchRefused, match="public"):
        fetched("https://pictures.example/h.png")


def test_name_that_does_not_resolve() -> None:
    with pytest.raises(FetchFailed, match="resolve"):
        fetched("https://no-such-host.invalid/h.png")


# --- the connection itself, for which this machine plays a public host -------------------------------------------


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A host named pictures.example, with its certificate, at an address that counts as public."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authorities.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pictures.example").configure_cert(context)
    monkeypatch.setattr("requests.utils.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "authorities.pem"))
    monkeypatch.setattr(fetch, "is_public", lambda address: str(address) == "127.0.0.1")
    with running(Server(), context) as server:
        monkeypatch.setitem(fetch._PORTS, "https", server.port)
        server.answer("/heatmap", Reply(200, PICTURE))
        yield server


def test_public_host__is_reached_at_the_checked_address_under_its_own_name(
    pictures: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        """Answer with a checked address first, and with another to whoever asks again."""
        asked.append(host)
        address = "127.0.0.1" if asked.count("pictures.example") == 1 else "127.0.0.2"
        return resolving_to(address)(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert fetched("https://pictures.example/heatmap.png") == PICTURE

    assert asked.count("pictures.example") == 1
    assert pictures.requests[0].headers["Host"] == "pictures.example"


def test_certificate__of_another_host_is_refused(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))
    with pytest.raises(FetchFailed, match="SSLCertVerificationError"):
        fetched("https://other.example/heatmap.png")

    assert pictures.requests == []


def test_certificate__that_nobody_trusts_is_refused(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(fetch._PORTS, "https", pictures.port)
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))
    monkeypatch.setattr(fetch, "is_public", lambda address: True)
    with pytest.raises(FetchFailed, match="SSLCertVerificationError"):
        fetched("https://pictures.example/heatmap.png")


def test_redirect__from_a_public_host_to_a_private_one(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))
    for location in ("https://127.0.0.2/heatmap", "http://pictures.example/heatmap"):
        pictures.answer("/one", Reply(302, b"", {"Location": location}))
        with pytest.raises(FetchRefused):
            fetched("https://pictures.example/one")

    assert [request.path for request in pictures.requests] == ["/one", "/one"]


def test_redirect__to_another_port_of_a_public_host(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))
    with running(Server()) as other:
        pictures.answer("/one", Reply(302, b"", {"Location": f"https://pictures.example:{other.port}/"}))
        with pytest.raises(FetchRefused, match="port"):
            fetched("https://pictures.example/one")

        assert other.requests == []


def test_second_address__is_tried_when_the_first_does_not_answer(
    pictures: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "is_public", lambda address: True)
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.3", "127.0.0.1"))

    assert fetched("https://pictures.example/heatmap.png") == PICTURE


def test_addresses_that_do_not_answer__share_the_time_and_are_not_all_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def silent(address: tuple[str, int], timeout: float) -> NoReturn:
        tried.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "getaddrinfo", resolving_to(*(f"8.8.8.{number}" for number in range(40))))
    monkeypatch.setattr(socket, "create_connection", silent)
    with pytest.raises(FetchFailed, match="TimeoutError"):
        fetched("https://pictures.example/h.png", timeout=16)

    assert len(tried) == fetch.MAX_ADDRESSES
    assert max(tried[:1]) <= 16 / fetch.MAX_ADDRESSES


def test_name_with_a_dot_at_its_end__is_the_same_host(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))

    assert fetched("https://pictures.example./heatmap.png") == PICTURE


def test_proxy_of_the_environment__is_not_used(pictures: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1"))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert fetched("https://pictures.example/heatmap.png") == PICTURE


# --- bounds -----------------------------------------------------------------------------------------------------


def test_size__is_bounded_with_and_without_a_declared_length(emulator: Server) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + bytes(4096) + b"\r\n0\r\n\r\n"
    emulator.answer("/declared", Reply(200, bytes(4096)))
    emulator.answer("/chunked", Reply(raw=chunked))
    emulator.answer("/until-close", Reply(raw=b"HTTP/1.1 200 OK\r\n\r\n" + bytes(4096)))
    for path in ("/declared", "/chunked", "/until-close"):
        assert fetched(emulator.url + path, allow=emulator.url, max_bytes=4096) == bytes(4096)
        with pytest.raises(FetchFailed, match="larger"):
            fetched(emulator.url + path, allow=emulator.url, max_bytes=4095)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, PICTURE, delay=5),
        Reply(200, PICTURE, drip=0.1),
        Reply(200, b"", {"Transfer-Encoding": "chunked", "Content-Length": ""}, delay=5),
    ],
)
def test_time__is_bounded_altogether(emulator: Server, reply: Reply) -> None:
    emulator.answer("/slow", reply)
    started = time.monotonic()
    with pytest.raises(FetchFailed, match="TimeoutError"):
        fetched(f"{emulator.url}/slow", allow=emulator.url, timeout=0.5)

    assert 0.4 < time.monotonic() - started < 4


def test_time__is_bounded_for_headers_that_drip() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Header: value\r\n" * 100:
                        connection.sendall(bytes([byte]))
                        time.sleep(0.05)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(FetchFailed, match="TimeoutError"):
            fetched(url, allow=url, timeout=0.5)
        assert time.monotonic() - started < 20
        thread.join()


def test_time__covers_all_redirects_together(emulator: Server) -> None:
    def slow(request: Request) -> Reply:
        return Reply(302, b"", {"Location": request.path}, delay=0.3)

    emulator.answer("/slow", slow)
    with pytest.raises(FetchFailed, match="TimeoutError"):
        fetched(f"{emulator.url}/slow", allow=emulator.url, timeout=0.5)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, PICTURE),
        Reply(500, b""),
        Reply(204, b""),
        Reply(302, b""),
        Reply(200, PICTURE, {"Content-Encoding": "gzip"}),
        Reply(raw=b""),
        Reply(raw=b"nonsense\r\n\r\n"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
        Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    ],
)
def test_answer__that_is_no_picture_or_cut_short(emulator: Server, reply: Reply) -> None:
    emulator.answer("/bad", reply)
    with pytest.raises(FetchFailed):
        fetched(f"{emulator.url}/bad", allow=emulator.url)


def test_closed_port() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(FetchFailed, match="ConnectionRefusedError"):
            fetched(url, allow=url)


def test_messages_and_logs__quote_no_address(emulator: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    emulator.answer("/marker", Reply(500))
    for url, allow in (
        (f"{emulator.url}/marker", emulator.url),
        (f"{emulator.url}/marker", None),
        ("marker://marker", None),
    ):
        with pytest.raises((FetchRefused, FetchFailed)) as caught:
            fetched(url, allow=allow)
        assert "marker" not in str(caught.value)
    assert "marker" not in caplog.text
