"""Whether a command line of a file is one: the command exists, and takes these options with these values."""

import shlex

import gunicorn.config
import uvicorn
from click import ClickException
from django.core.management import CommandError, get_commands, load_command_class


class WrongCommand(Exception):
    """A command line that does not run as it stands there."""


def check(line: str) -> None:
    """Parse a command line as its command does, and run nothing; raise WrongCommand for what it refuses."""
    program, *arguments = shlex.split(line)
    try:
        if program == "python" and arguments[0] == "manage.py":
            _, name, *options = arguments
            command = load_command_class(get_commands()[name], name)
            command.create_parser("manage.py", name).parse_args(options)
        elif program == "gunicorn":
            gunicorn.config.Config().parser().parse_args(arguments)
        elif program == "uvicorn":
            uvicorn.main.make_context("uvicorn", arguments)
        else:
            raise WrongCommand(f"Nobody knows how to check: {line}")
    except (CommandError, ClickException, KeyError, SystemExit) as error:
        raise WrongCommand(f"It is refused: {line} ({error})") from None
