"""The reasons from which moderators choose, as a project writes them in ``REVIEW_REASONS``."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils import translation
from django.utils.functional import Promise

# What may need a reason; a list without these words is for the first two.
VERBS = ("confirm", "clear", "escalate")
# There is a digit for each.
_MOST = 9
_LONGEST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """``name`` is what is stored, whatever language a moderator reads; ``label`` is in the reader's."""

    name: str
    label: str | Promise

    @property
    def needs_note(self) -> bool:
        """Return whether the reason says nothing without a note: it ends in an ellipsis, such as ``Other …``."""
        return self.name.endswith(("…", "..."))

    def __str__(self) -> str:
        return str(self.label)


def read_reasons(value: object) -> Mapping[str, tuple[Reason, ...]]:
    """Return the reasons of each of :data:`VERBS`; raise ValueError with the words that complete "must be …"."""
    if isinstance(value, list | tuple):
        value = {"confirm": value, "clear": value}
    if not isinstance(value, Mapping) or not set(value) <= set(VERBS):
        raise ValueError(f"a list of texts, or a dictionary of such lists for {', '.join(map(repr, VERBS))}")
    return MappingProxyType({verb: _reasons(value.get(verb, ())) for verb in VERBS})


def read_notes(value: object) -> tuple[str | Promise, ...]:
    """Return the texts that are offered for a note; raise ValueError."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str | Promise) for item in value):
        raise ValueError("a list of texts")
    if not all(0 < len(str(item)) <= 500 for item in value):
        raise ValueError("a list of texts of 1 to 500 characters")
    return tuple(value)


def _reasons(texts: object) -> tuple[Reason, ...]:
    if not isinstance(texts, list | tuple) or not all(isinstance(item, str | Promise) for item in texts):
        raise ValueError("a list of texts, for each decision")
    reasons = tuple(Reason(name=_untranslated(item), label=item) for item in texts)
    names = {reason.name for reason in reasons}
    if len(reasons) > _MOST or len(names) < len(reasons) or not all(0 < len(name) <= _LONGEST for name in names):
        raise ValueError(f"at most {_MOST} different texts of 1 to {_LONGEST} characters for each decision")
    return reasons


def _untranslated(text: str | Promise) -> str:
    """Return a text as it stands in the settings: what is counted by reason must not go by who has decided."""
    if isinstance(text, str):
        return text
    with translation.override(None):
        return str(text)
