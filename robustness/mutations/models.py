"""The protections of ``models/``."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "media endpoint before sending",
        "models/scan.py",
        "Q(sent_at__isnull=False, ",
        "Q(",
        "tests/endpoints/test_media.py -k identical_404",
    ),
    Protection(
        "claim that has ended",
        "models/watched_image.py",
        " and self.claimed_until > now",
        "",
        "tests/admin/test_release.py -k has_ended",
    ),
    Protection(
        "append-only decisions",
        "models/decision.py",
        "if not self._state.adding:",
        "if False:",
        "tests/models/test_constraints.py -k only_appended",
    ),
    Protection(
        "media endpoint for late results",
        "models/scan.py",
        "Q(status__in=UNFINISHED) | may_come_late, is_sent",
        "Q(status__in=UNFINISHED), is_sent",
        "tests/endpoints/test_media.py -k counts_as_lost",
    ),
    Protection(
        "media endpoint shuts in the end",
        "models/scan.py",
        ", finished_at__gt=now - LATE_RESULTS",
        "",
        "tests/endpoints/test_media.py -k identical_404",
    ),
    Protection(
        "media endpoint after a certain refusal",
        "models/scan.py",
        ", may_have_arrived=True, result=None",
        ", result=None",
        "tests/endpoints/test_media.py -k identical_404",
    ),
    Protection(
        "media endpoint after the result",
        "models/scan.py",
        "may_have_arrived=True, result=None)",
        "may_have_arrived=True)",
        "tests/endpoints/test_media.py -k not_fetched_after",
    ),
    Protection(
        "interrupted judgement",
        "models/receipt.py",
        "judging_due_at__isnull=False)",
        "judging_due_at__isnull=False, judged_since=None)",
        "tests/scanning/test_inbox.py -k however_late",
    ),
    Protection(
        "leased receipt is unjudged",
        "models/receipt.py",
        "judging_due_at__isnull=False)",
        "judging_due_at__lte=timezone.now())",
        "tests/scanning/test_inbox.py -k leased_receipt",
    ),
    Protection(
        "held after a restore",
        "models/account.py",
        " or self.restored_at is not None",
        "",
        "tests/scanning/test_restore.py -k everything_is_held",
    ),
)
