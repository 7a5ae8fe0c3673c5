"""What tests in a real browser share; the fixtures are in ``conftest.py``."""

import json
import shutil
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")

IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium"),
]


def until(condition: Callable[[], Any], *, seconds: float = 10) -> Any:
    """Poll, because Playwright's own waiting needs eval, which the policy forbids."""
    deadline = monotonic() + seconds
    while not (value := condition()):
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.05)
    return value


def scrolls_sideways(page: Any) -> bool:
    root = "document.documentElement"
    return bool(page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))


def box(page: Any, selector: str) -> dict[str, float]:
    """Return where the first such element is in the window."""
    found: dict[str, float] = page.evaluate(
        f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()"
    )
    return found
