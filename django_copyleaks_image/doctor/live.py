"""``--live``: a free sandbox scan through the configured API and back, of a picture that is drawn for it.

Neither a watched model nor a worker is needed: the endpoints of the site know the trial by its id, and keep what comes
for the doctor. It stands in no queue, costs no budget, and is gone at the end.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

from django_copyleaks_image import outcomes
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.bodies import PayloadError, load_object
from django_copyleaks_image.copyleaks.client import Client, Submission, client_from_settings
from django_copyleaks_image.copyleaks.contract import failure_of
from django_copyleaks_image.copyleaks.errors import CopyleaksError, TokenError
from django_copyleaks_image.copyleaks.payloads import Failure, parse_callback
from django_copyleaks_image.copyleaks.transport import Answer
from django_copyleaks_image.models import LiveTrial, WebhookReceipt
from django_copyleaks_image.scanning import addresses, logins, rate, trials
from django_copyleaks_image.setting_values import HeaderPairs, Secret

from .findings import Finding, fine, problem, warning
from .picture import BROKEN, draw
from .report import Report, unusual, unusual_of

TIMEOUT = 120.0
# Seconds between two looks, and what a second callback, or a failure, may take beyond the first.
POLL = 0.2
LONGER = 5.0
# Asked for in a trial where the site asks for no header.
SAMPLE_HEADER = "x-copyleaks-doctor"


def round_trip(report: Report, *, seconds: float = TIMEOUT) -> Finding:
    """Send a picture, wait for its result, and note on the report what the provider did."""
    try:
        with logins.sparing():
            return _in_sync(report) if conf.MODE == "sync" else _through_the_webhook(report, seconds)
    except CopyleaksError as error:
        return problem(error.slug, f"{error.message} ({error.slug})", outcomes.advice(error.slug))


def _through_the_webhook(report: Report, seconds: float) -> Finding:
    if not conf.PUBLIC_URL:
        return problem("public_url_missing", "PUBLIC_URL is not set.", "Set it, or MODE to 'sync'.")
    client = client_from_settings()
    with _trial(draw()) as trial:
        began = time.monotonic()
        answer = _submit(client, trial)
        report.note(mode="async", submit_status=answer.status, submit_headers=unusual_of(answer.headers))
        came = _wait_for_callbacks(trial, 1, seconds)
        took = time.monotonic() - began
        report.note(fetches=trial.fetches, fetch_headers=_come(trial.fetch_headers_came, callable(conf.FETCH_HEADERS)))
        if not came:
            return _no_callback(trial, seconds)
        report.note(
            callback_after=round(took, 1),
            callback_encoding=trial.encoding or "identity",
            callback_headers=unusual(trial.header_names),
            webhook_headers=_come(trial.was_let_in if conf.WEBHOOK_HEADERS else None),
        )
        body = WebhookReceipt(body=bytes(trial.body)).payload()
        finding = _of_result(report, body, trial, took)
        report.note(repeated_id=_repeat(client, trial, took))
    with _trial(BROKEN) as trial:
        report.note(failure=_failure_of(client, trial, min(seconds, took + LONGER)))
    if not conf.WEBHOOK_HEADERS:
        with _trial(draw()) as trial:
            report.note(webhook_headers=_come_with_the_callback(client, trial, min(seconds, took + LONGER)))
    return finding


def _in_sync(report: Report) -> Finding:
    client = client_from_settings()
    # No row is needed: the answer is the result.
    trial, broken = (LiveTrial(trial_id=f"{trials.PREFIX}{it}{time.time_ns():x}") for it in ("a", "b"))
    began = time.monotonic()
    body = _check(client, trial, draw())
    took = time.monotonic() - began
    report.note(mode="sync", answer_after=round(took, 1))
    finding = _of_result(report, body, trial, took)
    try:
        _check(client, trial, draw())
        report.note(repeated_id="answered with a result")
    except CopyleaksError as error:
        report.note(repeated_id=f"refused: {_told(error)}")
    try:
        report.note(failure=failure_of(load_object(_check(client, broken, BROKEN))))
    except CopyleaksError as error:
        report.note(failure=f"refused: {_told(error)}")
    except PayloadError:
        report.note(failure="no JSON object")
    return finding


def _of_result(report: Report, body: bytes, trial: LiveTrial, took: float) -> Finding:
    try:
        report.read(body, trial.trial_id)
        found = parse_callback(body, hide=[Secret(addresses.webhook_token(trial.trial_id))])
    except PayloadError as error:
        return problem(
            outcomes.Code.UNREADABLE_RESULT,
            f"a result came after {took:.1f} s, and was not understood: {error.message}",
            "See whether a newer version of django-copyleaks-image reads it.",
        )
    if isinstance(found, Failure):
        report.note(failure=failure_of(load_object(body)))
        return problem(
            found.error.slug,
            f"the provider reports a failure: {found.error.message} ({found.error.slug})",
            outcomes.advice(found.error.slug),
        )
    if trial.was_let_in is False:
        return problem(
            "callback_refused",
            f"the result came after {took:.1f} s, but one of a scan would be refused by the verifiers of the webhook.",
            "Look at WEBHOOK_HEADERS, WEBHOOK_VERIFIERS and CLIENT_CERTIFICATE_HEADER.",
        )
    if report.credits:
        return warning(
            "sandbox_charged",
            f"the result came after {took:.1f} s, and says that the sandbox scan has cost {report.credits} credits.",
            "Ask the provider before SANDBOX, or the doctor with --live, is used again.",
        )
    if report.unknown_keys:
        return warning(
            "unknown_keys",
            f"the result came after {took:.1f} s, with keys that this version does not know: "
            f"{', '.join(report.unknown_keys)}.",
            "See whether a newer version of django-copyleaks-image reads them.",
        )
    return fine(f"a sandbox scan came back after {took:.1f} s, and was free.")


@contextmanager
def _trial(picture: bytes) -> Iterator[LiveTrial]:
    trial = trials.begin(picture)
    try:
        yield trial
    finally:
        trials.end(trial)


def _submit(client: Client, trial: LiveTrial, sample: HeaderPairs = ()) -> Answer:
    """Send a trial as a scan is sent, in a slot of the account's; a stale token is replaced once."""
    _wait_for_slot()
    fetch_headers = conf.FETCH_HEADERS
    submission = Submission(
        scan_id=trial.trial_id,
        url=addresses.endpoint_url("media", addresses.media_token(trial.trial_id), trials.FILE_NAME),
        file_name=trials.FILE_NAME,
        model=conf.MODEL,
        mask_type=conf.MASK_TYPE,
        sandbox=True,
        webhook_url=addresses.endpoint_url("webhook", trial.trial_id, addresses.webhook_token(trial.trial_id)),
        webhook_headers=sample or conf.WEBHOOK_HEADERS,
        fetch_headers=() if callable(fetch_headers) else fetch_headers,
        fetch_headers_key=conf.FETCH_HEADERS_KEY,
        developer_payload=trial.trial_id,
    )
    try:
        return client.submit(submission)
    except TokenError:
        return client.submit(submission)


