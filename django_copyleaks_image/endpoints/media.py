"""The media endpoint: opens for the bytes of one scan until they were fetched or answered, and for nothing else."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import zip_longest
from typing import IO

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import HttpResponseNotFound
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from django_copyleaks_image import formats, tenants
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.renditions import copies, shelf
from django_copyleaks_image.scanning import addresses, fetches, file_changes, stored_files, trials, unmeasured
from django_copyleaks_image.sources import Picture
from django_copyleaks_image.streaming import streamed

__all__ = ["media"]

logger = logging.getLogger(__name__)


class OtherBytes(Exception):
    """The file does not hold what was measured."""


class SpoiltCopy(Exception):
    """The copy that is kept of the file is not what was drawn."""


@csrf_exempt  # It changes nothing, and what Django says of a refused POST would tell it apart.
@login_not_required
def media(request: HttpRequest, token: str, file_name: str) -> HttpResponseBase:
    """Stream the bytes of the scan that the token names, while it waits; anything else is an identical 404."""
    with tenants.active(addresses.tenant_of(token)):
        return _answer(request, token)


def _answer(request: HttpRequest, token: str) -> HttpResponseBase:
    scan_id = addresses.scan_id_of_media_token(token)
    if scan_id is not None and trials.is_trial(scan_id):
        return _of_trial(request, scan_id)
    scan = _waiting_scan(scan_id)
    if scan is None or request.method not in ("GET", "HEAD") or fetches.are_over(scan):
        return _refusal()
    try:
        file = stored_files.stored_file(scan)
        if request.method == "HEAD":
            response: HttpResponseBase = HttpResponse()
        else:
            blocks = _verified_copy(scan, file) if scan.is_on_copy else _verified(scan, file)
            next(blocks)  # Reads the file while a 404 can still be sent.
            response = streamed(request, blocks)
    except OtherBytes:
        _scan_other_bytes(scan)
        return _refusal()
    except SpoiltCopy:
        _discard(scan)
        return _refusal()
    except (unmeasured.Replaced, unmeasured.Skipped, unmeasured.StorageFailed) as reason:
        logger.warning(
            "Scan %s: the media endpoint stays shut: %s",
            scan.scan_id,
            reason,
            extra=scan.event("picture_not_served", reason=str(reason)),
        )
        return _refusal()
    response["Content-Type"] = formats.TYPES[scan.sent.image_format].content_type
    response["Content-Length"] = str(scan.sent.byte_size)
    response["Content-Disposition"] = f'attachment; filename="{addresses.vendor_file_name(scan)}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _of_trial(request: HttpRequest, trial_id: str) -> HttpResponse:
    """Answer with the picture that the doctor has drawn."""
    configured = conf.FETCH_HEADERS
    received = {name.lower(): value for name, value in request.headers.items()}
    came = None if callable(configured) else trials.have_come(configured, received)
    is_fetch = request.method == "GET"
    picture = trials.picture_of(trial_id, fetch_headers_came=came, is_fetch=is_fetch)
    if picture is None or request.method not in ("GET", "HEAD"):
        return _refusal()
    return HttpResponse(picture, content_type="image/png", headers={"Cache-Control": "private, no-store"})


def _waiting_scan(scan_id: str | None) -> ImageScan | None:
    """Return the scan while it has no answer: Copyleaks fetches the bytes when it comes to them."""
    if scan_id is None:
        return None
    return scans().awaiting_fetch(timezone.now()).filter(scan_id=scan_id).first()


def _refusal() -> HttpResponse:
    return HttpResponseNotFound(headers={"Cache-Control": "no-store"})


def _verified_copy(scan: ImageScan, file: Picture) -> Iterator[bytes]:
    """Yield as :func:`_verified` does, of the copy, once the file was found to be what it was drawn of."""
    with stored_files.opened(file) as stream:
        _digests(stream, scan.sha256, scan.byte_size or 0)
    try:
        yield from _verified(scan, copies.of(scan))
    except OtherBytes:
        raise SpoiltCopy from None


def _verified(scan: ImageScan, file: Picture) -> Iterator[bytes]:
    """Yield nothing once the whole file was found to be what was measured, then its blocks, each compared once more.

    Not one byte of another file leaves, not even of one that is overwritten meanwhile, so no result can be about it.
    Only hashes are kept between the two readings: neither memory nor a disk has to hold the picture. Raises
    OtherBytes and what :mod:`.unmeasured` has before the first block, and ends early after it.
    """
    with ExitStack() as open_files:
        stream = open_files.enter_context(stored_files.opened(file))
        digests = _digests(stream, scan.sent.sha256, scan.sent.byte_size)
        # A remote storage has fetched the file by now; one that cannot go back is asked again.
        if not stored_files.rewound(stream):
            stream = open_files.enter_context(stored_files.opened(file))
        yield b""
        try:
            for digest, block in zip_longest(digests, stored_files.blocks(stream), fillvalue=b""):
                if hashlib.sha256(block).digest() != digest:
                    (_discard if scan.is_on_copy else _scan_other_bytes)(scan)
                    return
                yield block
            # Whoever asks for more than the last block has taken that one; of who hangs up before, nothing is noted.
            fetches.note_whole(scan)
        except (unmeasured.Skipped, unmeasured.StorageFailed) as error:
            # The reader notices that bytes are missing.
            logger.warning("Scan %s: %s", scan.scan_id, error, extra=scan.event("picture_cut_off", reason=str(error)))


def _digests(stream: IO[bytes], sha256: str, byte_size: int) -> list[bytes]:
    """Return the hashes of all blocks; raise OtherBytes when the whole is not what was measured."""
    whole = hashlib.sha256()
    digests: list[bytes] = []
    left = byte_size
    for block in stored_files.blocks(stream):
        left -= len(block)
        if left < 0:
            raise OtherBytes
        whole.update(block)
        digests.append(hashlib.sha256(block).digest())
    if whole.hexdigest() != sha256:
        raise OtherBytes
    return digests


def _discard(scan: ImageScan) -> None:
    """Remove a copy that nobody may get; the next attempt of the scan, or its resubmission, draws it anew."""
    logger.warning(
        "Scan %s: the copy that is kept of its file is not what was drawn.",
        scan.scan_id,
        extra=scan.event("copy_spoilt"),
    )
    try:
        copies.discard(scan)
    except shelf.ShelfFailed as error:
        logger.warning("Scan %s: %s", scan.scan_id, error, extra=scan.event("copy_not_removed", reason=str(error)))


def _scan_other_bytes(scan: ImageScan) -> None:
    try:
        file_changes.queue_other_bytes(scan)
    except DatabaseError:
        # The row is as it was: the next try, or the deadline of the result, finds out again.
        logger.exception(
            "Scan %s: the other bytes could not be queued.", scan.scan_id, extra=scan.event("other_bytes_not_queued")
        )
