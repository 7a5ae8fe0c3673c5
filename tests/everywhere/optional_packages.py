"""Packages that only some tests need: without them those are skipped, unless tox says that it has installed them."""

import os
from importlib import import_module
from typing import Any

import pytest


def needed(name: str, *, package: str) -> Any:
    """Import a module, for a test or for all tests of the module that calls this."""
    try:
        return import_module(name)
    except ImportError:
        reason = f"needs {package}"
        if os.environ.get("EVERYWHERE_REQUIRED"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason, allow_module_level=True)
