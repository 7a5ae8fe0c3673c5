"""Stored reason codes in the words of a moderator; the only place that knows them."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# What scanning/ decides, then what copyleaks/errors.py and its callers name.
REASONS: dict[str, str | Promise] = {
    "too_small": gettext_lazy("The picture is too small: 512 × 512 pixels are needed."),
    "too_large": gettext_lazy("The picture is too large for the provider."),
    "unsupported_format": gettext_lazy("The provider does not take this kind of picture."),
    "unreadable_image": gettext_lazy("The file is no picture that can be read."),
    "too_complex": gettext_lazy("The picture asks for more memory or time than one picture may take."),
    "not_decoded": gettext_lazy("The picture could not be read just now; it is tried again."),
    "not_kept": gettext_lazy("The picture was drawn, but this site does not find it where the worker keeps it."),
    "missing_file": gettext_lazy("The file is not in the storage."),
    "empty_file": gettext_lazy("The file is empty."),
    "no_public_url": gettext_lazy(
        "The storage gives the file no address on the public internet: MEDIA_ACCESS must be 'signed' for it."
    ),
    "storage_failed": gettext_lazy("The storage could not be read."),
    "database_failed": gettext_lazy("The database of the picture could not be asked."),
    "cache_failed": gettext_lazy("The cache could not be asked."),
    "no_results": gettext_lazy("Pictures are accepted by the provider, but no result comes."),
    "awaits_results": gettext_lazy("The first results of what was sent before are waited for."),
    "submissions_paused": gettext_lazy("Submissions are paused."),
    "waits_for_twin": gettext_lazy("Identical bytes are being scanned; their result will be shared."),
    "result_arriving": gettext_lazy("A result for identical bytes is just being stored; it will be shared."),
    "budget_exhausted": gettext_lazy("Today's budget is used up."),
    "rate_limit": gettext_lazy("Too many submissions at once; this one waits for its turn."),
    "unforeseen_error": gettext_lazy("An unforeseen error; the log of the worker tells more."),
    "gave_up": gettext_lazy("No worker finished with this scan."),
    "result_lost": gettext_lazy("The provider accepted the picture, but no result came."),
    "result_too_large": gettext_lazy("The provider's answer was larger than this site accepts."),
    "unreadable_result": gettext_lazy("The provider's answer was not understood."),
    "file_replaced": gettext_lazy("The file was replaced by another one."),
    "file_removed": gettext_lazy("The file was removed."),
    "not_wanted": gettext_lazy("The file was replaced by one that this site leaves out."),
    "model_removed": gettext_lazy("The model of the object no longer exists."),
    "field_removed": gettext_lazy("The field of the object no longer exists."),
    "scanned_again": gettext_lazy("A newer scan was asked for."),
    "missing_parameter": gettext_lazy("The provider missed a parameter of the request."),
    "invalid_credentials": gettext_lazy("The provider does not accept the credentials."),
    "credentials_missing": gettext_lazy("The credentials of the account are not set."),
    "email_not_confirmed": gettext_lazy("The e-mail address of the account is not confirmed."),
    "user_disabled": gettext_lazy("The provider has disabled the account."),
    "too_many_failed_logins": gettext_lazy("The provider refuses the account after too many failed logins."),
    "authorization_denied": gettext_lazy("The account may not do this."),
    "authentication_failed": gettext_lazy("The provider does not accept the account."),
    "payment_required": gettext_lazy("The account has no credits left."),
    "download_failed": gettext_lazy("The provider could not download the picture from this site."),
    "file_too_large": gettext_lazy("The file is too large for the provider."),
    "image_quality_too_low": gettext_lazy("The quality of the picture is too low for the provider."),
    "unsupported_file_type": gettext_lazy("The provider does not take this kind of file."),
    "invalid_file": gettext_lazy("The provider could not read the file."),
    "invalid_url": gettext_lazy("The provider does not accept the address of the picture."),
    "bad_file_name": gettext_lazy("The provider does not accept the file name."),
    "bad_parameter": gettext_lazy("The provider does not accept a parameter of the request."),
    "bad_header": gettext_lazy("The provider does not accept a header of the request."),
    "headers_too_long": gettext_lazy("The headers of the request are too long for the provider."),
    "header_key_too_long": gettext_lazy("The name of a header is too long for the provider."),
    "temporarily_unavailable": gettext_lazy("The provider was not available."),
    "internal_error": gettext_lazy("The provider had an internal error."),
    "rate_limited": gettext_lazy("The provider asked for fewer requests."),
    "request_refused": gettext_lazy("The provider refused the request."),
    "already_submitted": gettext_lazy("The provider knows the id of this scan already."),
    "unreadable_answer": gettext_lazy("The provider's answer to the request was not understood."),
    "unknown_error": gettext_lazy("The provider refused without a known reason."),
    "timeout": gettext_lazy("The provider did not answer in time."),
    "connection_failed": gettext_lazy("The provider could not be reached."),
    "token_refused": gettext_lazy("The provider asked for a new login."),
    "login_busy": gettext_lazy("Another login was under way for too long."),
    "login_limit": gettext_lazy("Too many logins in a short time; this one waits, so that the account is not locked."),
}

_NUMBERED = re.compile(r"(?P<kind>http|code)_(?P<number>\d+)")


def reason_in_words(code: str) -> str:
    """Return the sentence for a reason code; one that is not known is returned as it is."""
    if code in REASONS:
        return str(REASONS[code])
    numbered = _NUMBERED.fullmatch(code)
    if numbered is None:
        return code
    if numbered["kind"] == "http":
        return _("The provider answered with the HTTP status %(number)s.") % numbered.groupdict()
    return _("The provider answered with its error code %(number)s.") % numbered.groupdict()
