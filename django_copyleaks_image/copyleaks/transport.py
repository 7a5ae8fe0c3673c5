"""One HTTP exchange with Copyleaks: pooled, bounded in size and time, and silent about what it carries.

An exception keeps the local variables of every frame it passed. Hence secrets travel in objects whose
``repr`` hides them, and no exception of requests, whose frames hold headers and bodies, is chained to ours.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django_copyleaks_image import __version__
from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.setting_values import Secret

from . import deadlines
from .bodies import PayloadError, bounded_gunzip
from .errors import CopyleaksError, TransientError, UnknownError

if TYPE_CHECKING:
    import requests

USER_AGENT = f"django-copyleaks-image/{__version__}"

_CHUNK = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What a request carries; hidden, for it holds addresses with tokens, header values or the API key."""

    content: bytes = field(repr=False)
    content_type: str

    @classmethod
    def of_json(cls, document: Mapping[str, object]) -> "Body":
        return cls(content=json.dumps(document).encode(), content_type="application/json")

    @classmethod
    def of_form(cls, fields: Mapping[str, str | tuple[str, bytes, str]]) -> "Body":
        """Encode multipart/form-data; a file is a tuple of its name, content and media type."""
        from urllib3 import encode_multipart_formdata  # noqa: PLC0415 - see session.py

        content, content_type = encode_multipart_formdata(fields)
        return cls(content=content, content_type=content_type)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back, decompressed; hidden, for a login's answer is a token."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status <= 299


class Bearer:
    """Add the token to a request at the last moment; without one, keep requests from reading ``.netrc``."""

    def __init__(self, token: Secret | None = None) -> None:
        self._token = token

    def __call__(self, request: "requests.PreparedRequest") -> "requests.PreparedRequest":
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class _Outgoing(BytesIO):
    """The body of one request, which knows whether any of it was taken to be sent.

    No type of exception tells that: urllib3 wraps a broken TLS record in the answer as it does a failed handshake.
    """

    has_left = False

    def __init__(self, content: bytes, on_sent: Callable[[], object]) -> None:
        super().__init__(content)
        self._on_sent = on_sent

    def read(self, size: int | None = -1, /) -> bytes:
        self.has_left = True
        part = super().read(size)
        if not part:
            self._on_sent()
        return part

    def __repr__(self) -> str:
        return "<body>"


class Transport:
    """Connections to Copyleaks, to be shared by threads but not across a fork.

    ``timeout`` is the connect and read timeout in seconds, and :attr:`longest` what a whole exchange may take. Proxies
    and CA bundles of the environment are honoured, as requests does.
    """

    def __init__(self, *, timeout: tuple[float, float], pool_size: int) -> None:
        self.timeout = timeout
        self.longest = longest_exchange(timeout)
        from . import session  # noqa: PLC0415 - see there

        self._network_errors, self._timeouts = session.NETWORK_ERRORS, session.TIMEOUTS
        self._session = session.opened(
            {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}, pool_size=pool_size
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        auth: Bearer,
        body: Body | None = None,
        max_bytes: int,
        on_sent: Callable[[], object] = lambda: None,
    ) -> Answer:
        """Send one request and read its answer, whatever its status; redirects are answers, too.

        ``on_sent`` is called once the last byte of the body has left. Raises TransientError when the network fails or
        the time is over, UnknownError when the answer exceeds ``max_bytes`` or is compressed in a way that nobody asked
        for; either names the status if that had come.
        """
        problem: CopyleaksError
        content = _Outgoing(body.content, on_sent) if body else None
        status = None
        # Nobody knows how long an answer takes: others have this thread's connection to the database meanwhile.
        with checked_in(), deadlines.within(self.longest) as deadline:
            try:
                # Zero would be no timeout at all to some, and an error to others.
                connect, read = (max(0.001, min(seconds, deadline.left)) for seconds in self.timeout)
                with self._session.request(
                    method,
                    url,
                    data=content,
                    headers={"Content-Type": body.content_type} if body else None,
                    auth=auth,
                    timeout=(connect, read),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    status = response.status_code
                    received = self._read(response, max_bytes)
                    # A connection that was cut ends like one that the server has closed behind a complete answer.
                    if isinstance(received, bytes) and not deadline.has_cut:
                        return Answer(status=status, headers=response.headers, body=received)
                    problem = _out_of_time() if isinstance(received, bytes) else received
            except self._network_errors as error:
                problem = _out_of_time() if deadline.has_cut else self._network_error(error, url)
        if problem.passes:
            problem.status = status
            problem.uncertain = content is not None and content.has_left
        # Raised outside the handler, or the exception of requests would hang on as its context.
        raise problem

    def _read(self, response: "requests.Response", max_bytes: int) -> bytes | CopyleaksError:
        """Return the body, or why it cannot be had."""
        status = response.status_code
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read(_CHUNK, decode_content=False):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                return _unreadable(status, Problem.ANSWER_OVER_LIMIT(limit=max_bytes))
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        content = b"".join(parts)
        if not content or encoding in ("identity", ""):
            return content
        if encoding not in ("gzip", "x-gzip"):
            return _unreadable(status, Problem.ANSWER_COMPRESSED())
        try:
            return bounded_gunzip(content, max_bytes)
        except PayloadError as error:
            return _unreadable(status, error.message)

    def _network_error(self, error: Exception, url: str) -> TransientError:
        return TransientError(
            Problem.NETWORK_RAISED(error=type(error).__name__, host=urlsplit(url).hostname),
            slug=Code.TIMEOUT if isinstance(error, self._timeouts) else Code.CONNECTION_FAILED,
        )


def longest_exchange(timeout: tuple[float, float]) -> float:
    """Return the seconds that an exchange may take from connecting to the last byte of its answer.

    As long as it takes to connect, to wait once, and once more for what is large to go or to come.
    """
    connect, read = timeout
    return connect + 2 * read


def _out_of_time() -> TransientError:
    return TransientError(Problem.EXCHANGE_TOO_LONG(), slug=Code.TIMEOUT)


def _unreadable(status: int, message: str) -> UnknownError:
    return UnknownError(message, slug=Code.UNREADABLE_ANSWER, status=status, uncertain=True)
