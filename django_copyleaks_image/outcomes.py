"""The codes of what became of a scan, or holds it: the words, what follows, and what a person can do about it.

``ImageScan.error_code`` and ``AccountState.pause_reason`` hold one of them, or what the vendor has named by a number
that is in no list. The values are fixed: projects may rely on them.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from .problems import PROBLEMS, Sentence


class Follows(StrEnum):
    """What follows from an outcome, with what a person can do about it unless the code has better advice."""

    meaning: str
    advice: Promise

    def __new__(cls, value: str, meaning: str, advice: Promise) -> Self:
        follows = str.__new__(cls, value)
        follows._value_ = value
        follows.meaning, follows.advice = meaning, advice
        return follows

    TURN = "turn", "It is nobody's fault. The scan waits and goes on by itself.", _("Nothing: it goes on by itself.")
    PICTURE = (
        "picture",
        "It is about these bytes alone. The scan ends, and says nothing about others.",
        _("Look at the picture yourself, or have another one uploaded."),
    )
    SHARED = (
        "shared",
        "It is about something that pictures of this site share. Scans wait, and all of them once evidence says so.",
        _("Look at the log of the worker, which has the reason."),
    )
    ACCOUNT = (
        "account",
        "It is about the account. Nothing is sent until it works again.",
        _("Check EMAIL and API_KEY, and look at the account on the provider's dashboard."),
    )
    SITE = (
        "site",
        "It is about settings or addresses of this site. The scan ends; if many end so, all wait.",
        _("Check the settings that the message names, and whether the account may scan pictures."),
    )
    PASSING = (
        "passing",
        "It passes. The scan is tried again a number of times.",
        _("Nothing at first: it is tried again. If it lasts, check API_URL, ID_URL and the firewall."),
    )
    ANSWER = (
        "answer",
        "The picture may have been paid for, and there is no result. It is sent again once at most.",
        _(
            "Let Copyleaks reach the webhook under PUBLIC_URL from outside: look at the firewall, at logins and limits "
            "of a proxy before the site, and at WEBHOOK_HEADERS, CLIENT_CERTIFICATE_HEADER and SECRET_KEY."
        ),
    )
    ENDED = (
        "ended",
        "A person, or a rule of the site, has ended it. Nothing is sent any more.",
        _("Nothing: what the object holds now has a scan of its own, if the site wants one."),
    )
    UNKNOWN = (
        "unknown",
        "Nobody has documented it. The scan is tried again a few times.",
        _("Look at the message; if it does not help, ask the provider's support."),
    )


# Of these a person who mends it must know more than what kind of thing is at fault.
_MENDED = frozenset({Follows.SHARED, Follows.ACCOUNT, Follows.SITE, Follows.ANSWER})


class Code(models.TextChoices):
    """An outcome code with its words (``label``), what ``follows`` from it, and ``advice`` for a person."""

    follows: Follows
    advice: Promise

    def __new__(cls, value: str, follows: Follows, advice: Promise | None = None) -> Self:
        code = str.__new__(cls, value)
        code._value_ = value
        code.follows = follows
        code.advice = follows.advice if advice is None else advice
        return code

    @property
    def sentence(self) -> Sentence:
        """Return the words in English, to be stored."""
        return sentence(self.value)

    # What it waits for.
    WAITS_FOR_DUPLICATE = (
        "waits_for_duplicate",
        Follows.TURN,
        _("Identical bytes are being scanned; their result will be shared."),
    )
    AWAITS_FILE = (
        "awaits_file",
        Follows.TURN,
        _("The file is not there yet, or not whole; it is looked at again."),
    )
    RESULT_ARRIVING = (
        "result_arriving",
        Follows.TURN,
        _("A result for identical bytes is just being stored; it will be shared."),
    )
    BUDGET_EXHAUSTED = (
        "budget_exhausted",
        Follows.TURN,
        _("Raise DAILY_BUDGET, or wait for the next UTC day."),
        _("Today's budget is used up."),
    )
    RATE_LIMIT = "rate_limit", Follows.TURN, _("Too many submissions at once; this one waits for its turn.")
    AWAITS_RESULTS = "awaits_results", Follows.TURN, _("The first results of what was sent before are waited for.")
    SUBMISSIONS_PAUSED = (
        "submissions_paused",
        Follows.TURN,
        _("Look at the page of the account, which has the reason."),
        _("Submissions are paused."),
    )
    # The picture, as this site finds it; then as the provider does.
    TOO_SMALL = (
        "too_small",
        Follows.PICTURE,
        _("Set SMALL_PICTURES to 'enlarge' to have small pictures measured on enlarged copies, then scan again."),
        _("The picture is too small: 512 × 512 pixels are needed."),
    )
    TOO_LARGE = "too_large", Follows.PICTURE, _("The picture is too large for the provider.")
    UNSUPPORTED_FORMAT = "unsupported_format", Follows.PICTURE, _("The provider does not take this kind of picture.")
    UNREADABLE_IMAGE = "unreadable_image", Follows.PICTURE, _("The file is no picture that can be read.")
    NO_PICTURE = (
        "no_picture",
        Follows.PICTURE,
        _("Nothing: nobody is asked about it. Where it should not be there, let the form of the site refuse it."),
        _("The file is no picture."),
    )
    SUSPICIOUS_NAME = (
        "suspicious_name",
        Follows.PICTURE,
        _("Save the file under a name within its storage."),
        _("The storage does not open a file of such a name."),
    )
    TOO_COMPLEX = (
        "too_complex",
        Follows.PICTURE,
        _("The picture asks for more memory or time than one picture may take."),
    )
    EMPTY_FILE = "empty_file", Follows.PICTURE, _("The file is empty.")
    FILE_TOO_LARGE = "file_too_large", Follows.PICTURE, _("The file is too large for the provider.")
    IMAGE_QUALITY_TOO_LOW = (
        "image_quality_too_low",
        Follows.PICTURE,
        _("The quality of the picture is too low for the provider."),
    )
    UNSUPPORTED_FILE_TYPE = (
        "unsupported_file_type",
        Follows.PICTURE,
        _("The provider does not take this kind of file."),
    )
    INVALID_FILE = "invalid_file", Follows.PICTURE, _("The provider could not read the file.")
    BAD_FILE_NAME = "bad_file_name", Follows.PICTURE, _("The provider does not accept the file name.")
    ADDRESS_REFUSED = (
        "address_refused",
        Follows.PICTURE,
        _("Have the picture put under a public https address, or name its host in Url(allow_origin=…)."),
        _("The address of the picture is none that this site fetches from."),
    )
    # What the pictures of this site share.
    MISSING_FILE = (
        "missing_file",
        Follows.SHARED,
        _("Mount the volume or the bucket with the media on every machine that runs a worker."),
        _("The file is not in the storage."),
    )
    FILE_NOT_PERMITTED = (
        "file_not_permitted",
        Follows.SHARED,
        _("Let the worker read the media: look at its user, the permissions of the files, or the rules of the bucket."),
        _("The storage does not let the worker read the file."),
    )
    SLOW_FILE = (
        "slow_file",
        Follows.SHARED,
        _("Look for what keeps the storage from giving this file in time; others may be read."),
        _("The storage takes too long to give the file."),
    )
    STORAGE_FAILED = (
        "storage_failed",
        Follows.SHARED,
        _("Check that the storage of the pictures can be reached, and its credentials."),
        _("The storage could not be read."),
    )
    DATABASE_FAILED = (
        "database_failed",
        Follows.SHARED,
        _("Check that the database of the pictures can be reached."),
        _("The database of the picture could not be asked."),
    )
    CACHE_FAILED = (
        "cache_failed",
        Follows.SHARED,
        _("Check that the default cache can be reached."),
        _("The cache could not be asked."),
    )
    NOT_DECODED = (
        "not_decoded",
        Follows.SHARED,
        _(
            "Check memory and processes of the machine that runs the worker, and its Pillow; the log of the worker has "
            "the reason."
        ),
        _("The picture could not be read just now; it is tried again."),
    )
    NOT_KEPT = (
        "not_kept",
        Follows.SHARED,
        _("Let RENDITION_STORAGE be one that the site and its workers share."),
        _("The picture was drawn, but this site does not find it where the worker keeps it."),
    )
    # The account.
    CREDENTIALS_MISSING = (
        "credentials_missing",
        Follows.ACCOUNT,
        _("Set EMAIL and API_KEY."),
        _("The credentials of the account are not set."),
    )
    INVALID_CREDENTIALS = "invalid_credentials", Follows.ACCOUNT, _("The provider does not accept the credentials.")
    EMAIL_NOT_CONFIRMED = (
        "email_not_confirmed",
        Follows.ACCOUNT,
        _("The e-mail address of the account is not confirmed."),
    )
    USER_DISABLED = "user_disabled", Follows.ACCOUNT, _("The provider has disabled the account.")
    TOO_MANY_FAILED_LOGINS = (
        "too_many_failed_logins",
        Follows.ACCOUNT,
        _("The provider refuses the account after too many failed logins."),
    )
    AUTHORIZATION_DENIED = "authorization_denied", Follows.ACCOUNT, _("The account may not do this.")
    AUTHENTICATION_FAILED = "authentication_failed", Follows.ACCOUNT, _("The provider does not accept the account.")
    PAYMENT_REQUIRED = "payment_required", Follows.ACCOUNT, _("Buy credits."), _("The account has no credits left.")
    # Settings and addresses of this site.
    NO_PUBLIC_URL = (
        "no_public_url",
        Follows.SITE,
        _("Set MEDIA_ACCESS to 'signed', or give the storage a public base address, then scan again."),
        _("The storage gives the file no address on the public internet: MEDIA_ACCESS must be 'signed' for it."),
    )
    DOWNLOAD_FAILED = (
        "download_failed",
        Follows.SITE,
        _(
            "Let Copyleaks fetch pictures under PUBLIC_URL from outside: look at the firewall, at a login before the "
            "site, at FETCH_HEADERS, and with MEDIA_ACCESS 'direct' at the addresses of the storage."
        ),
        _("The provider could not download the picture from this site."),
    )
    INVALID_URL = (
        "invalid_url",
        Follows.SITE,
        _("Check PUBLIC_URL: the provider must be able to use it."),
        _("The provider does not accept the address of the picture."),
    )
    MISSING_PARAMETER = "missing_parameter", Follows.SITE, _("The provider missed a parameter of the request.")
    BAD_PARAMETER = (
        "bad_parameter",
        Follows.SITE,
        _("Check MODEL, MASK_TYPE and FETCH_HEADERS_KEY: the provider may have retired what they name."),
        _("The provider does not accept a parameter of the request."),
    )
    BAD_HEADER = "bad_header", Follows.SITE, _("The provider does not accept a header of the request.")
    HEADERS_TOO_LONG = (
        "headers_too_long",
        Follows.SITE,
        _("The headers of the request are too long for the provider."),
    )
    HEADER_KEY_TOO_LONG = "header_key_too_long", Follows.SITE, _("The name of a header is too long for the provider.")
    REQUEST_REFUSED = "request_refused", Follows.SITE, _("The provider refused the request.")
    # What passes.
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable", Follows.PASSING, _("The provider was not available.")
    INTERNAL_ERROR = "internal_error", Follows.PASSING, _("The provider had an internal error.")
    TIMEOUT = "timeout", Follows.PASSING, _("The provider did not answer in time.")
    CONNECTION_FAILED = (
        "connection_failed",
        Follows.PASSING,
        _("Check API_URL and ID_URL, the firewall, and whether the emulator runs, if it is used."),
        _("The provider could not be reached."),
    )
    RATE_LIMITED = (
        "rate_limited",
        Follows.PASSING,
        _(
            "Nothing: it is sent more slowly. If logins are refused, Copyleaks takes the next one in about five "
            "minutes: let the processes share a cache (copyleaks_image.W011), so that they share the login."
        ),
        _("The provider asked for fewer requests."),
    )
    TOKEN_REFUSED = "token_refused", Follows.TURN, _("The provider asked for a new login.")
    LOGIN_BUSY = "login_busy", Follows.PASSING, _("Another login was under way for too long.")
    LOGIN_LIMIT = (
        "login_limit",
        Follows.PASSING,
        _(
            "Let the processes share a cache (copyleaks_image.W011), so that they share the login; within a quarter of "
            "an hour the next one is allowed."
        ),
        _("Too many logins in a short time; this one waits, so that the account is not locked."),
    )
    UNFORESEEN_ERROR = (
        "unforeseen_error",
        Follows.PASSING,
        _("Look at the log of the worker, which has the reason."),
        _("An unforeseen error; the log of the worker tells more."),
    )
    GAVE_UP = (
        "gave_up",
        Follows.PASSING,
        _("Look at the log of the workers for what has ended them, then scan the picture again."),
        _("No worker finished with this scan."),
    )
    # What was sent, and has no result.
    NO_RESULTS = "no_results", Follows.ANSWER, _("Pictures are accepted by the provider, but no result comes.")
    RESULT_LOST = "result_lost", Follows.ANSWER, _("The provider accepted the picture, but no result came.")
    RESULT_TOO_LARGE = (
        "result_too_large",
        Follows.ANSWER,
        _("Raise WEBHOOK_MAX_BYTES, then scan the picture again."),
        _("The provider's answer was larger than this site accepts."),
    )
    UNREADABLE_RESULT = (
        "unreadable_result",
        Follows.ANSWER,
        _("Look at the receipt of the scan. Once this app understands it, it can be replayed."),
        _("The provider's answer was not understood."),
    )
    ALREADY_SUBMITTED = (
        "already_submitted",
        Follows.ANSWER,
        _("Scan the picture again: it gets another id."),
        _("The provider knows the id of this scan already."),
    )
    # Ended by a person, or a rule of the site.
    FILE_REPLACED = "file_replaced", Follows.ENDED, _("The file was replaced by another one.")
    FILE_REMOVED = "file_removed", Follows.ENDED, _("The file was removed.")
    NOT_WANTED = "not_wanted", Follows.ENDED, _("The site leaves this file out.")
    WITHDRAWN = (
        "withdrawn",
        Follows.ENDED,
        _("Nothing, or ask for a scan of it once more."),
        _("The picture was taken back by the site."),
    )
    CANCELLED = (
        "cancelled",
        Follows.ENDED,
        _("Nothing, or call copyleaks_scan for its field once more."),
        _("It was taken out of the queue before it was sent."),
    )
    MODEL_REMOVED = "model_removed", Follows.ENDED, _("The model of the object no longer exists.")
    FIELD_REMOVED = "field_removed", Follows.ENDED, _("The field of the object no longer exists.")
    SCANNED_AGAIN = "scanned_again", Follows.ENDED, _("A newer scan was asked for.")
    # What is in no list.
    UNREADABLE_ANSWER = (
        "unreadable_answer",
        Follows.UNKNOWN,
        _("The provider's answer to the request was not understood."),
    )
    UNKNOWN_ERROR = "unknown_error", Follows.UNKNOWN, _("The provider refused without a known reason.")


# By the numbers in codes such as http_418 and code_99.
_NUMBERED = re.compile(r"(http|code)_(?P<number>\d{1,10})")
_NUMBERED_WORDS = {
    "http": _("The provider answered with the HTTP status %(number)s."),
    "code": _("The provider answered with its error code %(number)s."),
}
_OTHER_SERVER = _("Check API_URL and ID_URL: something else answers there.")


_CODES: Mapping[str, Code] = {code.value: code for code in Code}


def words(code: str) -> str:
    """Return the words for a code in the reader's language; one that is in no list is returned as it is."""
    if known := _CODES.get(code):
        return str(known.label)
    numbered = _NUMBERED.fullmatch(code)
    return str(_NUMBERED_WORDS[numbered[1]]) % numbered.groupdict() if numbered else code


