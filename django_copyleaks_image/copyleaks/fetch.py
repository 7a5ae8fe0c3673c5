"""Fetch a picture from an address that somebody else chose, from the public internet and nowhere else.

Every address that the host name resolves to must be public, the connection goes to the very address that was
checked, and each redirect is checked anew: a name that resolves differently a moment later gains nothing.
See https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html.
"""

import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import quote, urljoin, urlsplit

from django_copyleaks_image.problems import Problem

from .fetch_errors import FetchedNothing, FetchedTooMuch, FetchFailed, FetchRefused
from .public import is_public
from .transport import USER_AGENT

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_REDIRECTS = 3
MAX_URL_LENGTH = 4096
MAX_ADDRESSES = 16

_CHUNK = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
# Headers that tell of the bytes, and how much of each is kept.
_TOLD = ("ETag", "Content-Length", "Last-Modified")
_TOLD_LENGTH = 200
_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[a-z0-9._-]{1,253}")


def fetch_public(url: str, *, max_bytes: int, timeout: float, allow_origin: str | None = None) -> bytes:
    """Return what ``url`` serves; see :func:`fetch_into`, which does not hold it in memory."""
    content = io.BytesIO()
    fetch_into(content, url, max_bytes=max_bytes, timeout=timeout, allow_origin=allow_origin)
    return content.getvalue()


def fetch_into(
    content: IO[bytes], url: str, *, max_bytes: int, timeout: float, allow_origin: str | None = None
) -> None:
    """Write what ``url`` serves, in at most ``timeout`` seconds and three redirects altogether.

    Only https on its own port and public addresses, without proxies, cookies or credentials. ``allow_origin``, say
    that of a local emulator, is exempt from these rules, for exactly its scheme, host and port. The system's
    resolver keeps a time limit of its own. Raises FetchRefused and FetchFailed; part may have been written then.
    """
    _ask("GET", url, lambda response: _write(response, content, max_bytes), timeout, allow_origin)


def state_public(url: str, *, timeout: float, allow_origin: str | None = None) -> str:
    """Return what ``url`` tells of its bytes without sending them, "" for nothing; the rules are those of a fetch.

    It changes when the bytes do, at hosts that do as https://www.rfc-editor.org/rfc/rfc9110#section-8.8 says. Raises
    FetchRefused and FetchFailed.
    """
    told: list[str] = []

    def note(response: HTTPResponse) -> None:
        told.extend(response.getheader(name, "").strip()[:_TOLD_LENGTH] for name in _TOLD)

    _ask("HEAD", url, note, timeout, allow_origin)
    return " ".join(filter(None, told))


