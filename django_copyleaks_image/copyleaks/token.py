"""The bearer token: one login serves every thread, and through Django's cache every process.

Copyleaks allows 12 logins in 15 minutes and then blocks the account for 5, so a login happens behind a lock, one that
was refused is not repeated for a while, and :mod:`.login_limit` names who counts them where no cache remembers.
See https://docs.copyleaks.com/reference/actions/account/login/.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypedDict
from uuid import uuid4

from django.utils.crypto import salted_hmac

from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.setting_values import Secret

from . import login_limit, values
from .bodies import PayloadError, load_object
from .errors import (
    MAX_RETRY_AFTER,
    AuthenticationError,
    CopyleaksError,
    TokenError,
    TransientError,
    build_error,
    error_from_response,
)
from .shared_cache import SharedCache
from .transport import Bearer, Body, Transport

MAX_LOGIN_BYTES = 64 * 1024
# Seconds that must be left for a token to be used, and how long one is trusted whose end cannot be read.
RENEWAL_MARGIN = 300.0
ASSUMED_LIFETIME = 3600.0
# Seconds for which a refused login is not repeated; a server that fails is asked again sooner.
REFUSAL_MEMORY = 60.0
OUTAGE_MEMORY = 5.0
# A refusal that lasts longer was noted by a clock that is ahead.
LONGEST_REFUSAL = MAX_RETRY_AFTER + 60.0
# Seconds for which a refused token is remembered: that the next one is refused as well is about the account.
DOUBT = 300.0
# Seconds to wait for the login of another thread or process, and between two looks.
LOGIN_WAIT = 15.0
LOGIN_POLL = 0.1

_cache = SharedCache()

_KEY_SALT = "django_copyleaks_image.copyleaks.token"
_TOKEN = re.compile(r"[!-~]{1,16384}")


class _Refusal(TypedDict):
    message: str
    status: int | None
    code: int | None
    error_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    """What the last login brought, a token or a refusal; good until a time in seconds since the epoch."""

    until: float
    token: Secret | None = None
    refusal: _Refusal | None = None

    def to_cache(self) -> dict[str, object]:
        """Return plain data, which every serialiser of a cache can store."""
        token = self.token.reveal() if self.token else None
        return {"until": self.until, "token": token, "refusal": self.refusal}

    @classmethod
    def from_cache(cls, entry: dict[str, Any]) -> "_Outcome":
        token = Secret(entry["token"]) if entry["token"] else None
        return cls(until=entry["until"], token=token, refusal=entry["refusal"])


class TokenStore:
    """The token of one account, logged in when needed.

    The cache entry is named by a keyed hash of the credentials, so changed ones never meet an old token.
    Should the cache lose it, or store nothing at all, the process remembers its own.
    """

    def __init__(self, transport: Transport, *, email: str, api_key: Secret, id_url: str) -> None:
        self._transport = transport
        self._email = email
        self._api_key = api_key
        self._id_url = id_url
        account = Secret(json.dumps([id_url, email, api_key.reveal()]))
        digest = salted_hmac(_KEY_SALT, account.reveal(), algorithm="sha256").hexdigest()
        self._key = f"copyleaks_image:token:{digest}"
        self._own: _Outcome | None = None
        # Of this process, should the cache store nothing.
        self._doubt_until = 0.0
        self._thread_lock = threading.Lock()

    def get(self) -> Secret:
        """Return a token with at least five minutes left.

        Raises the CopyleaksError of a refused login, a recent one without asking again, and TransientError
        when the login of another process takes too long.
        """
        if not (self._email and self._api_key):
            raise AuthenticationError(Problem.NO_CREDENTIALS(), slug=Code.CREDENTIALS_MISSING)
        try:
            token = self._usable_token()
            if token is not None:
                return token
            with self._login_turn():
                return self._usable_token() or self._log_in()
        except CopyleaksError as error:
            problem = error
        # Nothing but a login was sent: what it was needed for has certainly not happened. Whatever refuses a login
        # for good is about the account, never about what it was needed for.
        if problem.is_of_the_request:
            problem = AuthenticationError(
                problem.message,
                slug=problem.slug,
                status=problem.status,
                code=problem.code,
                retry_after=problem.retry_after,
            )
        problem.uncertain = False
        raise problem

    def drop(self, token: Secret) -> bool:
        """Forget a token that was refused, unless it was replaced already; return whether another one may help.

        It may not when this one had taken the place of a refused one within :data:`DOUBT`.
        """
        known = self._last_outcome()
        if known is None or known.token != token:
            return True
        _cache.delete(self._key)
        self._own = None
        is_second = time.monotonic() < self._doubt_until
        self._doubt_until = time.monotonic() + DOUBT
        return _cache.takes(f"{self._key}:refused", uuid4().hex, DOUBT) and not is_second

    def _last_outcome(self) -> _Outcome | None:
        entry = _cache.get(self._key)
        return self._own if entry is None else _Outcome.from_cache(entry)

    def _usable_token(self) -> Secret | None:
        """Return the known token while enough of its time is left; raise a refusal that is remembered."""
        known = self._last_outcome()
        if known is None:
            return None
        left = known.until - time.time()
        if known.refusal is not None and 0 < left < LONGEST_REFUSAL:
            raise build_error(**known.refusal, retry_after=left)
        return known.token if left > RENEWAL_MARGIN else None

    @contextmanager
    def _login_turn(self) -> Iterator[None]:
        """Hold the right to log in, among threads and processes.

        ``cache.add`` is not atomic on Django's file-based cache: there, at worst, two processes both log in.
        """
        deadline = time.monotonic() + LOGIN_WAIT
        # Whoever logs in needs a connection to come back with: those that wait must not have them all.
        with checked_in():
            is_ours = self._thread_lock.acquire(timeout=LOGIN_WAIT)
        if not is_ours:
            raise _login_busy()
        try:
            lock, owner = f"{self._key}:login", uuid4().hex
            # Longer than the longest login, so that only a process that died leaves the lock to expire.
            expiry = self._transport.longest + LOGIN_WAIT
            while not _cache.takes(lock, owner, expiry):
                if time.monotonic() > deadline:
                    raise _login_busy()
                time.sleep(LOGIN_POLL)
            try:
                yield
            finally:
                if _cache.get(lock) == owner:
                    _cache.delete(lock)
        finally:
            self._thread_lock.release()

    def _log_in(self) -> Secret:
        if wait := login_limit.admit():
            raise TokenError(
                Problem.TOO_MANY_LOGINS(),
                slug=Code.LOGIN_LIMIT,
                retry_after=wait,
            )
        try:
            answer = self._transport.send(
                "POST",
                f"{self._id_url}/v3/account/login/api",
                auth=Bearer(),
                body=Body.of_json({"email": self._email, "key": self._api_key.reveal()}),
                max_bytes=MAX_LOGIN_BYTES,
            )
        except TransientError as problem:
            if not problem.uncertain:
                # Or nobody could log in for a quarter of an hour after an outage.
                login_limit.take_back()
            raise
        outcome = _read_login(answer.body) if answer.is_success else None
        if outcome is not None and outcome.token is not None:
            self._remember(outcome)
            return outcome.token
        refusal = error_from_response(answer.status, answer.headers, answer.body, hide=[self._api_key])
        self._remember(_refused(refusal))
        raise refusal

    def _remember(self, outcome: _Outcome) -> None:
        self._own = outcome
        _cache.set(self._key, outcome.to_cache(), max(outcome.until - time.time(), 1))


def _read_login(body: bytes) -> _Outcome | None:
    """Return the token of a login's answer, None without one; the dot of ``.expires`` belongs to its name."""
    try:
        members = values.folded(load_object(body))
    except PayloadError:
        return None
    token = members.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    expires, issued = values.moment(members.get(".expires")), values.moment(members.get(".issued"))
    if expires is None:
        return _Outcome(until=time.time() + ASSUMED_LIFETIME, token=Secret(token))
    # Both are times of the vendor's clock; ours may show another day.
    lifetime = expires.timestamp() - (time.time() if issued is None else issued.timestamp())
    return _Outcome(until=time.time() + lifetime, token=Secret(token))


def _refused(error: CopyleaksError) -> _Outcome:
    recovers = error.passes and not error.is_limit
    memory = error.retry_after or (OUTAGE_MEMORY if recovers else REFUSAL_MEMORY)
    return _Outcome(
        until=time.time() + memory,
        refusal={
            "message": str(error.message),
            "status": error.status,
            "code": error.code,
            "error_type": error.error_type,
        },
    )


def _login_busy() -> TransientError:
    return TransientError(Problem.LOGIN_OF_OTHERS(), slug=Code.LOGIN_BUSY)
