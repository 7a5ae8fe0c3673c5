"""The calls of the Copyleaks API that we need, one method each.

See https://docs.copyleaks.com/reference/actions/ai-image-detector/submit/ and its neighbours.
"""

import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import IO

from django_copyleaks_image.conf import conf
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.setting_values import HeaderPairs, Secret

from . import deadlines, values
from .bodies import PayloadError, load_json
from .errors import TokenError, UnknownError, error_from_response
from .token import TokenStore
from .transport import Answer, Bearer, Body, Transport

MAX_JSON_BYTES = 1024 * 1024
MAX_CERTIFICATES = 256

_SCAN_ID = re.compile(r"[a-z0-9-]{3,36}")
_THUMBPRINT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """One asynchronous scan: which picture, and where the result goes; addresses and header values hidden.

    ``fetch_headers`` are sent when Copyleaks fetches ``url``, ``webhook_headers`` with the callback. The
    vendor does not print the JSON key of the former, hence ``fetch_headers_key``. ``on_sent`` is called when the whole
    request has left.
    """

    scan_id: str
    url: str = field(repr=False)
    file_name: str
    model: str
    webhook_url: str = field(repr=False)
    sandbox: bool
    mask_type: str = ""
    fetch_headers: HeaderPairs = field(default=(), repr=False)
    fetch_headers_key: str = "headers"
    webhook_headers: HeaderPairs = field(default=(), repr=False)
    developer_payload: str = ""
    on_sent: Callable[[], object] = field(default=lambda: None, repr=False, compare=False)

    def secrets(self) -> list[Secret]:
        """Return the texts that a vendor's error message may quote and that nobody may read there."""
        header_values = [value for _, value in (*self.fetch_headers, *self.webhook_headers)]
        return [Secret(self.url), Secret(self.webhook_url), *header_values]

    def body(self) -> Body:
        """Return the request as JSON. ``sandbox`` is always explicit: left out, it costs real credits."""
        webhooks: dict[str, object] = {"url": self.webhook_url}
        if self.webhook_headers:
            webhooks["headers"] = _revealed(self.webhook_headers)
        document: dict[str, object] = {
            "url": self.url,
            "fileName": self.file_name,
            "model": self.model,
            "webhooks": webhooks,
            "sandbox": self.sandbox,
        }
        if self.mask_type:
            document["maskType"] = self.mask_type
        if self.fetch_headers:
            document[self.fetch_headers_key] = _revealed(self.fetch_headers)
        if self.developer_payload:
            document["developerPayload"] = self.developer_payload
        return Body.of_json(document)


