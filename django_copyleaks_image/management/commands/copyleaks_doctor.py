"""``copyleaks_doctor``: find out, step by step, why scans do not end."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import requests
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.db.models import Count
from django.urls import NoReverseMatch
from django.utils import timezone

from django_copyleaks_image import outcomes, registry
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.database_errors import told
from django_copyleaks_image.models import scans
from django_copyleaks_image.scanning import account, addresses, circuit, liveness, mends, refused

# Larger than the limits that proxies have by default, smaller than what WEBHOOK_MAX_BYTES allows.
LARGE_BODY = 8_000_000
# The statuses of the webhook's address that have a cause of their own.
_REFUSALS = {
    400: "the site refuses its own name: add the host of PUBLIC_URL to ALLOWED_HOSTS.",
    412: "the headers of WEBHOOK_HEADERS do not arrive there (web servers drop names with an underscore), or, with "
    "CLIENT_CERTIFICATE_HEADER, the proxy that sends it on is none of TRUSTED_PROXIES: every callback is refused.",
    404: "another site answers there, or this one under another path or with another SECRET_KEY.",
}


class Problem(Exception):
    """What a step found wrong, and what to do."""


class Command(BaseCommand):
    help = "Check settings, account, public address, worker and queue; exit status 1 if a step finds a problem."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        steps: list[tuple[str, Callable[[], str]]] = [
            ("Settings", _settings),
            ("Watched fields", _watched_fields),
            ("Account", _account),
            ("Pause and budget", _pause_and_budget),
            ("Public address", _public_address),
            ("Callbacks", _callbacks),
            ("Worker", _worker),
            ("Queue", _queue),
        ]
        failed = 0
        for name, step in steps:
            try:
                self.stdout.write(f"{self.style.SUCCESS('ok'):<4} {name}: {_without_traceback(step)}")
            except Problem as problem:
                failed += 1
                self.stdout.write(f"{self.style.ERROR('!!'):<4} {name}: {problem}")
        if failed:
            raise CommandError(f"{failed} of {len(steps)} steps found a problem.")


def _without_traceback(step: Callable[[], str]) -> str:
    """Return what a step says; what it cannot do for want of a setting, table or address is a problem like others."""
    try:
        return step()
    except ImproperlyConfigured as error:
        raise Problem(str(error)) from None
    except NoReverseMatch:
        raise Problem("the URLs of django_copyleaks_image are not included.") from None
    except DatabaseError as error:
        raise Problem(f"the database refuses: {told(error)}.") from None


def _settings() -> str:
    tags = [Tags.compatibility, Tags.urls, Tags.models, Tags.security]
    errors = [
        message
        for message in run_checks(tags=tags, databases=[])
        if message.id and message.id.startswith("copyleaks_image.") and message.is_serious()
    ]
    if errors:
        raise Problem(" ".join(f"{message.msg} {message.hint or ''}" for message in errors))
    return "all keys are sound."


def _watched_fields() -> str:
    watched = ", ".join(label for field in registry.all_watched() for label in field.named_labels)
    if not watched:
        raise Problem("none, so nothing is ever scanned: name them in FIELDS or with register().")
    return f"{watched}."


def _account() -> str:
    try:
        left = client_from_settings().credits()
    except CopyleaksError as error:
        raise Problem(f"{error.message} ({error.slug}) {outcomes.advice(error.slug)}") from None
    if left <= 0:
        raise Problem("there are no credits left; buy some.")
    return f"the login works; credits left: {left}."


def _pause_and_budget() -> str:
    state = account.state()
    if state.restored_at is not None:
        raise Problem(
            f"everything is held since {state.restored_at:%Y-%m-%d %H:%M} UTC, because the database was restored: call "
            "copyleaks_restored to see what is known, and copyleaks_restored --go-on to go on."
        )
    if state.paused_at is not None:
        raise Problem(
            f"submissions are paused since {state.paused_at:%Y-%m-%d %H:%M} UTC: "
            f"{outcomes.in_words(state.pause_values, state.pause_message)} "
            f"({state.pause_reason}) {mends.mend(state)} {mends.what_comes_then(state)}"
        )
    left = account.budget_left()
    if circuit.waits_for_results():
        raise Problem(
            f"the last {conf.RESULT_WINDOW} pictures were accepted, and no result has come since; the next ones wait "
            "for it. If that lasts for minutes, nothing reaches the webhook from outside."
        )
    if left == 0:
        raise Problem("today's DAILY_BUDGET is used up; scans wait for the next UTC day.")
    return "not paused; " + ("there is no budget." if left is None else f"credits left of today's budget: {left}.")


def _public_address() -> str:
    if conf.MODE == "sync":
        return "not needed in synchronous mode."
    if not conf.PUBLIC_URL:
        raise Problem("PUBLIC_URL is not set.")
    status = _probe(b"{}")
    if status != HTTPStatus.NO_CONTENT:
        reason = _REFUSALS.get(status, "a proxy, a redirect or a login stands before the webhook.")
        raise Problem(f"PUBLIC_URL answered {status}: {reason}")
    status = _probe(b'{"padding":"' + b"0" * min(LARGE_BODY, conf.WEBHOOK_MAX_BYTES - 100) + b'"}')
    if status != HTTPStatus.NO_CONTENT:
        raise Problem(
            f"PUBLIC_URL answered {status} to a callback of {LARGE_BODY // 1_000_000} MB, though not to a small one: a "
            "proxy limits bodies (nginx: client_max_body_size), so that the results of pictures with marks are lost. "
            "Let it pass WEBHOOK_MAX_BYTES."
        )
    return "the webhook answers there, to large callbacks as well (seen from this machine, not from outside)."


def _probe(body: bytes) -> int:
    """Return the status that the webhook's address answers to a body for no scan, with the headers of a callback."""
    headers = {"Content-Type": "application/json", **{name: value.reveal() for name, value in conf.WEBHOOK_HEADERS}}
    url = addresses.probe_url()
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=conf.TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        raise Problem(f"PUBLIC_URL cannot be reached from here ({type(error).__name__}).") from None
    return answer.status_code


def _callbacks() -> str:
    wrong_tokens, unknown_scans = refused.lately()
    if wrong_tokens:
        raise Problem(
            f"at least {wrong_tokens} since yesterday, for scans that wait, had a wrong token, so their results are "
            "lost: if SECRET_KEY was changed, add the old one to SECRET_KEY_FALLBACKS."
        )
    if unknown_scans and account.state().restored_at is None:
        raise Problem(
            f"at least {unknown_scans} since yesterday were about scans that this database does not know: if a backup "
            "was restored, call copyleaks_restored."
        )
    return "none that look like our own were refused."


def _worker() -> str:
    state = account.state()
    if state.worker_seen_at is None:
        raise Problem("no worker was ever seen: run copyleaks_worker.")
    if not liveness.is_worker_there(state, timezone.now()):
        raise Problem(f"the last worker was seen at {state.worker_seen_at:%Y-%m-%d %H:%M} UTC: run copyleaks_worker.")
    return "a worker is running."


def _queue() -> str:
    counts = scans().unfinished().values_list("status").annotate(count=Count("pk")).order_by("status")
    waiting = ", ".join(f"{count} {status}" for status, count in counts) or "nothing waits"
    stuck = scans().filter(liveness.is_stuck(timezone.now())).order_by("created_at").first()
    if stuck is not None:
        reason = stuck.error_code or "for a worker"
        raise Problem(f"{waiting}; the oldest scan that is stuck, {stuck.scan_id}, waits: {reason}.")
    return f"{waiting}."
