"""Whether something that pictures share works now, found out by asking it; none of this costs a credit."""

import logging
from io import BytesIO

from django.core.cache import cache
from django.db import Error as AnyDatabaseError
from django.db import connections

from django_copyleaks_image import formats
from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.decoding import pool
from django_copyleaks_image.models import ImageScan, scans
from django_copyleaks_image.models.scan import Status
from django_copyleaks_image.outcomes import Code

from . import stored_files, unmeasured

logger = logging.getLogger(__name__)

# Files that are known to have been there, of which one that can be opened proves that the storage works.
KNOWN_FILES = 3
# A GIF of one pixel.
_WELL = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


def has_credits() -> bool:
    """Return whether the account says that it has credits; raise CopyleaksError when it says something else."""
    try:
        return client_from_settings().credits() > 0
    except CopyleaksError as error:
        logger.warning(
            "The account could not be asked for its credits (%s).",
            error.slug,
            extra={"event": "balance_unknown", "code": error.slug},
        )
        raise


def account_answers() -> bool:
    """Return whether the account is let in and has credits."""
    try:
        return has_credits()
    except CopyleaksError:
        return False


def api_answers() -> bool:
    """Return whether the API can be reached, whatever it says."""
    try:
        has_credits()
    except CopyleaksError as error:
        # Nothing was asked where no login is allowed at the moment.
        return not error.is_outage and error.slug != Code.LOGIN_LIMIT
    return True


def another_file_opens(scan: ImageScan) -> bool:
    """Return whether a file of the same field that was measured before can be read from here now."""
    measured = scans().filter(content_type=scan.content_type, field_name=scan.field_name, status=Status.COMPLETED)
    others = measured.exclude(file_name__in=("", scan.file_name)).select_related("content_type").order_by("-pk")
    return any(_opens(other) for other in others[:KNOWN_FILES])


def _opens(scan: ImageScan) -> bool:
    try:
        file = stored_files.stored_file(scan)
        return next(stored_files.read_chunks(file), None) is not None
    except (unmeasured.Replaced, unmeasured.Skipped, unmeasured.StorageFailed, AnyDatabaseError):
        return False


def database_answers(alias: str) -> bool:
    """Return whether a database can be asked anything."""
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except AnyDatabaseError:
        connections[alias].close()
        return False
    return True


def decoder_answers() -> bool:
    """Return whether a picture that is known to be well can be read by a child process now."""
    try:
        pool.inspect(BytesIO(_WELL))
    except (pool.DecodingFailed, formats.UnreadablePicture):
        return False
    return True


def cache_answers() -> bool:
    """Return whether the cache can be asked without raising."""
    try:
        cache.get("copyleaks_image:probe")
    except Exception:  # noqa: BLE001 - caches raise what their backend raises
        return False
    return True