class Client:
    """An account at Copyleaks. Threads may share it; every method raises CopyleaksError when it fails."""

    def __init__(
        self,
        *,
        email: str,
        api_key: Secret,
        api_url: str,
        id_url: str,
        timeout: tuple[float, float],
        pool_size: int = 32,
    ) -> None:
        self._api_key = api_key
        self._api_url = api_url
        self._transport = Transport(timeout=timeout, pool_size=pool_size)
        self._tokens = TokenStore(self._transport, email=email, api_key=api_key, id_url=id_url)

    def log_in(self) -> None:
        """Make sure that a token is at hand, so that the next call is sent without waiting for a login."""
        self._tokens.get()

    def submit(self, submission: Submission) -> Answer:
        """Ask for an asynchronous scan and return the answer; the result comes to the webhook.

        ConflictError means that the id is taken: after an ``uncertain`` error, by the first try. TokenError asks for
        the same call once more: what is paid is repeated only by the caller, who knows whether it is still wanted.
        """
        return self._call(
            "PUT",
            f"/v1/ai-image-detector-async/{_checked(submission.scan_id)}/submit",
            body=submission.body(),
            hide=submission.secrets(),
            on_sent=submission.on_sent,
        )

    def check(self, *, scan_id: str, file_name: str, content: IO[bytes], model: str, sandbox: bool) -> bytes:
        """Upload a picture and return the body of the result, for :func:`~.payloads.parse_callback`.

        TokenError asks for the same call once more, see :meth:`submit`.
        See https://docs.copyleaks.com/reference/actions/ai-image-detector/check/.
        """
        body = Body.of_form(
            {
                "image": (file_name, content.read(), "application/octet-stream"),
                "filename": file_name,
                "model": model,
                "sandbox": "true" if sandbox else "false",
            }
        )
        path = f"/v1/ai-image-detector/{_checked(scan_id)}/check"
        return self._call("POST", path, body=body, max_bytes=conf.WEBHOOK_MAX_BYTES).body

    def credits(self) -> Decimal:
        """Return the account's remaining credits."""
        amount = values.folded(self._get_json("/v3/scans/credits")).get("amount")
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        left = Decimal(str(amount)) if is_number else Decimal("NaN")
        if not left.is_finite():
            raise UnknownError(Problem.CREDITS_WITHOUT_AMOUNT(), slug=Code.UNREADABLE_ANSWER)
        return left

    def client_certificates(self) -> frozenset[str]:
        """Return the thumbprints of the certificates that callbacks may present, in lower-case hexadecimal.

        The JSON shape is not documented: whatever looks like a SHA-1 or SHA-256 digest, at any depth, is one.
        """
        found: set[str] = set()
        waiting = [self._get_json("/v2/security/client-certificates")]
        while waiting and len(found) < MAX_CERTIFICATES:
            value = waiting.pop()
            if isinstance(value, dict):
                waiting += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                waiting += value
            elif isinstance(value, str):
                digits = value.replace(":", "").lower()
                if _THUMBPRINT.fullmatch(digits):
                    found.add(digits)
        return frozenset(found)

    def _get_json(self, path: str) -> object:
        try:
            answer = self._call("GET", path)
        except TokenError:
            answer = self._call("GET", path)
        try:
            return load_json(answer.body)
        except PayloadError as error:
            problem = UnknownError(error.message, slug=Code.UNREADABLE_ANSWER, status=answer.status)
        raise problem

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Body | None = None,
        hide: Collection[Secret] = (),
        max_bytes: int = MAX_JSON_BYTES,
        on_sent: Callable[[], object] = lambda: None,
    ) -> Answer:
        url = f"{self._api_url}{path}"
        # Whoever holds a lease counts on it: a login that comes first takes from the time of the call.
        with deadlines.within(self._transport.longest):
            token = self._tokens.get()
            answer = self._transport.send(
                method, url, auth=Bearer(token), body=body, max_bytes=max_bytes, on_sent=on_sent
            )
        if answer.is_success:
            return answer
        secrets = [token, self._api_key, *hide]
        error = error_from_response(answer.status, answer.headers, answer.body, hide=secrets)
        # A token may end before its time. Dropped in any case, for whoever looks whether the account works again.
        if error.may_be_the_token and self._tokens.drop(token):
            error = TokenError(error.message, status=error.status, code=error.code, uncertain=error.uncertain)
        raise error


def client_from_settings() -> Client:
    """Return the client for the settings as they are now: the same until they change or the process forks."""
    return _client(os.getpid(), conf.EMAIL, conf.API_KEY, conf.API_URL, conf.ID_URL, conf.TIMEOUT)


@lru_cache(maxsize=1)
def _client(
    _process: int, email: str, api_key: Secret, api_url: str, id_url: str, timeout: tuple[float, float]
) -> Client:
    return Client(email=email, api_key=api_key, api_url=api_url, id_url=id_url, timeout=timeout)


def _checked(scan_id: str) -> str:
    if not _SCAN_ID.fullmatch(scan_id):
        raise ValueError("A scan id has 3 to 36 characters of a-z, 0-9 and -.")
    return scan_id


def _revealed(pairs: HeaderPairs) -> list[list[str]]:
    return [[name, value.reveal()] for name, value in pairs]
