"""One HTTP exchange with Copyleaks: pooled, bounded in size and time, and silent about what it carries.

An exception keeps the local variables of every frame it passed. Hence secrets travel in objects whose
``repr`` hides them, and no exception of requests, whose frames hold headers and bodies, is chained to ours.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import encode_multipart_formdata
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from django_copyleaks_image import __version__
from django_copyleaks_image.conf import Secret
from django_copyleaks_image.connection_pool import checked_in

from .bodies import PayloadError, bounded_gunzip
from .errors import CopyleaksError, TransientError, UnknownError

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


class Bearer(AuthBase):
    """Add the token to a request at the last moment; without one, keep requests from reading ``.netrc``."""

    def __init__(self, token: Secret | None = None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class _Outgoing(BytesIO):
    """The body of one request, which knows whether any of it was taken to be sent.

    No type of exception tells that: urllib3 wraps a broken TLS record in the answer as it does a failed handshake.
    """

    has_left = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.has_left = True
        return super().read(size)

    def __repr__(self) -> str:
        return "<body>"


class Transport:
    """Connections to Copyleaks, to be shared by threads but not across a fork.

    ``timeout`` is the connect and read timeout in seconds; an answer may take the read timeout once more to
    arrive completely. Proxies and CA bundles of the environment are honoured, as requests does.
    """

    def __init__(self, *, timeout: tuple[float, float], pool_size: int) -> None:
        self.timeout = timeout
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_maxsize=pool_size, max_retries=0)
        for prefix in ("https://", "http://"):
            self._session.mount(prefix, adapter)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._session.headers.clear()
        self._session.headers.update(
            {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"}
        )

    def send(self, method: str, url: str, *, auth: Bearer, body: Body | None = None, max_bytes: int) -> Answer:
        """Send one request and read its answer, whatever its status; redirects are answers, too.

        Raises TransientError when the network fails, UnknownError when the answer exceeds ``max_bytes`` or is
        compressed in a way that nobody asked for; either names the status if that had come.
        """
        problem: CopyleaksError
        content = _Outgoing(body.content) if body else None
        status = None
        try:
            # Nobody knows how long an answer takes: others have this thread's connection to the database meanwhile.
            with (
                checked_in(),
                self._session.request(
                    method,
                    url,
                    data=content,
                    headers={"Content-Type": body.content_type} if body else None,
                    auth=auth,
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                status = response.status_code
                received = self._read(response, max_bytes)
                if isinstance(received, bytes):
                    return Answer(status=status, headers=response.headers, body=received)
                problem = received
        except (OSError, HTTPError, HTTPException) as error:
            problem = _network_error(error, url)
            problem.status = status
            problem.uncertain = content is not None and content.has_left
        # Raised outside the handler, or the exception of requests would hang on as its context.
        raise problem

    def _read(self, response: requests.Response, max_bytes: int) -> bytes | CopyleaksError:
        """Return the body, or why it cannot be had; read as it comes, so that the clock is looked at."""
        status = response.status_code
        deadline = time.monotonic() + self.timeout[1]
        parts: list[bytes] = []
        size = 0
        # urllib3 1.26, which requests still allows, lacks read1: there a slow answer is cut off later.
        read = getattr(response.raw, "read1", response.raw.read)
        while part := read(_CHUNK, decode_content=False):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                return _unreadable(status, f"The answer is larger than {max_bytes} bytes.")
            if time.monotonic() > deadline:
                return TransientError(
                    "The answer did not arrive in time.", slug="timeout", status=status, uncertain=True
                )
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        content = b"".join(parts)
        if not content or encoding in ("identity", ""):
            return content
        if encoding not in ("gzip", "x-gzip"):
            return _unreadable(status, "The answer is compressed in an unknown way.")
        try:
            return bounded_gunzip(content, max_bytes)
        except PayloadError as error:
            return _unreadable(status, str(error))


def _unreadable(status: int, message: str) -> UnknownError:
    return UnknownError(message, slug="unreadable_answer", status=status, uncertain=True)


def _network_error(error: Exception, url: str) -> TransientError:
    timed_out = isinstance(error, requests.Timeout | Urllib3TimeoutError | TimeoutError)
    return TransientError(
        f"{type(error).__name__} at {urlsplit(url).hostname}",
        slug="timeout" if timed_out else "connection_failed",
    )
