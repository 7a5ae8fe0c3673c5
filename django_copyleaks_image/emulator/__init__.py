"""A local Copyleaks: every endpoint this app uses on one origin, with real fetches, callbacks and faults.

It is a stand-in for development and tests and uses no model and no database. Source of its behaviour: the
public documentation of Copyleaks and recorded answers; what is unknown there is said where it is decided.
"""

from .emulator import Emulator
from .ledger import Entry, Ledger
from .options import Options

__all__ = ["Emulator", "Entry", "Ledger", "Options"]
