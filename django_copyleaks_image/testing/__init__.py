"""For the tests of a project: results without HTTP, and a local Copyleaks whose callbacks arrive in the test itself.

With pytest they are the fixtures ``copyleaks_results`` and ``copyleaks_emulator``, see :mod:`~.pytest_plugin`.
"""

from .emulator import CopyleaksEmulator
from .mixin import CopyleaksTestMixin
from .results import CopyleaksResults

__all__ = ["CopyleaksEmulator", "CopyleaksResults", "CopyleaksTestMixin"]
