"""Directives that read the package, so that reference pages cannot say something else.

``.. commands::`` has a section for each command with its options, ``.. permissions::`` a table of them all.
"""

import argparse
from abc import ABC, abstractmethod
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db.models import Model
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.nodes import nested_parse_with_titles

APP = apps.get_app_config("copyleaks_image")
# Django's own, which its documentation has.
_OF_DJANGO = {action.dest for action in BaseCommand().create_parser("", "")._actions}


class FromCode(Directive, ABC):
    """Parses the lines of reStructuredText that a subclass writes."""

    @abstractmethod
    def lines(self) -> Iterator[str]: ...

    def run(self) -> list[nodes.Node]:
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, StringList(list(self.lines()), source=type(self).__name__), node)
        return node.children


class Commands(FromCode):
    def lines(self) -> Iterator[str]:
        for name in sorted(name for name, app in get_commands().items() if app == APP.name):
            yield from (f"``{name}``", "-" * (len(name) + 4), "")
            command = load_command_class(APP.name, name)
            yield from (_escaped(command.help), "")
            options = [action for action in command.create_parser("", name)._actions if action.dest not in _OF_DJANGO]
            for action in options:
                yield f"{_spelled(action)}"
                yield from (f"  {_escaped(_help(action))}", "")


class Permissions(FromCode):
    def lines(self) -> Iterator[str]:
        yield from dedent("""\
            .. list-table::
               :header-rows: 1

               * - Permission
                 - In words
            """).splitlines()
        for model in sorted(APP.get_models(), key=lambda model: model.__name__):
            for codename, words in _permissions(model):
                yield f"   * - ``{APP.label}.{codename}``"
                yield f"     - {words}"
        yield ""


def _permissions(model: type[Model]) -> Iterator[tuple[str, str]]:
    options = model._meta
    for action in options.default_permissions:
        yield f"{action}_{options.model_name}", f"Can {action} {options.verbose_name}"
    yield from ((codename, str(words)) for codename, words in options.permissions)


def _spelled(action: argparse.Action) -> str:
    takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    spelled = [f"``{option}{takes}``" for option in action.option_strings]
    return ", ".join(spelled or [f"``{action.metavar or action.dest}``"])


def _help(action: argparse.Action) -> str:
    told = (action.help or "") % vars(action)
    chosen = ", ".join(repr(choice) for choice in action.choices or ())
    return f"{told}. One of: {chosen}." if chosen else f"{told}."


def _escaped(text: Any) -> str:
    return str(text).replace("\\", r"\\").replace("*", r"\*").replace("`", r"\`")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("commands", Commands)
    app.add_directive("permissions", Permissions)
    return {"parallel_read_safe": True}
