"""The single keys of the review desk, as a project chooses them in ``REVIEW_KEYS``."""

import re
from collections.abc import Mapping
from types import MappingProxyType

# What is done at the desk, and the letter that does it; where its key lies counts on layouts without Latin letters.
DEFAULT_KEYS = MappingProxyType(
    {"confirm": "a", "clear": "c", "escalate": "e", "assign": "t", "skip": "s", "undo": "u", "note": "n"}
)
# The letters that do something with the picture, see ``js/stage-keys.js``, and some more that may come to.
PICTURE_KEYS = frozenset("bdfghrwz")


def read_keys(value: object) -> Mapping[str, str]:
    """Return the letter of everything that is done; raise ValueError with the words that complete "must be …"."""
    if not isinstance(value, Mapping) or not set(value) <= DEFAULT_KEYS.keys():
        raise ValueError(f"a dictionary of letters for {', '.join(map(repr, DEFAULT_KEYS))}")
    if not all(isinstance(key, str) and re.fullmatch("[a-z]", key) for key in value.values()):
        raise ValueError("a dictionary of single small letters from a to z")
    keys = {**DEFAULT_KEYS, **value}
    if len(set(keys.values())) < len(keys):
        raise ValueError("a dictionary of different letters, also from the defaults of what it leaves out")
    if taken := PICTURE_KEYS.intersection(keys.values()):
        raise ValueError(f"a dictionary without {', '.join(sorted(taken))}, which are for the picture")
    return MappingProxyType(keys)
