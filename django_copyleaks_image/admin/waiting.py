"""Why scans wait: what may hold all of them, each with since when, and a scan's own reason."""

from datetime import datetime

from django.db.models import Min
from django.utils import timezone
from django.utils.formats import localize, number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import AccountState, ImageScan, account_row, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.reviewing import queue
from django_copyleaks_image.scanning import account, balance, liveness, losses, mends, unknown_keys

from .reasons import reason_in_words


def for_moderators(row: AccountState | None, lost: losses.Losses, silent_since: datetime | None) -> list[str]:
    """Return why no new pictures are checked, since when, and what that means for people at the desk."""
    found = []
    if row is not None and row.paused_at is not None:
        words = _(
            "Submissions are paused since %(since)s: %(reason)s Meanwhile no new pictures are checked; those that wait "
            "here can be judged as usual."
        )
        found.append(words % {"since": _moment(row.paused_at), "reason": reason_in_words(row.pause_reason)})
    elif row is not None and row.restored_at is not None:
        words = _(
            "No new pictures are checked since %(since)s, because the database was restored. Whoever runs this site "
            "can let it go on; those that wait here can be judged as usual."
        )
        found.append(words % {"since": _moment(row.restored_at)})
    elif silent_since is not None:
        words = _(
            "No new pictures are checked since %(since)s. Tell whoever runs this site; those that wait here can be "
            "judged as usual."
        )
        found.append(words % {"since": _moment(silent_since)})
    elif account.budget_left() == 0:
        found.append(
            _(
                "Today's credits are used up: new pictures are checked after midnight UTC. Those that wait here can be "
                "judged as usual."
            )
        )
    if lost.are_many:
        found.append(
            _("Some pictures were not measured, because their results did not arrive. Tell whoever runs this site.")
        )
    return found


def what_holds_scans(row: AccountState | None) -> list[str]:
    """Return sentences about a restore, a pause, a used-up budget and a missing worker; empty when all is well."""
    found = what_holds_the_worker(row)
    if row is None or row.worker_seen_at is None:
        found.append(_("No worker has been seen yet: run copyleaks_worker."))
    elif not liveness.is_worker_there(row, timezone.now()):
        found.append(
            _("No worker has been seen since %(since)s: run copyleaks_worker.") % {"since": _moment(row.worker_seen_at)}
        )
    return found


def what_holds_the_worker(row: AccountState | None) -> list[str]:
    """Return sentences about a restore, a pause and a used-up budget, all of which a worker waits for."""
    found = []
    if row is not None and row.restored_at is not None:
        found.append(
            _("Submissions are held since %(since)s, because the database was restored: run copyleaks_restored.")
            % {"since": _moment(row.restored_at)}
        )
    if row is not None and row.paused_at is not None:
        words = _("Submissions are paused since %(since)s: %(reason)s %(mend)s")
        reason = reason_in_words(row.pause_reason)
        found.append(words % {"since": _moment(row.paused_at), "reason": reason, "mend": mends.mend(row)})
    if account.budget_left() == 0:
        found.append(_used_up_budget())
    return found


def what_runs_out(row: AccountState | None) -> list[str]:
    """Return that the credits are enough for a few days only, empty while they are enough or not known."""
    low = balance.runs_low(row)
    if low is None:
        return []
    words = ngettext(
        "%(credits)s credits are left on the account, enough for %(days)s day as it was used in the last week.",
        "%(credits)s credits are left on the account, enough for %(days)s days as it was used in the last week.",
        low.days,
    )
    return [words % {"credits": number_format(low.credits, force_grouping=True), "days": number_format(low.days)}]


def what_was_lost(found: losses.Losses) -> list[str]:
    """Return how many results were lost lately, and when the last callback came; empty when hardly any was."""
    if not found.are_many:
        return []
    words = _(
        "Of the last %(sent)s scans that were sent, %(lost)s ended without their result, which may have cost "
        "%(credits)s credits. %(last)s Run copyleaks_doctor: it finds what keeps callbacks away."
    )
    told = {
        "sent": number_format(found.sent),
        "lost": number_format(found.lost),
        "credits": number_format(found.credits),
        "last": last_callback(found),
    }
    return [words % told]


def lost_in_words(found: losses.Losses) -> str:
    """Return how many results were lost lately, empty when nothing that was sent has ended."""
    if not found.sent:
        return ""
    words = _("%(lost)s of the last %(sent)s that ended in the last day")
    return words % {"lost": number_format(found.lost), "sent": number_format(found.sent)}


def results_in_words(found: losses.Losses) -> str:
    """Return how results come, as one line; empty when nothing that was sent has ended."""
    if not found.sent:
        return ""
    return _("Results lost: %(lost)s. %(last)s") % {"lost": lost_in_words(found), "last": last_callback(found)}


def last_callback(found: losses.Losses) -> str:
    """Return when the last callback came, in words; empty in synchronous mode, which knows none."""
    if conf.MODE == "sync":
        return ""
    if found.last_callback_at is None:
        return _("No callback has ever come.")
    return _("At %(time)s the last callback came.") % {"time": _moment(found.last_callback_at)}


def what_is_new() -> list[str]:
    """Return that the provider's answers have keys that this version does not know, empty while there are none."""
    found = unknown_keys.lately()
    if not found.odd:
        return []
    words = ngettext(
        "%(odd)s of the last %(received)s answers of the provider has keys that this version does not know: %(keys)s.",
        "%(odd)s of the last %(received)s answers of the provider have keys that this version does not know: %(keys)s.",
        found.odd,
    )
    return [words % {"odd": found.odd, "received": found.received, "keys": found.in_words}]


def longest_wait(*, sandbox: bool) -> str:
    """Return for how long the oldest picture of the desk has waited, empty when nothing waits."""
    oldest = queue.oldest_of_all(sandbox=sandbox)
    if oldest is None or oldest.queued_at is None:
        return ""
    return _("The oldest picture has waited for %(time)s.") % {"time": timesince(oldest.queued_at, depth=1)}


def troubles(row: AccountState | None, lost: losses.Losses) -> list[str]:
    """Return what holds scans, what was lost of them and what runs out, for those who can do something about it."""
    return [*what_holds_scans(row), *what_was_lost(lost), *what_runs_out(row), *what_is_new()]


def why_it_waits(scan: ImageScan) -> list[str]:
    """Return what holds an unfinished scan besides its own reason; empty for a finished one."""
    return [] if scan.is_finished else what_holds_scans(account_row().first())


def _used_up_budget() -> str:
    waiting = scans().filter(status=Status.QUEUED, error_code=Code.BUDGET_EXHAUSTED).order_by()
    since = waiting.aggregate(since=Min("created_at"))["since"]
    if since is None:
        return _("Today's budget is used up; scans go on after midnight UTC.")
    words = _(
        "Today's budget is used up. The oldest scan that waits for it was asked for at %(since)s; scans go on after "
        "midnight UTC."
    )
    return words % {"since": _moment(since)}


def _moment(value: datetime) -> str:
    return str(localize(timezone.localtime(value)))
