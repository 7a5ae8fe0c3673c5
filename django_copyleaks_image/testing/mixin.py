"""The same for ``unittest``."""

from typing import Any
from unittest import TestCase

from .emulator import CopyleaksEmulator
from .results import CopyleaksResults


class CopyleaksTestMixin(TestCase):
    """Mix it into Django's ``TestCase`` or ``TransactionTestCase``, before it.

    ``copyleaks_results`` works in ``setUpTestData`` as well, as ``cls.copyleaks_results``.
    """

    copyleaks_results = CopyleaksResults()

    def start_copyleaks_emulator(self, **options: Any) -> CopyleaksEmulator:
        """Start a local Copyleaks for the rest of this test, and return it; call it before the first upload."""
        return self.enterContext(CopyleaksEmulator(**options))
