"""The paid call: everything it needs is made ready before the row says that it is being sent."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from io import BytesIO

from django_copyleaks_image.conf import conf
from django_copyleaks_image.connection_pool import checked_in
from django_copyleaks_image.copyleaks.client import Client, Submission, client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.receipt import Outcome, Source
from django_copyleaks_image.models.scan import Status, reason_columns
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem
from django_copyleaks_image.renditions import copies, shelf
from django_copyleaks_image.sources import Picture
from django_copyleaks_image.transactions import atomically, repeated

from . import addresses, clock, file_changes, lost_results, rate, receive, stored_files, tallies, unmeasured

logger = logging.getLogger(__name__)

# What a second call with the same id answers is documented nowhere; these statuses are conceivable besides 201.
REPEATED_ID_ANSWERS = (400, 409)


def ready_call(scan: ImageScan, file: Picture) -> Callable[[], None]:
    """Log in, read what is to be sent, and return the call, which stores its own success and raises its failure.

    Raises CopyleaksError when the login fails, and what :mod:`.unmeasured` has when the bytes cannot be had.
    """
    client = client_from_settings()
    _log_in(client)
    if conf.MODE == "sync":
        return partial(_check, scan, client, _verified_bytes(scan, file))
    return partial(_submit, scan, client, _submission(scan, file))


def _log_in(client: Client) -> None:
    try:
        client.log_in()
    except CopyleaksError as error:
        error.is_of_login = True
        raise


def _submission(scan: ImageScan, file: Picture) -> Submission:
    return Submission(
        scan_id=scan.scan_id,
        url=addresses.media_url(scan, file),
        file_name=addresses.vendor_file_name(scan),
        model=scan.model,
        mask_type=scan.mask_type,
        sandbox=scan.sandbox,
        webhook_url=addresses.webhook_url(scan),
        webhook_headers=conf.WEBHOOK_HEADERS,
        fetch_headers=addresses.fetch_headers_for(scan),
        fetch_headers_key=conf.FETCH_HEADERS_KEY,
        developer_payload=scan.scan_id,
    )


def _verified_bytes(scan: ImageScan, file: Picture) -> bytes:
    with shelf.waiting() if scan.is_on_copy else checked_in():
        content = b"".join(stored_files.read_chunks(copies.of(scan) if scan.is_on_copy else file))
    if hashlib.sha256(content).hexdigest() != scan.sent.sha256:
        if scan.is_on_copy:
            copies.discard(scan)
            raise unmeasured.StorageFailed(Problem.COPY_SPOILT())
        file_changes.queue_other_bytes(scan)
        raise unmeasured.Replaced(Code.FILE_REPLACED)
    return content


def _submit(scan: ImageScan, client: Client, submission: Submission) -> None:
    try:
        with rate.leaving() as has_left:
            client.submit(replace(submission, on_sent=has_left))
    except CopyleaksError as error:
        if not (_was_accepted(error) or _may_mean_that_it_arrived(scan, error)):
            raise
        # Should it be a refusal after all, the result counts as lost in the end, and nothing was paid twice.
        logger.info(
            "Scan %s: this or an earlier try has arrived (%s).",
            scan.scan_id,
            error.slug,
            extra=scan.event("scan_arrived_before", code=error.slug),
        )
    note_as_submitted(scan)


def note_as_submitted(scan: ImageScan) -> None:
    """Note that a scan was sent, and that its callback is awaited unless that was faster."""
    now = clock.now()
    queued = scans().filter(pk=scan.pk, status=Status.QUEUED)

    def note() -> int:
        return queued.update(
            status=Status.SUBMITTED,
            submitted_at=now,
            next_attempt_at=None,
            lease_owner="",
            lease_until=None,
            # A callback that was faster may have been refused for its size.
            **reason_columns() | {"error_code": lost_results.unless_oversized("")},
        )

    tallies.submitted(scan)
    # Not left to a lost race, or to a connection that was closed during the call: the scan would be sent once more.
    changed = repeated(note)
    if changed:
        logger.info("Scan %s: submitted.", scan.scan_id, extra=scan.event("scan_submitted"))
    else:
        # The callback was faster, or the file was replaced meanwhile. It was sent all the same.
        scans().filter(pk=scan.pk, submitted_at=None).update(submitted_at=now)


def _check(scan: ImageScan, client: Client, content: bytes) -> None:
    try:
        body = client.check(
            scan_id=scan.scan_id,
            file_name=addresses.vendor_file_name(scan),
            content=BytesIO(content),
            model=scan.model,
            sandbox=scan.sandbox,
        )
    except CopyleaksError as error:
        if _was_accepted(error) and not error.passes:
            receive.fail_as_unreadable(scan, error.message)
        elif _may_mean_that_it_arrived(scan, error):
            atomically(lambda: _end_as_lost(scan))
        else:
            raise
        return
    scans().filter(pk=scan.pk, submitted_at=None).update(submitted_at=clock.now())
    tallies.submitted(scan)
    outcome = receive.deliver(scan, body, Source.SYNC)
    if outcome in (Outcome.MALFORMED, Outcome.CONTRADICTS):
        # Paid for: asking once more would pay once more.
        receive.fail_as_unreadable(scan, Problem.ANSWER_OF_OTHER_SCAN())


def _end_as_lost(scan: ImageScan) -> bool:
    return lost_results.end_or_resubmit(scan, Code.RESULT_LOST, Problem.EARLIER_ANSWER_LOST(), may_resubmit=True)


def _was_accepted(error: CopyleaksError) -> bool:
    """Return whether the status was a success and only what came after it could not be read."""
    return error.status is not None and 200 <= error.status <= 299


def _may_mean_that_it_arrived(scan: ImageScan, error: CopyleaksError) -> bool:
    """Return whether a refusal may be about the id of an earlier, uncertain try; the code decides before the status."""
    return scan.may_have_arrived and error.status in REPEATED_ID_ANSWERS and error.is_of_the_request