def sentence(code: str) -> Sentence:
    """Return the words for a code in English, to be stored."""
    with override(None):
        return Sentence(words(code), {"code": code} if code else {})


def follows(code: str) -> Follows:
    """Return what follows from a code."""
    known = _CODES.get(code)
    return Follows.UNKNOWN if known is None else known.follows


def advice(code: str) -> str:
    """Return what a person can do about a code."""
    if known := _CODES.get(code):
        return str(known.advice)
    return str(_OTHER_SERVER if code.startswith("http_4") else Follows.UNKNOWN.advice)


def mend(code: str) -> str:
    """Return what ends a pause for this code; empty if that depends on what all scans have in common."""
    return advice(code) if follows(code) in _MENDED else ""


def in_words(kept: Mapping[str, Any], text: str = "") -> str:
    """Return the sentence that code and values make in the reader's language; else the text that is stored beside."""
    code = str(kept.get("code", ""))
    problem = PROBLEMS.get(code)
    if problem is None:
        told = words(code)
        return told if told != code or not text else text
    if not problem.placeholders <= kept.keys():
        return text or problem.english
    values = {name: kept[name] for name in problem.placeholders}
    nested = {name: in_words(value) for name, value in values.items() if isinstance(value, dict)}
    return gettext(problem.english) % (values | nested)
