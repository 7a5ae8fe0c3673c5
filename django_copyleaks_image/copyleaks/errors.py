"""Every way in which Copyleaks says no, as one typed exception with a stable machine name.

The structured code and type decide, then the HTTP status; never the message, which is localised.
See https://docs.copyleaks.com/using-the-apis/api-errors/.
"""

import re
import time
from collections.abc import Collection, Mapping
from itertools import islice
from types import MappingProxyType

from django.utils.http import parse_http_date_safe

from django_copyleaks_image.outcomes import Code, Follows, follows
from django_copyleaks_image.problems import Problem, SentenceError
from django_copyleaks_image.setting_values import Secret

from . import values
from .bodies import PayloadError, load_json

MESSAGE_LENGTH = 500
MAX_RETRY_AFTER = 3600.0
MAX_FIELDS = 50

_HIDDEN = "[hidden]"
# Vendor messages quote what they refuse: addresses with endpoint tokens in them, keys, tokens.
_TOKEN_LIKE = re.compile(r"https?://\S+|[!-~]{20,}", re.IGNORECASE)
_TYPE = re.compile(r"[a-z_]{1,64}")
_DIGITS = re.compile(r"\d{1,10}(\.\d{1,6})?")


class CopyleaksError(SentenceError):
    """Copyleaks refused, failed or did not answer; the root of every error of this package's API calls.

    ``slug`` names the reason for storage, ``status`` is the HTTP status, ``code`` and ``error_type`` are the
    vendor's own, ``retry_after`` is in seconds. ``uncertain`` says that the request may have been carried out
    all the same. ``message`` is one bounded line without secrets, a sentence of ours or the vendor's words.

    What follows from an error stands in its attributes. ``pauses_account``: nothing can be sent until somebody mends
    the account, unless others prove the contrary. ``may_be_the_token``: unless it is the token alone that is not taken.
    ``passes``: the same request may be sent again later; ``is_limit``: once there are fewer calls. ``is_final``: never
    again. ``wants_new_token``: again at once. ``is_of_login``: nothing but a login was refused.
    """

    default_slug: str = Code.UNKNOWN_ERROR
    pauses_account = False
    may_be_the_token = False
    passes = False
    is_limit = False
    is_final = False
    wants_new_token = False
    is_of_login = False

    def __init__(
        self,
        message: str = "",
        *,
        slug: str = "",
        status: int | None = None,
        code: int | None = None,
        error_type: str = "",
        retry_after: float | None = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(message or Problem.NO_REASON_GIVEN())
        self.slug = slug or self.default_slug
        self.status = status
        self.code = code
        self.error_type = error_type
        self.retry_after = retry_after
        self.uncertain = uncertain

    @property
    def is_outage(self) -> bool:
        """Return whether the API itself may be down or out of reach, rather than one request at fault.

        Whoever counts calls is there.
        """
        is_unclassified = self.code is None and (self.status is None or self.status >= 500)
        return self.passes and not self.is_limit and is_unclassified

    @property
    def is_of_the_request(self) -> bool:
        """Return whether it is this request that is not taken, by nobody and for no time that passes."""
        return not (self.pauses_account or self.passes or self.wants_new_token)

    @property
    def is_about_the_picture(self) -> bool:
        """Return whether it is this file that was refused, so that it says nothing about others."""
        return follows(self.slug) is Follows.PICTURE


class AuthenticationError(CopyleaksError):
    """The account is refused: nothing more can be sent until somebody mends it."""

    default_slug = Code.AUTHENTICATION_FAILED
    pauses_account = True
    may_be_the_token = True


class TokenError(CopyleaksError):
    """There is no token now: the same request may be sent again, at once or after ``retry_after``, with a new one."""

    default_slug = Code.TOKEN_REFUSED
    wants_new_token = True


class PaymentError(CopyleaksError):
    """The account has no credits left: nothing more can be sent until somebody buys some."""

    default_slug = Code.PAYMENT_REQUIRED
    pauses_account = True


class RateLimitError(CopyleaksError):
    """Too many calls; the same request may be sent again later."""

    default_slug = Code.RATE_LIMITED
    passes = True
    is_limit = True


class TransientError(CopyleaksError):
    """A passing failure; the same request may be sent again later."""

    default_slug = Code.TEMPORARILY_UNAVAILABLE
    passes = True


class PermanentError(CopyleaksError):
    """The request itself is refused; sending it again would change nothing."""

    default_slug = Code.REQUEST_REFUSED
    is_final = True


class ConflictError(CopyleaksError):
    """The scan id is taken: after an uncertain first try, by that very try."""

    default_slug = Code.ALREADY_SUBMITTED


class UnknownError(CopyleaksError):
    """A refusal that nobody has documented."""


_Kind = type[CopyleaksError]

# https://docs.copyleaks.com/using-the-apis/api-errors/#error-reference
CODES: Mapping[int, tuple[_Kind, Code]] = MappingProxyType(
    {
        1: (PermanentError, Code.MISSING_PARAMETER),
        2: (AuthenticationError, Code.INVALID_CREDENTIALS),
        3: (AuthenticationError, Code.EMAIL_NOT_CONFIRMED),
        4: (AuthenticationError, Code.USER_DISABLED),
        5: (TransientError, Code.DOWNLOAD_FAILED),
        6: (PermanentError, Code.FILE_TOO_LARGE),
        8: (PermanentError, Code.IMAGE_QUALITY_TOO_LOW),
        9: (TransientError, Code.TEMPORARILY_UNAVAILABLE),
        10: (PermanentError, Code.UNSUPPORTED_FILE_TYPE),
        13: (PaymentError, Code.PAYMENT_REQUIRED),
        14: (PermanentError, Code.INVALID_FILE),
        15: (PermanentError, Code.INVALID_URL),
        16: (TransientError, Code.INTERNAL_ERROR),
        17: (PaymentError, Code.PAYMENT_REQUIRED),
        19: (PermanentError, Code.HEADERS_TOO_LONG),
        24: (PermanentError, Code.BAD_FILE_NAME),
        30: (PermanentError, Code.BAD_PARAMETER),
        31: (PermanentError, Code.BAD_HEADER),
        32: (AuthenticationError, Code.TOO_MANY_FAILED_LOGINS),
        33: (PermanentError, Code.HEADER_KEY_TOO_LONG),
        37: (AuthenticationError, Code.AUTHORIZATION_DENIED),
    }
)
_TYPES: Mapping[str, _Kind] = MappingProxyType(
    {"authentication_error": AuthenticationError, "payment_error": PaymentError}
)
_STATUSES: Mapping[int, _Kind] = MappingProxyType(
    {
        401: AuthenticationError,
        402: PaymentError,
        403: AuthenticationError,
        409: ConflictError,
        429: RateLimitError,
    }
)
_REFUSED_REQUEST = (400, 415, 422)


def build_error(
    *, message: str, status: int | None, code: int | None, error_type: str, retry_after: float | None = None
) -> CopyleaksError:
    """Return the error of the class and slug that code, type and status decide, in this order."""
    kind, slug = _classified(code, error_type, status)
    return kind(
        message,
        slug=slug,
        status=status,
        code=code,
        error_type=error_type,
        retry_after=retry_after,
        # A server that failed may have done the work before, a scan that is paid; one that refused has not.
        uncertain=status is not None and status >= 500,
    )


def error_from_response(
    status: int, headers: Mapping[str, str], body: bytes, *, hide: Collection[Secret] = ()
) -> CopyleaksError:
    """Return the error that an HTTP answer means; ``hide`` lists texts that must not show in its message."""
    try:
        document = load_json(body) if body else None
    except PayloadError:
        document = None
    return _error(document, hide, status=status, retry_after=_retry_after(headers))


def error_from_payload(error: object, *, hide: Collection[Secret] = ()) -> CopyleaksError:
    """Return the error that a failure callback means, whatever it is: an object, a bare string, anything."""
    return _error(error, hide)


def _error(
    document: object, hide: Collection[Secret], *, status: int | None = None, retry_after: float | None = None
) -> CopyleaksError:
    # The current shape has an object under "error", the login's rate limit a string; others have neither.
    members = values.folded(document)
    detail = members.get("error") or document
    if detail is not document:
        members = values.folded(detail)
    return build_error(
        message=_message(detail, members, hide) or ("" if status is None else f"HTTP {status}"),
        status=status,
        code=values.whole_number(members.get("code"), at_least=0, at_most=999_999),
        error_type=_error_type(members.get("type")),
        retry_after=retry_after,
    )


def _error_type(value: object) -> str:
    return value if isinstance(value, str) and _TYPE.fullmatch(value) else ""


def _classified(code: int | None, error_type: str, status: int | None) -> tuple[_Kind, str]:
    """Return class and slug; an unlisted code, or else an uncommon status, is named by its number."""
    if code is not None and code in CODES:
        return CODES[code]
    kind = _TYPES.get(error_type) or _kind_of_status(status, has_code=code is not None)
    if code is not None:
        return kind, f"code_{code}"
    if error_type in _TYPES or status in _STATUSES or status is None:
        return kind, kind.default_slug
    return kind, f"http_{status}"


def _kind_of_status(status: int | None, *, has_code: bool) -> _Kind:
    if status is None:
        return UnknownError
    if status >= 500:
        return TransientError
    # With a code that is not listed, 400 may mean anything, even a passing state of the account.
    if status in _REFUSED_REQUEST and not has_code:
        return PermanentError
    return _STATUSES.get(status, UnknownError)


def _message(detail: object, members: Mapping[str, object], hide: Collection[Secret]) -> str:
    """Return the vendor's words from any known shape: an object with these members, lists by field, a string."""
    words = detail if isinstance(detail, str) else members.get("message") or members.get("title")
    if not isinstance(words, str):
        lists = ((name, value[0]) for name, value in members.items() if isinstance(value, list) and value)
        named = (f"{name}: {first}" for name, first in lists if isinstance(first, str))
        words = "; ".join(islice(named, MAX_FIELDS))
    for secret in hide:
        if secret:
            words = words.replace(secret.reveal(), _HIDDEN)
    return values.text(_TOKEN_LIKE.sub(_hidden, values.text(words, 4 * MESSAGE_LENGTH)), MESSAGE_LENGTH)


def _hidden(match: re.Match[str]) -> str:
    words = match[0]
    is_token_like = "://" in words or any(character.isdigit() for character in words)
    return _HIDDEN if is_token_like else words


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, seconds or an HTTP date (RFC 9110, 10.2.3), as seconds from now."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if _DIGITS.fullmatch(value):
        seconds = float(value)
    else:
        moment = parse_http_date_safe(value)
        if moment is None:
            return None
        seconds = moment - time.time()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
