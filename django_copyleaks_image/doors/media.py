"""The media door: opens for the bytes of one scan while Copyleaks may fetch them, and for nothing else."""

import hashlib
import logging
from collections.abc import Iterator
from itertools import chain

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import HttpResponseNotFound
from django.views.decorators.csrf import csrf_exempt

from django_copyleaks_image import formats
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.scanning import addresses, prepare
from django_copyleaks_image.scanning import request as scan_requests
from django_copyleaks_image.streaming import streamed

from .quiet import quietly

logger = logging.getLogger(__name__)


@csrf_exempt  # It changes nothing, and what Django says of a refused POST would tell it apart and log its path.
@login_not_required
@quietly
def media(request: HttpRequest, token: str, file_name: str) -> HttpResponseBase:
    """Stream the bytes of the scan that the token names, while it waits; anything else is an identical 404."""
    scan = _waiting_scan(token)
    if scan is None or request.method not in ("GET", "HEAD"):
        return _refusal()
    try:
        file = prepare.stored_file(scan)
        if request.method == "HEAD":
            response: HttpResponseBase = HttpResponse()
        else:
            chunks = prepare.read_chunks(file)
            first = next(chunks, b"")  # Opens the file while a 404 can still be sent.
            response = streamed(request, _hashed(scan, first, chunks))
    except (prepare.Replaced, prepare.Skipped, prepare.StorageFailed) as reason:
        logger.warning("Scan %s: the media door stays shut: %s", scan.scan_id, reason)
        return _refusal()
    response["Content-Type"] = formats.TYPES[scan.image_format].content_type
    response["Content-Length"] = str(scan.byte_size)
    response["Content-Disposition"] = f'attachment; filename="{addresses.vendor_file_name(scan)}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _waiting_scan(token: str) -> ImageScan | None:
    """Return the scan while Copyleaks may fetch its bytes: sent, and without a result yet."""
    scan_id = addresses.scan_id_of_media_token(token)
    if scan_id is None:
        return None
    return scans().unfinished().filter(scan_id=scan_id, sent_at__isnull=False).first()


def _refusal() -> HttpResponse:
    return HttpResponseNotFound(headers={"Cache-Control": "no-store"})


def _hashed(scan: ImageScan, first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes, the last of them only when the whole is what was measured; else supersede the scan.

    Other bytes thus never arrive complete, and no result can be about them.
    """
    digest = hashlib.sha256()
    size, held = 0, b""
    try:
        for chunk in chain([first], rest):
            digest.update(chunk)
            size += len(chunk)
            if size > (scan.byte_size or 0):
                break
            if held:
                yield held
            held = chunk
    except prepare.StorageFailed as error:
        # Raised further, the server would log the path. The reader notices that bytes are missing.
        logger.warning("Scan %s: %s", scan.scan_id, error)
        return
    if digest.hexdigest() != scan.sha256:
        logger.warning("Scan %s: the file holds other bytes now; they are scanned instead.", scan.scan_id)
        try:
            scan_requests.bytes_changed(scan)
        except DatabaseError:
            # As above. The row is as it was: the next try, or the deadline of the result, finds out again.
            logger.exception("Scan %s: the other bytes could not be queued.", scan.scan_id)
    else:
        yield held
