"""How a picture stands and what a person can decide about it: the two tables from which everything is made.

What a site shows, the filters and figures, the buttons, keys and words of the review desk: all of them read
:data:`STANDINGS` and :data:`KINDS`. A standing or a kind without its line fails when this module is imported.
"""

from typing import Literal, NamedTuple, get_args

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

# What a site does with pictures of one kind.
Policy = Literal["hide", "show"]
Text = str | Promise


class Standing(TextChoices):
    """What is known about the picture that a field holds: one word for measurement and decision together."""

    WAITING = "waiting", _("Waiting for its scan")
    NOT_MEASURED = "not_measured", _("Not measured")
    NOT_A_PICTURE = "not_a_picture", _("Not a picture")
    CLEAN = "clean", _("Nothing to review")
    FLAGGED = "flagged", _("Flagged")
    CLEARED = "cleared", _("Cleared (false alarm)")
    CONFIRMED = "confirmed", _("Confirmed as AI")
    ESCALATED = "escalated", _("Escalated")


class Queue(TextChoices):
    """The queue of the review desk in which a picture waits for a person."""

    NONE = "", _("None")
    REVIEW = "review", _("Review")
    SECOND_LOOK = "second_look", _("Second look")
    ESCALATED = "escalated", _("Escalated")
    UNMEASURED = "unmeasured", _("Not measured")


# By name, since an index finds nothing by what a column is not.
WAITING_QUEUES = tuple(queue for queue in Queue if queue is not Queue.NONE)


class Kind(TextChoices):
    """What a person can do with a picture."""

    CONFIRMED = "confirmed", _("Confirmed as AI")
    CLEARED = "cleared", _("Cleared (false alarm)")
    ESCALATED = "escalated", _("Escalated")
    SKIPPED = "skipped", _("Skipped")
    ASSIGNED = "assigned", _("Assigned")
    NOTED = "noted", pgettext_lazy("decision", "Note")
    UNDONE = "undone", _("Undone")


class Seen(TextChoices):
    """Whether a person saw the picture about which they decided."""

    NOT_SAID = "", _("Not said")
    SEEN = "seen", _("Seen")
    LISTED = "listed", _("Seen among others")
    UNSEEN = "unseen", _("Decided without seeing the picture")


class StandingRule(NamedTuple):
    """What follows from a standing: ``shown`` always, never, or as the policy of this name says.

    ``sentence`` puts it behind the finding for the visitors of a site. A decision that ``denies_ai`` is contradicted by
    a result that needs a review, any other by one without AI.
    """

    shown: Literal["always", "never", "flagged", "unmeasured", "not_pictures"]
    is_by_verdict: bool = False
    denies_ai: bool = False
    sentence: Text = "%(finding)s"
    # What it is called of a picture that was never measured, where that is another word.
    unmeasured: Text = ""


class KindRule(NamedTuple):
    """What a kind of decision is: ``standing`` is what it gives the picture, None for what decides nothing.

    A final one answers whether the picture is AI, and may need a reason. ``button`` is that of the desk, empty for what
    has none. The other texts tell of it: what was done, what was undone, and what somebody else
    has done meanwhile. ``action`` is its name in the list of pictures, with the ``question`` before many of them are
    decided at once and the ``answer`` after it; empty for what is decided one by one. ``unmeasured`` has the words for
    pictures that were never measured, where they are others; ``made`` is then what was decided.
    """

    standing: Standing | None = None
    is_final: bool = False
    # Under which ``REVIEW_REASONS`` has its reasons, and ``REVIEW_KEYS`` its letter.
    verb: str = ""
    button: Text = ""
    # What a narrow screen leaves out of the button.
    button_rest: Text = ""
    done: Text = ""
    undone: Text = ""
    meanwhile: Text = ""
    action: str = ""
    question: Text = ""
    answer: Text = ""
    made: Text = ""
    unmeasured: "KindRule | None" = None

    @property
    def label(self) -> str:
        """Return the whole text of the button."""
        return f"{self.button} {self.button_rest}".rstrip()


STANDINGS: dict[Standing, StandingRule] = {
    Standing.WAITING: StandingRule(shown="unmeasured"),
    Standing.NOT_MEASURED: StandingRule(shown="unmeasured"),
    Standing.NOT_A_PICTURE: StandingRule(shown="not_pictures", sentence=_("Not a picture")),
    Standing.CLEAN: StandingRule(shown="always", is_by_verdict=True),
    Standing.FLAGGED: StandingRule(shown="flagged", is_by_verdict=True, sentence=_("%(finding)s; under review")),
    Standing.CLEARED: StandingRule(
        shown="always",
        denies_ai=True,
        sentence=_("%(finding)s; cleared by a moderator"),
        unmeasured=_("Shown without a measurement"),
    ),
    Standing.CONFIRMED: StandingRule(shown="never", sentence=_("%(finding)s; confirmed as AI by a moderator")),
    Standing.ESCALATED: StandingRule(shown="never", sentence=_("%(finding)s; under review")),
}