def _ask(method: str, url: str, take: Callable[[HTTPResponse], None], timeout: float, allow_origin: str | None) -> None:
    deadline = time.monotonic() + timeout
    exempt = _Origin.of(allow_origin) if allow_origin else None
    for _ in range(MAX_REDIRECTS + 1):
        origin = _permitted_origin(url, exempt)
        addresses = _resolved(origin, must_be_public=origin != exempt)
        try:
            with _connected(origin, addresses, deadline) as connection:
                location = _exchanged(method, take, connection, origin, _target(url), deadline)
        except (OSError, HTTPException) as error:
            raise FetchFailed(Problem.FETCH_RAISED(error=type(error).__name__)) from None
        if location is None:
            return
        url = _redirected(url, location)
    raise FetchFailed(Problem.FETCH_REDIRECTS(limit=MAX_REDIRECTS))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Origin:
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "_Origin":
        """Return the origin of a web address with its host in ASCII; raise ValueError when there is none."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS:
            raise ValueError("no web address")
        host = (parts.hostname or "").removesuffix(".")
        # A zone after "%" names an interface of this machine.
        if ":" in host and "%" not in host:
            host = str(ipaddress.IPv6Address(host))
        elif not _HOST.fullmatch(host := host.encode("idna").decode().lower()):
            raise ValueError("no host")
        return cls(scheme=parts.scheme, host=host, port=parts.port or _PORTS[parts.scheme])

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def _permitted_origin(url: str, exempt: _Origin | None) -> _Origin:
    if len(url) > MAX_URL_LENGTH:
        raise FetchRefused(Problem.FETCH_LONG_ADDRESS())
    try:
        url.encode()
        origin = _Origin.of(url)
        has_credentials = "@" in urlsplit(url).netloc
    except ValueError:
        raise FetchRefused(Problem.FETCH_ODD_ADDRESS()) from None
    if has_credentials:
        raise FetchRefused(Problem.FETCH_CREDENTIALS())
    if origin.scheme != "https" and origin != exempt:
        raise FetchRefused(Problem.FETCH_NO_HTTPS())
    # What else listens on a public host is not meant for strangers, and could be probed through us.
    if origin.port != _PORTS["https"] and origin != exempt:
        raise FetchRefused(Problem.FETCH_ODD_PORT())
    return origin


def _resolved(origin: _Origin, *, must_be_public: bool) -> list[str]:
    try:
        answers = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchFailed(Problem.FETCH_UNRESOLVED()) from None
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))
    if must_be_public and not all(is_public(ipaddress.ip_address(address)) for address in addresses):
        raise FetchRefused(Problem.FETCH_NOT_PUBLIC())
    return addresses[:MAX_ADDRESSES]


def _connected(origin: _Origin, addresses: list[str], deadline: float) -> socket.socket:
    """Connect to the first address that answers; each has an equal share of the time that is left."""
    failure = OSError("no address")
    for index, address in enumerate(addresses):
        share = _left(deadline) / (len(addresses) - index)
        try:
            connection = socket.create_connection((address, origin.port), timeout=share)
        except OSError as error:
            failure = error
            continue
        if origin.scheme == "http":
            return connection
        return _secured(connection, origin.host, deadline)
    raise failure


def _secured(connection: socket.socket, host: str, deadline: float) -> ssl.SSLSocket:
    # Imported here, since a site that only takes uploads never needs it, and waits for it at every start.
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415

    context = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
    try:
        # The timeout limits the whole handshake, in which the certificate is checked against the name.
        connection.settimeout(_left(deadline))
        return context.wrap_socket(connection, server_hostname=host)
    except OSError:
        connection.close()
        raise


def _exchanged(
    method: str,
    take: Callable[[HTTPResponse], None],
    connection: socket.socket,
    origin: _Origin,
    target: str,
    deadline: float,
) -> str | None:
    """Let the answer be taken, or return where it redirects to."""
    connection.settimeout(_left(deadline))
    connection.sendall(
        f"{method} {target} HTTP/1.1\r\nHost: {origin.authority}\r\nUser-Agent: {USER_AGENT}\r\n"
        "Accept: image/*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
    )
    # All that a response asks of a socket is a file.
    with HTTPResponse(cast("socket.socket", _DeadlineReader(connection, deadline)), method=method) as response:
        response.begin()
        location = response.getheader("Location")
        if response.status in _REDIRECTS and location:
            return location
        if response.status in _GONE:
            raise FetchedNothing(Problem.FETCH_STATUS(status=response.status))
        if response.status != 200:
            raise FetchFailed(Problem.FETCH_STATUS(status=response.status))
        if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
            raise FetchFailed(Problem.FETCH_COMPRESSED())
        take(response)
    return None


def _write(response: HTTPResponse, content: IO[bytes], max_bytes: int) -> None:
    left = max_bytes
    while part := response.read1(_CHUNK):
        left -= len(part)
        if left < 0:
            raise FetchedTooMuch(Problem.FETCH_OVER_LIMIT(limit=max_bytes))
        content.write(part)
    if response.length:
        raise FetchFailed(Problem.FETCH_CUT_SHORT())


class _DeadlineReader(io.RawIOBase):
    """Reads a socket with as much patience as is left each time: a drip of single bytes cannot outlast it."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise FetchRefused(Problem.FETCH_ODD_REDIRECT()) from None


def _target(url: str) -> str:
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return path + ("?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else "")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no time is left")
    return left
