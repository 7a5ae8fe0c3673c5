"""The steps about what goes on: worker, queue, media, callbacks and results."""

from django.db.models import Count
from django.utils import timezone

from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.scanning import account, liveness, losses, refused, stored_files, unmeasured

from .findings import Finding, fine, problem, skipped, warning

# So many of the scans that ended last make a rule.
ALIKE = 5


def callbacks() -> Finding:
    wrong_tokens, unknown_scans = refused.lately()
    if wrong_tokens:
        return problem(
            "wrong_tokens",
            f"at least {wrong_tokens} since yesterday, for scans that wait, had a wrong token, so their results are "
            "lost.",
            "If SECRET_KEY was changed, add the old one to SECRET_KEY_FALLBACKS.",
        )
    if unknown_scans and account.state().restored_at is None:
        return problem(
            "unknown_scans",
            f"at least {unknown_scans} since yesterday were about scans that this database does not know.",
            "If a backup was restored, call copyleaks_restored.",
        )
    return fine("none that look like our own were refused.")


def results() -> Finding:
    """Say how many of the scans that were sent and ended last have no result, and when the last callback came."""
    found = losses.lately()
    came = found.last_callback_at
    last = f"the last callback came at {came:%Y-%m-%d %H:%M} UTC" if came else "no callback has ever come"
    if not found.lost:
        return fine("none was lost since yesterday" + ("." if conf.MODE == "sync" else f"; {last}."))
    words = f"of the last {found.sent} scans that were sent, {found.lost} ended without their result; {last}."
    return (problem if found.are_many else warning)(
        Code.RESULT_LOST, words, f"{Code.RESULT_LOST.advice} ON_LOST_RESULT says whether they are paid once more."
    )


def media() -> Finding:
    """Find out whether the worker reads another disk than the site writes."""
    since = timezone.now() - losses.LATELY
    ended = scans().filter(notified_at__gt=since, finished_at__gt=since).exclude(status=Status.SUPERSEDED)
    newest = list(ended.order_by("-notified_at").select_related("content_type")[: losses.NEWEST])
    missing = [scan for scan in newest if scan.error_code == Code.MISSING_FILE]
    if len(newest) < ALIKE or any(scan.error_code != Code.MISSING_FILE for scan in newest[:ALIKE]):
        return fine(f"{len(missing)} of the last {len(newest)} scans found no file." if missing else "files are found.")
    try:
        with stored_files.opened(stored_files.stored_file(missing[0])):
            here = "The doctor can read the newest of them, so the worker's machine lacks what this one has."
    except (unmeasured.Replaced, unmeasured.Skipped, unmeasured.StorageFailed):
        here = "The doctor cannot read the newest of them either."
    return problem(
        Code.MISSING_FILE,
        f"{len(missing)} of the last {len(newest)} scans found no file, and the newest ones all. {here}",
        "Give the worker the same MEDIA_ROOT, volume or bucket as the site, then run copyleaks_scan --status "
        "missing_file.",
    )


def worker() -> Finding:
    state = account.state()
    if state.worker_seen_at is None:
        return problem("no_worker", "no worker was ever seen.", "Run copyleaks_worker.")
    if not liveness.is_worker_there(state, timezone.now()):
        seen = f"{state.worker_seen_at:%Y-%m-%d %H:%M} UTC"
        return problem("no_worker", f"the last worker was seen at {seen}.", "Run copyleaks_worker.")
    idle = liveness.why_scans_wait(timezone.now())
    if idle:
        return problem("worker_idle", f"a worker is running, but {idle}.", "Look at the worker's log.")
    return fine("a worker is running.")


def queue() -> Finding:
    counts = scans().unfinished().values_list("status").annotate(count=Count("pk")).order_by("status")
    waiting = ", ".join(f"{count} {status}" for status, count in counts)
    stuck = scans().filter(liveness.is_stuck(timezone.now())).order_by("created_at").first()
    if stuck is not None:
        return problem(
            "stuck",
            f"{waiting}; the oldest scan that is stuck, {stuck.scan_id}, waits: {stuck.error_code or 'for a worker'}.",
            "See what the other steps say; the page of the scan in the admin has its reason.",
        )
    return fine(f"{waiting or 'nothing waits'}.")


def not_needed(what: str) -> Finding:
    return skipped("not_needed", f"{what} is not needed in synchronous mode.")
