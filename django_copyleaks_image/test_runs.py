"""Whether this is a run of the project's tests, which must reach no account by surprise."""

import os
import sys
from ipaddress import ip_address
from urllib.parse import urlsplit

from .conf import conf


def is_test_run() -> bool:
    """Return whether Django's test environment is set up, as its runner and pytest-django do, or pytest runs a test.

    Nothing is imported to find that out: where the module of the environment was not, none is set up.
    """
    state = getattr(sys.modules.get("django.test.utils"), "_TestState", None)
    return hasattr(state, "saved_data") or "PYTEST_CURRENT_TEST" in os.environ


def is_nearby(url: str) -> bool:
    """Return whether an address is of this machine or its network: a loopback or private one, or a name without a dot.

    The emulator is there, and Copyleaks is not.
    """
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host


def would_reach_the_account() -> bool:
    """Return whether a submission of this process would be one of a test to Copyleaks itself."""
    return is_test_run() and not is_nearby(conf.API_URL)
