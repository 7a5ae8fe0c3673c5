"""A first look is not the last: a file that is not there yet, or not whole, may still come.

A key may be saved before its bytes arrive, as with direct uploads; a host may write its file anew after the save; a
machine may see a shared volume late.
"""

from datetime import timedelta

from django_copyleaks_image import clock_skew
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.problems import Problem

from . import clock, unmeasured

# How long after its scan was asked for a file may still come.
FRESH = timedelta(minutes=15)
# In the first minute a missing file says nothing about the storage.
NEW = timedelta(minutes=1)
# Waits grow with the age of the scan. What is there but is not whole is given longer: two looks that find the same
# bytes are the end of it.
SHORTEST, LONGEST = timedelta(seconds=2), timedelta(minutes=2)
SETTLED = timedelta(seconds=20)

# Nothing has arrived.
MISSING = (Code.MISSING_FILE, Code.EMPTY_FILE)
# Something has, and may be its beginning alone.
_PERHAPS_NOT_WHOLE = (Code.UNREADABLE_IMAGE, Code.NO_PICTURE)


def may_still_come(scan: ImageScan, found: unmeasured.Skipped) -> bool:
    """Return whether a file in which nothing was found to be measured is worth another look."""
    if scan.may_have_arrived or not _is_younger(scan, FRESH):
        return False
    if found.code in MISSING:
        return True
    return found.at_measuring and found.code in _PERHAPS_NOT_WHOLE and not _was_found_before(scan, found)


def is_new(scan: ImageScan) -> bool:
    """Return whether a scan was asked for right now."""
    return _is_younger(scan, NEW)


def wait_for(scan: ImageScan, found: unmeasured.Skipped) -> timedelta:
    """Return how long to wait until the next look."""
    shortest = SHORTEST if found.code in MISSING else SETTLED
    return min(LONGEST, max(shortest, (clock.now() - scan.created_at) / 2))


def reason_of(scan: ImageScan, found: unmeasured.Skipped) -> str:
    """Return the sentence for the end of a scan: that nothing is there yet is none once it was waited for."""
    was_waited_for = scan.error_code in (Code.AWAITS_FILE, *MISSING)
    if not was_waited_for or found.code not in MISSING:
        return found.message
    minutes = FRESH // timedelta(minutes=1)
    said = Problem.NO_FILE_ARRIVED if found.code == Code.MISSING_FILE else Problem.FILE_STAYED_EMPTY
    return said(minutes=minutes)


def _is_younger(scan: ImageScan, age: timedelta) -> bool:
    now = clock.now()
    return not clock_skew.is_ahead(scan.created_at, now) and now - scan.created_at < age


def _was_found_before(scan: ImageScan, found: unmeasured.Skipped) -> bool:
    if found.state:
        return scan.file_state == found.state
    return bool(found.sha256) and scan.sha256 == found.sha256
