"""What a person can do about what holds submissions, in words, by the reason or else by the cause of the pause."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.models import AccountState
from django_copyleaks_image.models.account import Cause

_WEBHOOK = _(
    "Let Copyleaks reach the webhook under PUBLIC_URL from outside: look at the firewall, at logins and limits of a "
    "proxy before the site, and at WEBHOOK_HEADERS, CLIENT_CERTIFICATE_HEADER and SECRET_KEY."
)

_BY_REASON: dict[str, str | Promise] = {
    "payment_required": _("Buy credits."),
    "credentials_missing": _("Set EMAIL and API_KEY."),
    "no_results": _WEBHOOK,
    "result_lost": _WEBHOOK,
    "download_failed": _(
        "Let Copyleaks fetch pictures under PUBLIC_URL from outside: look at the firewall, at a login before the site, "
        "at FETCH_HEADERS, and with MEDIA_ACCESS 'direct' at the addresses of the storage."
    ),
    "missing_file": _("Mount the volume or the bucket with the media on every machine that runs a worker."),
    "bad_parameter": _("Check MODEL, MASK_TYPE and FETCH_HEADERS_KEY: the provider may have retired what they name."),
    "invalid_url": _("Check PUBLIC_URL: the provider must be able to use it."),
}
_BY_CAUSE: dict[str, str | Promise] = {
    Cause.ACCOUNT: _("Check EMAIL and API_KEY, and look at the account on the provider's dashboard."),
    Cause.API: _("Check API_URL, ID_URL and the firewall, or wait until the provider is there again."),
    Cause.REFUSALS: _("Check the settings that the message names, and whether the account may scan pictures."),
    Cause.RESULTS: _("Look at the last failed scans: what the provider says of them holds for all."),
    Cause.STORAGE: _("Check that the storage of the pictures can be reached, and its credentials."),
    Cause.DATABASE: _("Check that the database of the pictures can be reached."),
    Cause.CACHE: _("Check that the default cache can be reached."),
    Cause.DECODER: _(
        "Check memory and processes of the machine that runs the worker, and its Pillow; the log of the worker has the "
        "reason."
    ),
    Cause.PERSON: _("Resume when the reason is gone: nothing goes on before."),
}
_GOES_ON = _(
    "A picture at a time is let through to find out whether it is mended, and then all go on by themselves; "
    "copyleaks_resume lets them go on at once."
)
_RESUME = _("Run copyleaks_resume, or press the button on the page of the account.")


def mend(row: AccountState) -> str:
    """Return what ends a pause, for whoever can do something about it."""
    return str(_BY_REASON.get(row.pause_reason) or _BY_CAUSE.get(row.pause_cause) or _BY_CAUSE[Cause.ACCOUNT])


def what_comes_then(row: AccountState) -> str:
    """Return how submissions go on after that."""
    return str(_RESUME if row.pause_cause == Cause.PERSON else _GOES_ON)
