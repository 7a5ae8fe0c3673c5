"""The steps about the account: whether it can be used, and whether anything is sent."""

from django.utils import timezone

from django_copyleaks_image import outcomes
from django_copyleaks_image.conf import conf
from django_copyleaks_image.copyleaks.client import client_from_settings
from django_copyleaks_image.copyleaks.errors import CopyleaksError
from django_copyleaks_image.outcomes import Code
from django_copyleaks_image.scanning import account, circuit, logins, mends

from .findings import Finding, fine, problem, skipped


def access() -> Finding:
    """Ask for the credits, which needs a token; one that another process shares is used as it is."""
    try:
        with logins.sparing():
            left = client_from_settings().credits()
    except CopyleaksError as error:
        if error.slug == Code.LOGIN_LIMIT:
            return _not_asked()
        return problem(error.slug, f"{error.message} ({error.slug})", outcomes.advice(error.slug))
    if left <= 0 and not conf.SANDBOX:
        return problem("no_credits", "there are no credits left.", "Buy some.")
    return fine(f"the login works; credits left: {left}.")


def _not_asked() -> Finding:
    """Return what workers have found: one more login would be missing to them."""
    number = logins.lately()
    text = f"this site has logged in {number} times within a quarter of an hour, and Copyleaks locks out who does so 12"
    text += " times"
    advice = outcomes.advice(Code.LOGIN_LIMIT)
    if number >= logins.LIMIT:
        return problem(Code.LOGIN_LIMIT, f"{text}: workers wait as well.", advice)
    row = account.state()
    known = ""
    if row.credits_left is not None and row.credits_left_at is not None:
        known = f" A worker found {row.credits_left} credits at {row.credits_left_at:%Y-%m-%d %H:%M} UTC."
    return skipped(Code.LOGIN_LIMIT, f"{text}: the rest is left to the workers, and nothing was asked.{known}", advice)


def pause_and_budget() -> Finding:
    state = account.state()
    if state.restored_at is not None:
        return problem(
            "restored",
            f"everything is held since {state.restored_at:%Y-%m-%d %H:%M} UTC, because the database was restored.",
            "Call copyleaks_restored to see what is known, and copyleaks_restored --go-on to go on.",
        )
    if state.paused_at is not None:
        return problem(
            state.pause_reason or "paused",
            f"submissions are paused since {state.paused_at:%Y-%m-%d %H:%M} UTC: "
            f"{outcomes.in_words(state.pause_values, state.pause_message)} ({state.pause_reason})",
            f"{mends.mend(state)} {mends.what_comes_then(state)}",
        )
    if circuit.waits_for_results():
        return problem(
            Code.AWAITS_RESULTS,
            f"the last {conf.RESULT_WINDOW} pictures were accepted, and no result has come since; the next ones wait "
            "for it.",
            "Wait for some minutes. If none comes, nothing reaches the webhook from outside.",
        )
    left = account.budget_left()
    if left == 0:
        now = timezone.now()
        return problem(
            Code.BUDGET_EXHAUSTED,
            f"the DAILY_BUDGET of {now:%Y-%m-%d} (UTC) is used up; scans wait for the next day.",
            str(Code.BUDGET_EXHAUSTED.advice),
        )
    return fine(
        "not paused; " + ("there is no budget." if left is None else f"credits left of today's budget: {left}.")
    )
