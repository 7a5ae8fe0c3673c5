"""The account: login, tokens that expire, and limits on calls."""

import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from .answers import Refusal, Response, json_response, login_refusal, too_many_requests
from .ledger import Ledger
from .options import Options

LOGIN_WINDOW, LOGIN_BLOCK = 15 * 60.0, 5 * 60.0


def vendor_time(moment_ns: int, zone: tzinfo = UTC) -> str:
    """Return a time with the vendor's seven fractional digits; UTC is written as Z, any other zone as its offset."""
    ticks = moment_ns // 100
    text = datetime.fromtimestamp(ticks // 10**7, zone).isoformat()
    return f"{text[:19]}.{ticks % 10**7:07d}{'Z' if zone is UTC else text[19:]}"


class Window:
    """Admit ``limit`` calls (0: any number) in ``seconds``, after one too many none for ``block`` seconds."""

    def __init__(self, limit: int, seconds: float, *, block: float = 0.0) -> None:
        self._limit, self._seconds, self._block = limit, seconds, block
        self._calls: deque[float] = deque()
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    def admit(self) -> bool:
        if not self._limit:
            return True
        with self._lock:
            now = time.monotonic()
            while self._calls and self._calls[0] <= now - self._seconds:
                self._calls.popleft()
            if now < self._blocked_until:
                return False
            if len(self._calls) >= self._limit:
                self._blocked_until = now + self._block
                return False
            self._calls.append(now)
            return True


class Account:
    """One account; tokens live in memory, so that after a restart every client has to log in again."""

    def __init__(self, options: Options, ledger: Ledger) -> None:
        self._options = options
        self._ledger = ledger
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()
        self._logins = Window(options.login_limit, LOGIN_WINDOW, block=LOGIN_BLOCK)
        self._requests = Window(options.rate_limit, 1.0)
        self._checks = Window(options.check_limit, 15 * 60.0)

    def login(self, given: Mapping[str, Any]) -> Response:
        """Answer a login whose members have lower-case names.

        https://docs.copyleaks.com/reference/actions/account/login
        """
        if not self._logins.admit():
            self._ledger.count("login refused: limit")
            return too_many_requests()
        missing = {
            name: [f"The {name.lower()} field is required."]
            for name in ("Email", "Key")
            if not (isinstance(given.get(name.lower()), str) and given[name.lower()])
        }
        if missing:
            return json_response(400, missing)
        if not self._accepts(given["email"], given["key"]):
            self._ledger.count("login refused: credentials")
            return login_refusal()
        self._ledger.count("login")
        return json_response(200, self._issue())

    def authorise(self, authorization: str) -> None:
        """Raise Refusal (401) unless the header bears a token that is valid now."""
        with self._lock:
            expires = self._tokens.get(_token(authorization), 0.0)
        if expires <= time.time():
            self._ledger.count("unauthorised")
            raise Refusal(37, status=401)

    def revoke(self, authorization: str) -> None:
        """Make a token invalid before its time."""
        with self._lock:
            self._tokens.pop(_token(authorization), None)

    def within_limits(self, *, check: bool = False) -> bool:
        """Count one API request; return whether the limits allow it."""
        admitted = self._requests.admit() and (not check or self._checks.admit())
        if not admitted:
            self._ledger.count("rate limited")
        return admitted

    @property
    def credits_left(self) -> int:
        return max(0, self._options.credits - self._ledger.charged)

    def _accepts(self, email: str, key: str) -> bool:
        expected = self._options
        return expected.email in ("", email) and (
            not expected.key or secrets.compare_digest(expected.key.encode(), key.encode("utf-8", "replace"))
        )

    def _issue(self) -> dict[str, str]:
        now = time.time_ns()
        expires = now + int(self._options.token_lifetime * 1e9)
        token = secrets.token_urlsafe(48)
        with self._lock:
            self._tokens = {old: end for old, end in self._tokens.items() if end > now / 1e9}
            self._tokens[token] = expires / 1e9
        zone = self._options.utc_offset
        return {"access_token": token, ".issued": vendor_time(now, zone), ".expires": vendor_time(expires, zone)}


def _token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
