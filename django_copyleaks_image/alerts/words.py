"""What a mail and a chat are told: what happened, since when, what waits, what to do, and where to look.

Nothing of it was written by strangers: neither file names nor what the provider says.
"""

from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import localize, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import Alert
from django_copyleaks_image.models.account import AccountState
from django_copyleaks_image.models.alert import Kind
from django_copyleaks_image.outcomes import words as reason_in_words
from django_copyleaks_image.scanning import addresses, mends

ACCOUNT_PAGE = "admin:copyleaks_image_accountstate_changelist"


class Words(NamedTuple):
    """The words of an alert, in the language of the site; ``url`` is empty where the site has no admin or address."""

    subject: str
    paragraphs: list[str]
    url: str

    @property
    def text(self) -> str:
        """Return the body of a mail."""
        return "\n\n".join(filter(None, [*self.paragraphs, self.url])) + "\n"


def words_of(alert: Alert, waiting: int) -> Words:
    """Return what is told of an alert while so many pictures wait."""
    with override(settings.LANGUAGE_CODE):
        tell = {
            Kind.PAUSED: _paused,
            Kind.RESUMED: _resumed,
            Kind.BUDGET: _budget,
            Kind.LOST: _lost,
            Kind.SILENT: _silent,
            Kind.BALANCE: _balance,
        }[Kind(alert.kind)]
        subject, happened, to_do = tell(alert)
        waits = ngettext("%(count)s picture waits.", "%(count)s pictures wait.", waiting)
        paragraphs = [happened, waits % {"count": number_format(waiting)} if waiting else "", to_do]
        return Words(subject, [it for it in paragraphs if it], account_url())


def account_url() -> str:
    """Return the address of the page of the account, "" where the site has no admin or no address is known."""
    try:
        site = conf.ALERTS.site or addresses.public_url()
        return site and site + reverse(ACCOUNT_PAGE)
    except (ImproperlyConfigured, NoReverseMatch):
        return ""


def _paused(alert: Alert) -> tuple[str, str, str]:
    reason, cause = str(alert.facts.get("reason", "")), str(alert.facts.get("cause", ""))
    happened = _("Nothing is submitted to Copyleaks since %(since)s: %(reason)s No scan fails; all wait.")
    row = AccountState(pause_reason=reason, pause_cause=cause)
    return (
        _("Submissions are paused"),
        happened % {"since": _moment(alert.since), "reason": reason_in_words(reason)},
        f"{mends.mend(row)} {mends.what_comes_then(row)}",
    )


def _resumed(alert: Alert) -> tuple[str, str, str]:
    until = parse_datetime(str(alert.facts.get("until"))) or alert.noticed_at
    happened = _("Pictures are submitted again since %(until)s. They were not since %(since)s: %(reason)s")
    told = {"until": _moment(until), "since": _moment(alert.since)}
    return (
        _("Submissions go on"),
        happened % (told | {"reason": reason_in_words(str(alert.facts.get("reason", "")))}),
        _("Nothing is to be done: what waited is submitted by and by."),
    )


def _budget(alert: Alert) -> tuple[str, str, str]:
    told = {name: number_format(alert.facts.get(name, 0)) for name in ("percent", "spent", "budget")}
    is_used_up = alert.facts.get("percent") == 100
    return (
        _("Today's budget is used up") if is_used_up else _("%(percent)s %% of today's budget is spent") % told,
        _("%(spent)s of the %(budget)s credits of today's budget are spent.") % told,
        _("Scans wait until midnight UTC, and none fails. Raise DAILY_BUDGET if they are to go on.")
        if is_used_up
        else _("Nothing waits yet. When the budget is used up, scans wait until midnight UTC."),
    )


def _lost(alert: Alert) -> tuple[str, str, str]:
    told = {name: number_format(alert.facts.get(name, 0)) for name in ("sent", "lost", "credits")}
    last = parse_datetime(str(alert.facts.get("last_callback_at")))
    happened = _(
        "Of the last %(sent)s scans that were sent, %(lost)s ended without their result, the first at %(since)s, "
        "which may have cost %(credits)s credits. %(last)s"
    )
    came = _("At %(time)s the last callback came.") % {"time": _moment(last)} if last else _last_never()
    to_do = [_("Run copyleaks_doctor: it finds what keeps callbacks away.")]
    if conf.ON_LOST_RESULT == "resubmit":
        to_do.append(_('Each lost result is paid once more, unless ON_LOST_RESULT is "fail".'))
    return (
        _("Results are lost"),
        happened % (told | {"since": _moment(alert.since), "last": came}),
        " ".join(to_do),
    )


def _last_never() -> str:
    return "" if conf.MODE == "sync" else _("No callback has ever come.")


def _silent(alert: Alert) -> tuple[str, str, str]:
    return (
        _("No worker is there"),
        _("No worker was seen since %(since)s, and nothing is scanned.") % {"since": _moment(alert.since)},
        _("Start copyleaks_worker, and look into its log. Nothing is lost: what waits is scanned then."),
    )


def _balance(alert: Alert) -> tuple[str, str, str]:
    told = {name: number_format(alert.facts.get(name, 0)) for name in ("credits", "days", "a_day")}
    happened = _(
        "%(credits)s credits are left on the account, and %(a_day)s a day were spent in the last week: enough for "
        "%(days)s days."
    )
    return (
        _("The credits run out"),
        happened % told,
        _("Buy credits. When there are none, submissions are paused, and go on by themselves."),
    )


def _moment(value: datetime) -> str:
    return str(localize(timezone.localtime(value))) + f" ({timezone.localtime(value):%Z})"
