"""HTTP answers of the vendor: the structured error, its codes, and the other shapes of errors."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any, Literal, NamedTuple

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Response:
    """A complete answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: Headers = ()


@dataclass(frozen=True)
class Silence:
    """No answer: the connection hangs until it is dropped, or is reset at once."""

    kind: Literal["hang", "reset"]


class VendorError(NamedTuple):
    """One row of the vendor's error list."""

    status: int
    type: str
    id: str
    message: str


# https://docs.copyleaks.com/reference/data-types/errors/error-codes ; the statuses are assumed where the list
# gives none, which is why a client should decide by type and code.
VENDOR_ERRORS: Mapping[int, VendorError] = {
    1: VendorError(400, "invalid_request_error", "missing_parameter", "A required parameter is missing."),
    2: VendorError(401, "authentication_error", "invalid_credentials", "Invalid login credentials."),
    3: VendorError(403, "authentication_error", "email_not_confirmed", "The e-mail address is not confirmed."),
    4: VendorError(403, "authentication_error", "user_disabled", "The user is disabled."),
    5: VendorError(400, "invalid_request_error", "download_failed", "The URL could not be downloaded."),
    6: VendorError(400, "invalid_request_error", "file_too_large", "The file is too large."),
    8: VendorError(400, "invalid_request_error", "image_quality_too_low", "The image quality is too low."),
    9: VendorError(503, "api_error", "temporarily_unavailable", "The service is temporarily unavailable."),
    10: VendorError(400, "invalid_request_error", "unsupported_file_type", "The file type is not supported."),
    13: VendorError(400, "payment_error", "not_enough_credits", "There are not enough credits."),
    14: VendorError(400, "invalid_request_error", "invalid_file", "The file is invalid."),
    15: VendorError(400, "invalid_request_error", "invalid_url", "The URL is invalid."),
    16: VendorError(500, "api_error", "internal_error", "An internal error occurred."),
    17: VendorError(402, "payment_error", "not_enough_credits", "There are not enough credits."),
    19: VendorError(400, "invalid_request_error", "headers_too_long", "The headers are too long."),
    24: VendorError(400, "invalid_request_error", "invalid_file_name", "The file name is invalid."),
    30: VendorError(400, "invalid_request_error", "invalid_parameter", "A parameter is invalid."),
    31: VendorError(400, "invalid_request_error", "invalid_header", "A header is invalid."),
    32: VendorError(403, "authentication_error", "too_many_failed_logins", "Too many failed logins."),
    33: VendorError(400, "invalid_request_error", "header_key_too_long", "A header key is too long."),
    37: VendorError(403, "authentication_error", "authorization_denied", "Authorization has been denied."),
}
PASSING_CODES = frozenset({5, 9, 16})
ACCOUNT_CODES = frozenset({2, 3, 4, 13, 17, 32, 37})
# Lists of codes grow, so a client has to survive one that it does not know: 99.
ERRORS: Mapping[int, VendorError] = {
    **VENDOR_ERRORS,
    99: VendorError(400, "invalid_request_error", "something_new", "This error stands in no list."),
}

_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Web server is down</h1></body></html>"


class Refusal(Exception):
    """The vendor refuses a request or a picture, with one of its codes and the parameter at fault."""

    def __init__(self, code: int, message: str = "", *, param: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message or ERRORS[code].message
        self.param = param
        self.status = status or ERRORS[code].status


def json_response(status: int, value: object, *, headers: Headers = ()) -> Response:
    """Return ``value`` as a JSON answer."""
    return Response(status=status, body=json.dumps(value).encode(), headers=headers)


def error_object(refusal: Refusal) -> dict[str, Any]:
    """Return the structured error, as it stands under ``error`` in answers and failure callbacks."""
    row = ERRORS[refusal.code]
    details = [{"param": refusal.param, "message": refusal.message}] if refusal.param else []
    return {
        "type": row.type,
        "id": row.id,
        "code": refusal.code,
        "message": refusal.message,
        "url": f"https://docs.copyleaks.com/reference/data-types/errors/error-codes#{row.id}",
        "details": details,
    }


def refusal_response(refusal: Refusal) -> Response:
    """Return the current, structured shape of an error answer."""
    return json_response(refusal.status, {"error": error_object(refusal)})


def too_many_requests() -> Response:
    """Return the 429 of an exceeded limit; here ``error`` is a string."""
    return json_response(429, {"error": "Rate limit exceeded"})


def login_refusal(*, key: str = "message") -> Response:
    """Return the 401 of wrong credentials; older answers say ``Message``."""
    return json_response(401, {key: "Invalid login credentials."})


def _typed_only(status: int, error_type: str) -> Response:
    return json_response(status, {"error": {"type": error_type, "message": "The request was not carried out."}})


FAULT_ANSWERS: Mapping[str, Response] = {
    "status-401": refusal_response(Refusal(37, status=401)),
    "status-402": refusal_response(Refusal(17, status=402)),
    "no-credits": refusal_response(Refusal(13, status=400)),
    # Of one picture: a firewall before the API, and the API itself.
    "forbidden": Response(status=403, body=_PAGE, content_type="text/html"),
    "denied": refusal_response(Refusal(37, status=403)),
    "status-409": refusal_response(Refusal(30, "The scan id exists already.", param="scanId", status=409)),
    "status-429": too_many_requests(),
    "status-503": refusal_response(Refusal(9)),
    "status-520": Response(status=520, body=_PAGE, content_type="text/html"),
    "error-message": json_response(400, {"message": "The request is invalid."}),
    "error-message-capital": json_response(400, {"Message": "The request is invalid."}),
    "error-field": json_response(400, {"FileName": ["The fileName field is invalid."]}),
    "error-string": json_response(400, {"error": "The request is invalid."}),
    "error-empty": Response(status=500),
    "error-html": Response(status=502, body=_PAGE, content_type="text/html"),
    # Structured, but without a code: only the type tells what is wrong.
    "error-type-request": _typed_only(400, "invalid_request_error"),
    "error-type-authentication": _typed_only(400, "authentication_error"),
    "error-type-payment": _typed_only(400, "payment_error"),
    "error-type-api": _typed_only(500, "api_error"),
    **{f"error-code-{code}": refusal_response(Refusal(code)) for code in ERRORS},
    "login-refused": login_refusal(),
    "login-refused-capital": login_refusal(key="Message"),
}


def fault_answer(name: str, *, retry_after: float) -> Response | None:
    """Return the answer that a fault stands for, None when it spoils something else.

    With ``-retry-after`` behind its name the answer says after how many seconds to come again, with
    ``-retry-after-date`` at which time (RFC 9110, 10.2.3); the vendor documents neither.
    """
    plain, wanted, form = name.partition("-retry-after")
    answer = FAULT_ANSWERS.get(plain) or FAULT_ANSWERS.get(plain.removeprefix("login-"))
    if answer is None or not wanted:
        return answer
    # A date has whole seconds, and "not before" is what both mean.
    seconds = math.ceil(time.time() + retry_after if form else retry_after)
    value = formatdate(seconds, usegmt=True) if form else str(seconds)
    return replace(answer, headers=(("Retry-After", value),))
