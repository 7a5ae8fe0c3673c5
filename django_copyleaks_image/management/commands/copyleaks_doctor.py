"""``copyleaks_doctor``: find out, step by step, why scans do not end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests
from django.core.checks import Tags, run_checks
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone

from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.models import scans
from django_copyleaks_image.scanning import account, addresses

HEARTBEAT = timedelta(minutes=2)


class Problem(Exception):
    """What a step found wrong, and what to do."""


class Command(BaseCommand):
    help = "Check settings, account, public address, worker and queue; exit status 1 if a step finds a problem."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        steps: list[tuple[str, Callable[[], str]]] = [
            ("Settings", _settings),
            ("Account", _account),
            ("Pause and budget", _pause_and_budget),
            ("Public address", _public_address),
            ("Worker", _worker),
            ("Queue", _queue),
        ]
        failed = 0
        for name, step in steps:
            try:
                self.stdout.write(f"{self.style.SUCCESS('ok'):<4} {name}: {step()}")
            except Problem as problem:
                failed += 1
                self.stdout.write(f"{self.style.ERROR('!!'):<4} {name}: {problem}")
        if failed:
            raise CommandError(f"{failed} of {len(steps)} steps found a problem.")


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


def _account() -> str:
    try:
        left = client_from_settings().credits()
    except CopyleaksError as error:
        raise Problem(f"{error.message} ({error.slug}) Check EMAIL, API_KEY, API_URL and ID_URL.") from None
    if left <= 0:
        raise Problem("there are no credits left; buy some.")
    return f"the login works, {left} credits are left."


def _pause_and_budget() -> str:
    state = account.state()
    if state.paused_at is not None:
        raise Problem(
            f"paused since {state.paused_at:%Y-%m-%d %H:%M} UTC: {state.pause_message} ({state.pause_reason})"
        )
    left = account.budget_left()
    if left == 0:
        raise Problem("today's DAILY_BUDGET is used up; scans wait for the next UTC day.")
    return "not paused; " + ("there is no budget." if left is None else f"{left} credits of today's budget are left.")


def _public_address() -> str:
    if conf.MODE == "sync":
        return "not needed in synchronous mode."
    url = addresses.door_url("webhook", "doctor", "nobody")
    try:
        status = requests.post(url, json={}, timeout=conf.TIMEOUT, allow_redirects=False).status_code
    except requests.RequestException as error:
        raise Problem(f"PUBLIC_URL cannot be reached from here ({type(error).__name__}).") from None
    if status != 404:  # Ours refuses a stranger with 404; a login page or a proxy answers something else.
        raise Problem(f"the webhook answered {status} instead of 404: a proxy, a redirect or a login stands before it.")
    return "the webhook answers there (seen from this machine, not from outside)."


def _worker() -> str:
    seen_at = account.state().worker_seen_at
    if seen_at is None:
        raise Problem("no worker was ever seen: run copyleaks_worker.")
    if timezone.now() - seen_at > HEARTBEAT:
        raise Problem(f"the last worker was seen at {seen_at:%Y-%m-%d %H:%M} UTC: run copyleaks_worker.")
    return "a worker is running."


def _queue() -> str:
    counts = scans().unfinished().values_list("status").annotate(count=Count("pk")).order_by("status")
    waiting = ", ".join(f"{count} {status}" for status, count in counts) or "nothing waits"
    oldest = scans().unfinished().order_by("created_at").first()
    if oldest is not None and timezone.now() - oldest.created_at > timedelta(seconds=2 * conf.RESULT_DEADLINE):
        raise Problem(f"{waiting}; the oldest scan {oldest.scan_id} waits: {oldest.error_code or 'for a worker'}.")
    return f"{waiting}."
