"""The protections of ``doctor/``, and of what it shares with others."""

from .protection import Protection

PROTECTIONS = (
    Protection(
        "logins that the doctor leaves to workers",
        "scanning/logins.py",
        "    token = _limit.set(SPARING_LIMIT)",
        "    token = _limit.set(LIMIT)",
        "tests/management/test_doctor.py -k ten_runs",
    ),
    Protection(
        "callback of realistic size",
        "doctor/address.py",
        "size = min(LARGE_BODY, conf.WEBHOOK_MAX_BYTES)",
        "size = 500_000",
        "tests/management/test_doctor.py -k that_limits_bodies",
    ),
    Protection(
        "token in the address of a redirect",
        "doctor/address.py",
        'f"{parts.scheme}://{parts.hostname}" if parts.hostname',
        "parts.geturl() if parts.hostname",
        "tests/management/test_doctor.py -k redirects",
    ),
    Protection(
        "callback that a proxy holds",
        "doctor/address.py",
        "    if answer.detail == _TIMEOUT:",
        "    if False:",
        "tests/management/test_doctor.py -k that_holds",
    ),
    Protection(
        "worker without the media",
        "doctor/progress.py",
        "if len(newest) < ALIKE or any(",
        "if True or any(",
        "tests/management/test_doctor.py -k cannot_read_the_media",
    ),
    Protection(
        "pictures that no moderator may see",
        "doctor/desk.py",
        "if may_decide and targets[key].visible and",
        "if may_decide and",
        "tests/management/test_doctor.py -k no_moderator_may_see",
    ),
    Protection(
        "superusers are no moderators",
        "doctor/desk.py",
        "    return (ruled or staff)[:PEOPLE]",
        "    return staff[:PEOPLE]",
        "tests/management/test_doctor.py -k no_moderator_may_see",
    ),
    Protection(
        "quiet doctor",
        "management/commands/copyleaks_doctor.py",
        '(finding.is_wrong or not options["quiet"]):',
        "True:",
        "tests/management/test_doctor.py -k quiet",
    ),
    Protection(
        "number of unknown keys",
        "copyleaks/contract.py",
        "if len(found) == MOST_KEYS or not left:",
        "if not left:",
        "tests/copyleaks/test_contract.py -k are_cut",
    ),
    Protection(
        "tokens in unknown keys",
        "copyleaks/contract.py",
        "shown = redacted(values.text(",
        "shown = (values.text(",
        "tests/copyleaks/test_contract.py -k show_no_token",
    ),
    Protection(
        "keys of uploaders",
        "copyleaks/contract.py",
        '"imageinfo": frozenset({"shape", "metadata"}),',
        '"imageinfo": frozenset({"shape", "metadata"}),\n        "imageinfo.metadata": frozenset(),',
        "tests/copyleaks/test_contract.py -k that_are_known",
    ),
    Protection(
        "unknown keys of a result",
        "scanning/receive.py",
        "    receipt.unknown_keys = unknown_keys.joined(payload.unknown_keys)\n",
        "",
        "tests/checks/test_checks.py -k are_counted",
    ),
    Protection(
        "empty environment variable",
        "checks/silent.py",
        "value != setting.parse(setting.default)",
        "False",
        "tests/checks/test_checks.py -k set_and_empty",
    ),
    Protection(
        "private public address",
        "checks/silent.py",
        "if is_asked and not may_be_public(public_url):",
        "if False:",
        "tests/checks/test_checks.py -k silently_does",
    ),
)
