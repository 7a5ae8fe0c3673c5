"""Every log entry of the package says which event it is, and ``docs/logging.rst`` lists all of them, and no other."""

import ast
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import django_copyleaks_image

PACKAGE = Path(django_copyleaks_image.__file__).parent
DOCUMENT = PACKAGE.parent / "docs" / "logging.rst"
LEVELS = {name: name for name in ("debug", "info", "warning", "error", "critical", "log")} | {"exception": "error"}
# What a record has of its own: logging refuses an ``extra`` of these names.
TAKEN = {*vars(logging.makeLogRecord({})), "message", "asctime"}
ABOUT_A_SCAN = {"scan_id", "field"}


class Call(NamedTuple):
    """One call of a logger; without an event where its ``extra`` names none as a plain text."""

    place: str
    logger: str
    level: str
    event: str | None
    extras: frozenset[str]


class Entry(NamedTuple):
    """What is said of all entries of one event."""

    levels: frozenset[str]
    loggers: frozenset[str]
    extras: frozenset[str]


@cache
def calls() -> list[Call]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (level := _level_of(node.func)):
                place = f"django_copyleaks_image/{inside}:{node.lineno}"
                found.append(Call(place, ".".join(inside.with_suffix("").parts), level, *_extra_of(node)))
    return found


def _level_of(function: ast.expr) -> str:
    """Return the level of ``logger.info`` and the like; empty where the function is none of a logger's."""
    if not isinstance(function, ast.Attribute):
        return ""
    of = function.value
    name = of.id if isinstance(of, ast.Name) else of.attr if isinstance(of, ast.Attribute) else ""
    return LEVELS.get(function.attr, "") if "logger" in name.lower() or name == "logging" else ""


def _extra_of(call: ast.Call) -> tuple[str | None, frozenset[str]]:
    """Return event and other names of ``extra={"event": "x", …}`` or ``extra=scan.event("x", …)``."""
    extra = next((keyword.value for keyword in call.keywords if keyword.arg == "extra"), None)
    if isinstance(extra, ast.Dict):
        values = {_text(key): value for key, value in zip(extra.keys, extra.values, strict=True)}
        return _text(values.pop("event", None)), frozenset(name for name in values if name)
    if isinstance(extra, ast.Call) and isinstance(extra.func, ast.Attribute) and extra.func.attr == "event":
        named = {keyword.arg for keyword in extra.keywords if keyword.arg}
        return _text(extra.args[0] if extra.args else None), frozenset(ABOUT_A_SCAN | named)
    return None, frozenset()


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def in_code() -> dict[str, Entry]:
    by_event: dict[str, list[Call]] = defaultdict(list)
    for call in calls():
        if call.event:
            by_event[call.event].append(call)
    return {
        event: Entry(
            frozenset(call.level for call in found),
            frozenset(call.logger for call in found),
            frozenset[str]().union(*(call.extras for call in found)),
        )
        for event, found in by_event.items()
    }


def documented() -> Iterator[tuple[str, Entry]]:
    for line in DOCUMENT.read_text().splitlines():
        if found := re.fullmatch(r"``(\w+)``, (\w+), ([^:]+)(?:: (.+))?", line):
            loggers, extras = (frozenset(re.findall(r"``([\w.]+)``", part or "")) for part in found.groups()[2:])
            yield found[1], Entry(frozenset({found[2]}), loggers, extras)


def line(event: str, entry: Entry) -> str:
    """Return the line that the document needs for an event."""
    loggers, extras = (", ".join(f"``{name}``" for name in sorted(names)) for names in (entry.loggers, entry.extras))
    return f"``{event}``, {'/'.join(sorted(entry.levels))}, {loggers}" + (f": {extras}" if extras else "")


def test_every_entry__says_which_event_it_is() -> None:
    nameless = [call.place for call in calls() if not (call.event and re.fullmatch(r"[a-z]+(_[a-z]+)*", call.event))]

    assert not nameless, (
        'Each call of a logger needs extra={"event": "short_name", …}, or extra=scan.event("short_name", …) where it '
        "is about a scan, with the name as a plain text in snake_case; and docs/logging.rst needs a line about it. Not "
        "so in:\n" + "\n".join(nameless)
    )


def test_what_is_beside_an_entry__has_no_name_that_logging_uses_itself() -> None:
    taken = [f"{call.place}: {name}" for call in calls() for name in call.extras & TAKEN]

    assert not taken, "logging raises KeyError for an extra of that name; choose another:\n" + "\n".join(taken)


def test_documented_events__are_those_of_the_code() -> None:
    code, document = in_code(), dict(documented())
    missing = [line(event, entry) for event, entry in code.items() if document.get(event) != entry]
    gone = sorted(document.keys() - code.keys())

    assert not missing, (
        "docs/logging.rst needs these lines under Events, each followed by an indented line that says what it means "
        "(the same event has the same level everywhere):\n" + "\n".join(missing)
    )
    assert not gone, f"docs/logging.rst lists events that no logger tells of any more; remove them: {gone}"
    assert len(document) == len(list(documented())), "docs/logging.rst lists an event twice."


@pytest.mark.parametrize("event", sorted(in_code()))
def test_documented_event__has_a_meaning(event: str) -> None:
    after = DOCUMENT.read_text().split(f"\n``{event}``, ", 1)[1].split("\n", 2)[1]

    assert re.match(r"    \S.*", after)
