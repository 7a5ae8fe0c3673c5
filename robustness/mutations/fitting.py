"""The protections of copies that are measured."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "no place in content credentials",
        "provenance.py",
        "<= _LONGEST_MANIFEST and is_silent",
        "<= _LONGEST_MANIFEST",
        "tests/test_copies.py -k tell_a_place",
    ),
    Protection(
        "bytes of a copy",
        "copies.py",
        "if self.tell() + len(data) > self._most:",
        "if False:",
        "tests/test_copies.py -k highest_quality",
    ),
    Protection(
        "bytes of a copy from a child",
        "decoding/pool.py",
        "0 < len(content) <= order.most_bytes",
        "True",
        "tests/decoding/test_pool.py -k not_as_ordered",
    ),
    Protection(
        "marks on a copy",
        "findings.py",
        "if scan.is_on_copy:  # Which is upright.",
        "if False:",
        "tests/admin/test_copies.py -k lie_where",
    ),
    Protection(
        "copies as purchases of their own",
        "scanning/paykey.py",
        "if scan.is_on_copy:",
        "if False:",
        "tests/scanning/test_copies.py -k bought_as_the_same",
    ),
    Protection(
        "copy of the bytes that were measured",
        "scanning/copies.py",
        "        if original.sha256 != scan.sha256:",
        "        if False:",
        "tests/scanning/test_copies.py -k other_bytes__is_not_copied",
    ),
    Protection(
        "copy of a result that may still come",
        "scanning/copies.py",
        ".exclude(Exists(needed.awaiting_result(now)))",
        "",
        "tests/scanning/test_copies.py -k awaited_no_more",
    ),
    Protection(
        "copy that another scan needs",
        "renditions/copies.py",
        "if not same.exclude(pk=note.pk).exists():",
        "if True:",
        "tests/scanning/test_copies.py -k another_scan",
    ),
    Protection(
        "note of a copy that is kept",
        "renditions/copies.py",
        "    atomically(lambda: fitted_copies().bulk_create([note], ignore_conflicts=True))\n",
        "",
        "tests/scanning/test_copies.py -k killed",
    ),
    Protection(
        "spoilt copy that is uploaded",
        "scanning/calls.py",
        "!= scan.sent.sha256:",
        '== "":',
        "tests/scanning/test_copies.py -k not_uploaded",
    ),
    Protection(
        "file that a copy was made of",
        "endpoints/media.py",
        "        _digests(stream, scan.sha256, scan.byte_size or 0)",
        "        pass",
        "tests/scanning/test_copies.py -k stays_shut",
    ),
    Protection(
        "facts of what was skipped",
        "scanning/prepare.py",
        "        if self.picture is not None:",
        "        if False:",
        "tests/scanning/test_prepare.py -k keeps_what_its_header_says",
    ),
)