def _check(client: Client, trial: LiveTrial, content: bytes) -> bytes:
    _wait_for_slot()
    for is_last in (False, True):
        try:
            return client.check(
                scan_id=trial.trial_id,
                file_name=trials.FILE_NAME,
                content=BytesIO(content),
                model=conf.MODEL,
                sandbox=True,
            )
        except TokenError:
            if is_last:
                raise
    raise AssertionError


def _wait_for_slot() -> None:
    wait, _is_ours = rate.reserve_slot(within=rate.LONGEST_WAIT)
    time.sleep(min(wait, rate.LONGEST_WAIT) / timedelta(seconds=1))


def _wait_for_callbacks(trial: LiveTrial, number: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        trial.refresh_from_db()
        if trial.callbacks >= number:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL)


def _no_callback(trial: LiveTrial, seconds: float) -> Finding:
    fetched = "has fetched the picture" if trial.fetches else "has not even fetched the picture"
    return problem(
        "no_callback",
        f"the provider took the picture, but no result came within {seconds:g} seconds; it {fetched}.",
        "Let Copyleaks reach PUBLIC_URL from outside, its media and its webhook; --wait SECONDS waits for longer.",
    )


def _repeat(client: Client, trial: LiveTrial, took: float) -> str:
    """Send the same id once more, which is as free, and tell what comes of it."""
    before = trial.callbacks
    try:
        status = str(_submit(client, trial).status)
    except CopyleaksError as error:
        return f"refused: {_told(error)}"
    again = _wait_for_callbacks(trial, before + 1, min(took + LONGER, 2 * LONGER))
    return f"accepted with {status}, {'called back again' if again else 'not called back again'}"


def _failure_of(client: Client, trial: LiveTrial, seconds: float) -> str:
    """Have something scanned that is no picture, and tell the shape of the failure."""
    try:
        _submit(client, trial)
    except CopyleaksError as error:
        return f"refused: {_told(error)}"
    if not _wait_for_callbacks(trial, 1, seconds):
        return f"no callback within {seconds:.0f} seconds"
    try:
        return failure_of(load_object(WebhookReceipt(body=bytes(trial.body)).payload()))
    except PayloadError:
        return "no JSON object"


def _come_with_the_callback(client: Client, trial: LiveTrial, seconds: float) -> str:
    """Ask for a header where the site asks for none, and tell whether the callback carries it."""
    try:
        _submit(client, trial, ((SAMPLE_HEADER, Secret(uuid4().hex)),))
    except CopyleaksError as error:
        return f"not asked for, and refused on trial: {_told(error)}"
    if not _wait_for_callbacks(trial, 1, seconds):
        return "not asked for, and no callback on trial"
    if SAMPLE_HEADER not in trial.header_names.split(", "):
        return "not asked for, and did not come on trial"
    return "not asked for, and came on trial: set WEBHOOK_HEADERS"


def _told(error: CopyleaksError) -> str:
    parts = (error.status, error.code and f"code {error.code}", error.slug)
    return ", ".join(str(it) for it in parts if it)


def _come(have: bool | None, is_function: bool = False) -> str:
    if is_function:
        return "not tried: FETCH_HEADERS is a function"
    return "not asked for" if have is None else "came" if have else "did not come"
