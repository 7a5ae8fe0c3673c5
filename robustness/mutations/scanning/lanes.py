"""The protections of uploads from backfills."""

from robustness.mutations.protection import Protection

PROTECTIONS = (
    Protection(
        "uploads before a backfill",
        "scanning/submit.py",
        "lanes=(Lane.UPLOAD, Lane.AGAIN)",
        "lanes=tuple(Lane)[::-1]",
        "tests/scanning/test_lanes.py -k takes_no_slots",
    ),
    Protection(
        "newest files first in a backfill",
        "management/commands/copyleaks_scan.py",
        "newest_first=True",
        "newest_first=False",
        "tests/scanning/test_lanes.py -k newest_first",
    ),
    Protection(
        "backfilled payer of an upload",
        "scanning/paykey.py",
        "    _hurry(scan.content_key, scan.lane)",
        "    pass",
        "tests/scanning/test_lanes.py -k is_to_pay_for",
    ),
    Protection(
        "backfilled scan that becomes the payer",
        "scanning/paykey.py",
        "    if scan.lane != Lane.UPLOAD:",
        "    if False:",
        "tests/scanning/test_lanes.py -k becomes_the_payer",
    ),
    Protection(
        "parked upload behind an awake scan of a backfill",
        "scanning/paykey.py",
        "filter(_is_awake(now), lane__lte=oldest.lane)",
        "filter(_is_awake(now))",
        "tests/scanning/test_lanes.py -k awake",
    ),
    Protection(
        "slots kept from a backfill",
        "scanning/backfill.py",
        "free <= timedelta(0) or ",
        "",
        "tests/scanning/test_lanes.py -k no_slots_far_ahead",
    ),
    Protection(
        "budget kept from a backfill",
        "scanning/backfill.py",
        "BUDGET_KEPT = 0.2",
        "BUDGET_KEPT = -1",
        "tests/scanning/test_lanes.py -k budget",
    ),
    Protection(
        "places kept from a backfill",
        "scanning/evidence.py",
        "        limit -= limit // _KEPT_OF_WINDOW",
        "        pass",
        "tests/scanning/test_lanes.py -k first_result",
    ),
)
