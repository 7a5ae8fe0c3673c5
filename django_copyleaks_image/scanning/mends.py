"""What a person can do about what holds submissions, in words, by the reason or else by the cause of the pause."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from django_copyleaks_image.models import AccountState
from django_copyleaks_image.models.account import Cause
from django_copyleaks_image.outcomes import Follows
from django_copyleaks_image.outcomes import mend as mend_of

# Where the code of the reason does not tell: what has paused submissions says more then.
_BY_CAUSE: dict[str, Promise] = {
    Cause.ACCOUNT: Follows.ACCOUNT.advice,
    Cause.API: _("Check API_URL, ID_URL and the firewall, or wait until the provider is there again."),
    Cause.REFUSALS: Follows.SITE.advice,
    Cause.RESULTS: _("Look at the last failed scans: what the provider says of them holds for all."),
    Cause.PERSON: _("Resume when the reason is gone: nothing goes on before."),
}
_GOES_ON = _(
    "A picture at a time is let through to find out whether it is mended, and then all go on by themselves; "
    "copyleaks_resume lets them go on at once."
)
_RESUME = _("Run copyleaks_resume, or press the button on the page of the account.")


def mend(row: AccountState) -> str:
    """Return what ends a pause, for whoever can do something about it."""
    return mend_of(row.pause_reason) or str(_BY_CAUSE.get(row.pause_cause) or _BY_CAUSE[Cause.ACCOUNT])


def what_comes_then(row: AccountState) -> str:
    """Return how submissions go on after that."""
    return str(_RESUME if row.pause_cause == Cause.PERSON else _GOES_ON)
