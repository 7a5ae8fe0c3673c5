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
)
