"""Hides the tokens of our endpoints' addresses, in whatever holds them.

They are known by their shape, so that it matters neither where the project has included the URLs nor which key has
signed: what follows the id of a scan in an address, and a signature alone, which begins with a mark of ours.
"""

import copy
import re
from typing import Any, TypeVar, cast

__all__ = ["redacted"]

T = TypeVar("T")

HIDDEN = "[hidden]"
# What all our signatures begin with. A hash or a signature of the project's own has their alphabet and length.
MARK = "clsig_"
# What stands in addresses of others, in the errors of a storage, a broker or a proxy: passwords and signatures.
_CREDENTIAL = re.compile(
    r"(://[^/\s:@]*:)[^/\s]+(?=@)|([?&][\w-]*(?:sig|signature|credential|token|key|secret|password)=)[^&\s'\"<>)]+",
    re.IGNORECASE,
)
# What nests deeper than this is nobody's log entry; a structure that holds itself ends here, too.
DEPTH = 8

_SCAN_ID = "(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|doctor(?:-[0-9a-f]{28})?)"
# Slashes may be doubled, and an address may stand encoded in another one.
_SLASHES, _COLON = "(?:/|%(?:25)*2f)+", "(?::|%(?:25)*3a)"
# Log entries and reports cut off long texts, and with them tokens: what is left of one after an id is hidden as well.
_TOKEN = re.compile(
    rf"(webhook{_SLASHES}{_SCAN_ID}{_SLASHES}|{_SCAN_ID}{_COLON}|{MARK})[\w-]{{16,}}",
    re.ASCII | re.IGNORECASE,
)
# Every address and every signature has a word as long as this, and hardly anything else does: looked for first.
_LONG = 36
_LONG_WORD = re.compile(rf"[\w-]{{{_LONG}}}", re.ASCII)


def redacted(value: T, *, depth: int = DEPTH) -> T:
    """Return a text, bytes, or lists and dictionaries of them, without tokens; the very same object if it holds none.

    Anything else is returned as it is, and so is what nests deeper than ``depth``.
    """
    return cast("T", _redacted(value, depth))


def without_credentials(text: str) -> str:
    """Return a text of somebody else, such as the message of a storage's error, without passwords and signatures."""
    return _CREDENTIAL.sub(lambda match: (match[1] or match[2]) + HIDDEN, redacted(text))


def _redacted(value: Any, depth: int) -> Any:
    # Not isinstance(), which would have a lazy object find out what it is: the user of a request by a query.
    kind = type(value)
    if issubclass(kind, str):
        return _redacted_text(value)
    if issubclass(kind, bytes) and len(value) >= _LONG:
        text = value.decode("latin-1")
        clean = _redacted_text(text)
        return value if clean is text else clean.encode("latin-1")
    if not depth:
        return value
    if issubclass(kind, dict):
        # By the methods of dict itself: those of a MultiValueDict show the last of several values.
        changed = {key: clean for key, item in dict.items(value) if (clean := _redacted(item, depth - 1)) is not item}
        if changed:
            value = copy.copy(value)
            dict.update(value, changed)
    elif issubclass(kind, list | tuple):
        items = [_redacted(item, depth - 1) for item in value]
        if any(clean is not item for clean, item in zip(items, value, strict=True)):
            return items if issubclass(kind, list) else tuple(items)
    return value


def _redacted_text(text: str) -> str:
    if len(text) < _LONG or not _LONG_WORD.search(text):
        return text
    clean = _TOKEN.sub(_hidden, text)
    return text if clean == text else clean


def _hidden(match: re.Match[str]) -> str:
    # The mark would only say what was hidden.
    return HIDDEN if match[1].lower() == MARK else match[1] + HIDDEN
