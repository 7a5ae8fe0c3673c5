"""The vendor's endpoints, and two of the emulator's own."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.message import Message

from .accounts import Account
from .answers import (
    Refusal,
    Response,
    Silence,
    fault_answer,
    json_response,
    refusal_response,
    too_many_requests,
)
from .faults import Faults
from .heatmaps import Heatmaps
from .ledger import Ledger, Outcome
from .log import EventLog
from .multipart import read_multipart
from .options import Options
from .processing import Processing
from .results import cost
from .submissions import (
    Check,
    Scan,
    check_scan_id,
    read_form_check,
    read_json,
    read_json_check,
    read_submission,
)

Answer = Response | Silence

_SMALL, _PICTURE = 1024 * 1024, 48 * 1024 * 1024

# The shape is unknown; thumbprints are all that is documented.
# https://docs.copyleaks.com/concepts/management/authentication-of-webhooks
_CERTIFICATES = [
    {"thumbprint": "3F1C0A5E8B7D2946C1E0F9A8B7C6D5E4F3021A9B", "validUntil": "2027-03-31T00:00:00Z"},
    {"thumbprint": "A94F21D7C6B5083E9D1A7F4C2B8E6053DFA1C7E2", "validUntil": "2027-09-30T00:00:00Z"},
]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request whose body has been read; ``argument`` is the variable part of its path."""

    argument: str
    headers: Message = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def authorization(self) -> str:
        return self.headers.get("Authorization", "")

    @property
    def media_type(self) -> str:
        return self.headers.get_content_type()


