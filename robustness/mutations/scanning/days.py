"""Days, and what was spent on them."""

from robustness.mutations.protection import Protection

_DAYS = "tests/scanning/test_days.py"
_LEDGER = "tests/scanning/test_ledger.py"

PROTECTIONS = (
    Protection(
        "a day whose rows are gone",
        "scanning/days.py",
        "if found.rows < row.rows:",
        "if False:",
        f"{_DAYS} -k rows_were_removed",
    ),
    Protection(
        "day counted by one of several workers",
        "scanning/days.py",
        ".filter(pk=day.pk, counted_at=day.counted_at)",
        ".filter(pk=day.pk)",
        f"{_DAYS} -k another_was_faster",
    ),
    Protection(
        "day with something open",
        "scanning/days.py",
        "if age > OPEN_FOR and not is_open:",
        "if age > OPEN_FOR:",
        f"{_DAYS} -k final_once",
    ),
    Protection(
        "day of a result that came late",
        "scanning/finishing.py",
        "days().reopen(About.SCANS,",
        "days().none().reopen(About.SCANS,",
        f"{_DAYS} -k came_late",
    ),
    Protection(
        "day of a decision that is overturned",
        "reviewing/decide.py",
        "days().reopen(About.DECISIONS,",
        "days().none().reopen(About.DECISIONS,",
        f"{_DAYS} -k overturned",
    ),
    Protection(
        "credits by days of UTC",
        "models/day.py",
        "zone = UTC if about == About.CREDITS else",
        "zone = UTC if about == about.upper() else",
        f"{_DAYS} -k of_utc",
    ),
    Protection(
        "free sandbox",
        "scanning/account.py",
        "cost = 0 if is_sandbox else credits_charged",
        "cost = credits_charged",
        f"{_LEDGER} -k sandbox",
    ),
    Protection(
        "lost credit that was a result",
        "scanning/account.py",
        "more = cost - (before or 0)",
        "more = cost",
        f"{_LEDGER} -k comes_after_all",
    ),
    Protection(
        "credit of the day on which it was reserved",
        "scanning/account.py",
        "day = spent_on or reserved_on or clock.now().date()",
        "day = clock.now().date()",
        f"{_LEDGER} -k day_before",
    ),
    Protection(
        "shared result for nothing",
        "scanning/account.py",
        "settle_credit(scan, int(may_have_arrived),",
        "settle_credit(scan, 1,",
        f"{_LEDGER} -k for_nothing",
    ),
)
