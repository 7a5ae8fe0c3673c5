"""Single values out of untrusted JSON: each reader returns something bounded, or nothing; none raises."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

MOMENT_LENGTH = 40

_BREAKS = re.compile("[\t\n\v\f\r\x85\u2028\u2029]+")
# Control characters break a PostgreSQL JSON column or a terminal, lone surrogates break UTF-8, and
# bidirectional overrides let a text look like another one.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def folded(value: object) -> Mapping[str, object]:
    """Return an object's members under lower-case names, the last of several; {} for anything else."""
    if not isinstance(value, dict):
        return {}
    return {name.lower(): member for name, member in value.items() if isinstance(name, str)}


def text(value: object, limit: int) -> str:
    """Return a string on one line of at most ``limit`` printable characters, "" for anything else."""
    if not isinstance(value, str):
        return ""
    # Cut before cleaning as well, so that the work is bounded; the double leaves room for what is removed.
    return _UNPRINTABLE.sub("", _BREAKS.sub(" ", value[: 2 * limit])).strip()[:limit]


def whole_number(value: object, *, at_least: int, at_most: int) -> int | None:
    """Return an integer within the bounds (``1350.0`` counts as one), None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not at_least <= value <= at_most or value != int(value):
        return None
    return int(value)


def moment(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC, to the microsecond; one without an offset is taken as UTC.

    None for anything else, and outside the years 2000 to 2999: .NET writes "never" as year 1, and the rim of
    the calendar overflows as soon as somebody converts it to local time.
    """
    if not isinstance(value, str) or len(value) > MOMENT_LENGTH:
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if not 2000 <= parsed.year <= 2999:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
