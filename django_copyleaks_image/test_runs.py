"""Whether this is a run of the project's tests, which must reach no account by surprise."""

import os
import sys

from .conf import conf
from .copyleaks.public import may_be_public


def is_test_run() -> bool:
    """Return whether Django's test environment is set up, as its runner and pytest-django do, or pytest runs a test.

    Nothing is imported to find that out: where the module of the environment was not, none is set up.
    """
    state = getattr(sys.modules.get("django.test.utils"), "_TestState", None)
    return hasattr(state, "saved_data") or "PYTEST_CURRENT_TEST" in os.environ


def would_reach_the_account() -> bool:
    """Return whether a submission of this process would be one of a test to Copyleaks itself.

    The emulator is on this machine or its network, where Copyleaks is not.
    """
    return is_test_run() and may_be_public(conf.API_URL)