@dataclass(frozen=True, kw_only=True)
class Route:
    """One path, the only method it takes, and how large a body it reads."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[Request], Answer]
    max_body: int = _SMALL


class Endpoints:
    """Answer requests; the server finds the route, reads the body and writes the answer."""

    def __init__(
        self,
        options: Options,
        *,
        account: Account,
        ledger: Ledger,
        faults: Faults,
        processing: Processing,
        heatmaps: Heatmaps,
        log: EventLog,
    ) -> None:
        self._options = options
        self._account = account
        self._ledger = ledger
        self._faults = faults
        self._processing = processing
        self._heatmaps = heatmaps
        self._log = log
        self._routes = [
            _route("POST", "/v3/account/login/api", self.login),
            _route("PUT", "/v1/ai-image-detector-async/([^/]*)/submit", self.submit),
            _route("POST", "/v1/ai-image-detector/([^/]*)/check", self.check, max_body=_PICTURE),
            _route("GET", "/v3/scans/credits", self.credits),
            _route("GET", "/v2/security/client-certificates", self.certificates),
            _route("GET", "/_emulator/ledger", self.ledger),
            _route("GET", "/_emulator/health", self.health),
            _route("GET", r"/_emulator/heatmaps/([a-z0-9-]+)\.(?:png|jpeg|webp)", self.heatmap),
        ]

    def find(self, path: str) -> tuple[Route, str] | None:
        """Return the route of a path and the path's variable part."""
        for route in self._routes:
            match = route.path.fullmatch(path)
            if match:
                return route, "".join(match.groups())
        return None

    def login(self, request: Request) -> Answer:
        try:
            credentials = json.loads(request.body)
        except (ValueError, RecursionError):
            credentials = None
        given = {name.lower(): each for name, each in credentials.items()} if isinstance(credentials, dict) else {}
        faults = self._faults.strike_login(str(given.get("email")))
        answer = self._answer_of(faults, "login-{}")
        if answer is None:
            answer = self._account.login(given)
        else:
            self._ledger.count("login refused: fault")
        self._log.line("login", detail=f"answered {answer.status}" if isinstance(answer, Response) else answer.kind)
        return answer

    def submit(self, request: Request) -> Answer:
        return self._guarded(request, self._submit)

    def check(self, request: Request) -> Answer:
        return self._guarded(request, self._check, check=True)

    def credits(self, request: Request) -> Answer:
        return self._guarded(request, self._credits)

    def certificates(self, _: Request) -> Answer:
        return json_response(200, _CERTIFICATES)

    def ledger(self, _: Request) -> Answer:
        return json_response(200, self._ledger.as_json())

    def health(self, _: Request) -> Answer:
        return json_response(200, {"status": "ok"})

    def heatmap(self, request: Request) -> Answer:
        picture, media_type = self._heatmaps.get(request.argument) or (b"", "")
        return Response(status=200, body=picture, content_type=media_type) if picture else Response(status=404)

    def _guarded(self, request: Request, answer: Callable[[Request], Answer], *, check: bool = False) -> Answer:
        try:
            self._account.authorise(request.authorization)
            if not self._account.within_limits(check=check):
                return too_many_requests()
            return answer(request)
        except Refusal as refusal:
            self._log.line("refused", detail=f"{refusal.status} code {refusal.code} {refusal.param}")
            return refusal_response(refusal)

    def _credits(self, _: Request) -> Answer:
        kind = self._options.credits_answer
        if kind.isdigit():
            return json_response(int(kind), {"message": "Not for this account."})
        amount = 0 if kind == "none" else self._account.credits_left
        return json_response(200, {"Balance": {"Value": amount}} if kind == "shape" else {"Amount": amount})

    def _submit(self, request: Request) -> Answer:
        scan_id = check_scan_id(request.argument)
        if request.media_type != "application/json":
            return json_response(415, {"message": "The media type is not supported."})
        submission = read_submission(
            scan_id,
            read_json(request.body),
            fetch_headers_key=self._options.fetch_headers_key,
            webhook_headers_key=self._options.webhook_headers_key,
        )
        faults = self._try(submission, "async")
        struck = self._struck(request, faults)
        if struck is not None:
            return struck
        outcome, refused = self._accept(submission, faults)
        if refused is not None:
            return refused
        if outcome == "new":
            self._processing.begin(submission, faults)
        return _silence(faults, "{}-after") or (
            Response(status=201) if "empty-201" in faults else json_response(201, {})
        )

    def _check(self, request: Request) -> Answer:
        check = self._read_check(request)
        if check is None:
            return json_response(415, {"message": "The media type is not supported."})
        faults = self._try(check, "sync")
        struck = self._struck(request, faults)
        if struck is not None:
            return struck
        _, refused = self._accept(check, faults)
        if refused is not None:
            return refused
        answer = json_response(200, self._processing.check(check, faults))
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(answer.body, compresslevel=1)
            answer = replace(answer, body=body, headers=(("Content-Encoding", "gzip"),))
        return _silence(faults, "{}-after") or answer

    def _read_check(self, request: Request) -> Check | None:
        scan_id = check_scan_id(request.argument)
        if request.media_type == "application/json":
            return read_json_check(scan_id, read_json(request.body))
        if request.media_type == "multipart/form-data":
            return read_form_check(scan_id, read_multipart(request.headers["Content-Type"], request.body))
        return None

    def _try(self, scan: Scan, endpoint: str) -> frozenset[str]:
        number = self._ledger.tried(scan.scan_id, endpoint=endpoint, file_name=scan.file_name, sandbox=scan.sandbox)
        faults = self._faults.strike(scan.file_name, attempt=number)
        struck = f", faults: {', '.join(sorted(faults))}" if faults else ""
        self._log.line(endpoint, scan.scan_id, f"{scan.file_name}, try {number}{struck}")
        return faults

    def _struck(self, request: Request, faults: frozenset[str]) -> Answer | None:
        """Return the answer of the first fault that refuses the request before it is accepted."""
        if "status-401" in faults:
            self._account.revoke(request.authorization)
        answer = self._answer_of(faults, "{}-before")
        if isinstance(answer, Response) and answer.status == 429:
            self._ledger.count("rate limited")
        return answer

    def _answer_of(self, faults: frozenset[str], silence: str) -> Answer | None:
        named = (fault_answer(name, retry_after=self._options.retry_after) for name in sorted(faults))
        return _silence(faults, silence) or next(filter(None, named), None)

    def _accept(self, scan: Scan, faults: frozenset[str]) -> tuple[Outcome, Response | None]:
        """Charge a scan; the answer is the one of a repeated or an unpaid scan id that is refused."""
        policy = self._options.under(faults).repeated
        outcome = self._ledger.accept(
            scan.scan_id,
            cost=cost(sandbox=scan.sandbox),
            credits_total=self._options.credits,
            rescan=policy == "charged",
            faults=faults,
        )
        if outcome == "unpaid":
            return outcome, refusal_response(Refusal(13))
        if outcome == "repeated" and policy in ("409", "400"):
            exists = Refusal(30, "The scan id exists already.", param="scanId", status=int(policy))
            return outcome, refusal_response(exists)
        return outcome, None


def _route(method: str, path: str, answer: Callable[[Request], Answer], *, max_body: int = _SMALL) -> Route:
    return Route(method=method, path=re.compile(path), answer=answer, max_body=max_body)


def _silence(faults: frozenset[str], pattern: str) -> Silence | None:
    """Return the silence whose name, put into the pattern, is among the faults."""
    silences = (Silence("hang"), Silence("reset"))
    return next((each for each in silences if pattern.format(each.kind) in faults), None)