_CLEAR = KindRule(
    standing=Standing.CLEARED,
    is_final=True,
    verb="clear",
    button=pgettext_lazy("decision", "Clear"),
    button_rest=_("(false alarm)"),
    done=_("Cleared: %(picture)s."),
    undone=_("Undone: Cleared: %(picture)s."),
    meanwhile=_("%(person)s cleared this picture %(when)s. Nothing was changed."),
    action="clear_false_alarm",
    question=ngettext_lazy("Clear %(count)s picture?", "Clear %(count)s pictures?", "count"),
    answer=ngettext_lazy("%(count)s picture was cleared.", "%(count)s pictures were cleared.", "count"),
)
KINDS: dict[Kind, KindRule] = {
    Kind.CONFIRMED: KindRule(
        standing=Standing.CONFIRMED,
        is_final=True,
        verb="confirm",
        button=_("Confirm AI"),
        done=_("Confirmed as AI: %(picture)s."),
        undone=_("Undone: Confirmed as AI: %(picture)s."),
        meanwhile=_("%(person)s confirmed this picture as AI %(when)s. Nothing was changed."),
        action="confirm_ai",
        question=ngettext_lazy("Confirm %(count)s picture as AI?", "Confirm %(count)s pictures as AI?", "count"),
        answer=ngettext_lazy(
            "%(count)s picture was confirmed as AI.", "%(count)s pictures were confirmed as AI.", "count"
        ),
    ),
    Kind.CLEARED: _CLEAR._replace(
        unmeasured=_CLEAR._replace(
            button=_("Show it"),
            button_rest="",
            done=_("Shown without a measurement: %(picture)s."),
            undone=_("Undone: Shown without a measurement: %(picture)s."),
            meanwhile=_("%(person)s decided %(when)s to show this picture. Nothing was changed."),
            question=ngettext_lazy(
                "Show %(count)s picture that was never measured?",
                "Show %(count)s pictures that were never measured?",
                "count",
            ),
            answer=ngettext_lazy(
                "%(count)s picture that was never measured is shown.",
                "%(count)s pictures that were never measured are shown.",
                "count",
            ),
            made=_("Shown without a measurement"),
        ),
    ),
    Kind.ESCALATED: KindRule(
        standing=Standing.ESCALATED,
        verb="escalate",
        button=_("Escalate"),
        done=_("Escalated: %(picture)s."),
        undone=_("Undone: Escalated: %(picture)s."),
        meanwhile=_("%(person)s escalated this picture %(when)s. Nothing was changed."),
        action="escalate",
        question=ngettext_lazy("Escalate %(count)s picture?", "Escalate %(count)s pictures?", "count"),
        answer=ngettext_lazy("%(count)s picture was escalated.", "%(count)s pictures were escalated.", "count"),
    ),
    Kind.SKIPPED: KindRule(
        verb="skip",
        button=_("Skip"),
        done=_("Skipped: %(picture)s."),
        undone=_("Undone: Skipped: %(picture)s."),
    ),
    # To a person, of what is escalated: it goes on waiting.
    Kind.ASSIGNED: KindRule(
        verb="assign",
        button=_("Assign"),
        done=_("Assigned: %(picture)s."),
        undone=_("Undone: Assigned: %(picture)s."),
        meanwhile=_("%(person)s assigned this picture %(when)s. Nothing was changed."),
    ),
    # Beside what is decided.
    Kind.NOTED: KindRule(done=_("The note about %(picture)s was left.")),
    Kind.UNDONE: KindRule(meanwhile=_("%(person)s undid a decision about this picture %(when)s. Nothing was changed.")),
}


if _missing := [*(set(Standing) - STANDINGS.keys()), *(set(Kind) - KINDS.keys())]:
    raise TypeError(f"Without a line in the tables of standings and kinds: {_missing}.")

# What can be decided at all: skipping decides nothing, undoing takes back.
JUDGEMENTS = tuple(kind for kind, rule in KINDS.items() if rule.standing is not None)
# What answers whether a picture is AI.
FINAL = tuple(kind for kind, rule in KINDS.items() if rule.is_final)
# What changes nothing for anybody else.
SILENT = (Kind.SKIPPED, Kind.NOTED)
# What can name whom it is for.
FOR_A_PERSON = (Kind.ESCALATED, Kind.ASSIGNED)
# What a person can choose; undoing names what it undoes and has a function of its own.
CHOICES = tuple(kind for kind, rule in KINDS.items() if rule.button)
# The standings that are a person's word.
DECIDED = tuple(rule.standing for rule in KINDS.values() if rule.standing is not None)
DECIDED_FOR_GOOD = tuple(KINDS[kind].standing for kind in FINAL)
# Those that a verdict gives, as long as nobody has decided.
BY_VERDICT = tuple(standing for standing, rule in STANDINGS.items() if rule.is_by_verdict)


def rule_of(kind: str, verdict: str) -> KindRule:
    """Return what a decision is about a picture with a verdict, or without any."""
    rule = KINDS[Kind(kind)]
    return rule if verdict or rule.unmeasured is None else rule.unmeasured


def choices_in(queue: str) -> list[Kind]:
    """Return what can be chosen for a picture in a queue: what is escalated already is assigned instead."""
    refused = Kind.ESCALATED if queue == Queue.ESCALATED else Kind.ASSIGNED
    return [kind for kind in CHOICES if kind != refused]


def shown_standings(
    *, unmeasured: Policy = "hide", flagged: Policy = "hide", not_pictures: Policy = "show"
) -> frozenset[Standing]:
    """Return the standings of the pictures that may be shown.

    Raises ValueError for another policy than ``"hide"`` or ``"show"``.
    """
    policies = {"unmeasured": unmeasured, "flagged": flagged, "not_pictures": not_pictures}
    for policy in policies.values():
        if policy not in get_args(Policy):
            raise ValueError(f'Pictures are told to "hide" or to "show", not to {policy!r}.')
    is_shown = {"always": True, "never": False, **{name: policy == "show" for name, policy in policies.items()}}
    return frozenset(standing for standing, rule in STANDINGS.items() if is_shown[rule.shown])
