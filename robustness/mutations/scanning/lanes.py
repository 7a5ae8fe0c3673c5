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
        "scanning/reconcile.py",
        '"-pk" if newest_first else "pk"',
        '"pk"',
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
    Protection(
        "nobody to be asked for credits",
        "management/commands/copyleaks_scan.py",
        "if not (dry_run or yes or sys.stdin.isatty()):",
        "if False:",
        "tests/management/test_scan.py -k nobody_to_be_asked",
    ),
    Protection(
        "sent scans of a cancelled backfill",
        "scanning/taking_out.py",
        "status=Status.QUEUED, sent_at=None, may_have_arrived=False)",
        "status=Status.QUEUED)",
        "tests/management/test_scan.py -k takes_out_what_was_not_sent",
    ),
    Protection(
        "uploads that wait for what is cancelled",
        "scanning/taking_out.py",
        "        paykey.look_after_commit(scan)",
        "        pass",
        "tests/management/test_scan.py -k cancelled_payer",
    ),
    Protection(
        "mock results once the sandbox is off",
        "scanning/reconcile.py",
        "        if not conf.SANDBOX:",
        "        if False:",
        "tests/management/test_scan.py -k mock_results",
    ),
)
