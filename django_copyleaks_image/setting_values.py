"""What a setting may be: each function returns the value in its final type, or raises ValueError.

The error holds the words that complete "<key> must be …", and never the value, which may be a secret.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Any, TypeAlias, cast
from urllib.parse import urlsplit

from django.utils.module_loading import import_string


class Secret:
    """Text that no ``repr``, log line, traceback or template shows; :meth:`reveal` gives it for the one use."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret('********')" if self._text else "Secret('')"


HeaderPairs: TypeAlias = tuple[tuple[str, Secret], ...]
HeaderSource: TypeAlias = HeaderPairs | Callable[[Any], Any]


def plain_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    return Secret(plain_text(value))


def origin(value: object) -> str:
    text = plain_text(value)
    problem = "an origin such as https://photos.example.org, without query or fragment"
    if not text:
        return text
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host:
        raise ValueError(problem)
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(problem)
    return text.rstrip("/")


def origin_source(value: object) -> str | Callable[[Any], Any]:
    """Return an origin, or the function that returns one for a scan."""
    if callable(value):
        return value
    try:
        return origin(value)
    except ValueError as error:
        problem = f"{error}, or a function of the scan that returns one"
    if isinstance(value, str) and "/" not in value:
        with suppress(ValueError):
            return dotted_path(value)
    raise ValueError(problem)


def one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError("one of " + ", ".join(repr(choice) for choice in choices))
        return value

    return parse


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def number(
    *, above: float = -math.inf, at_least: float = -math.inf, at_most: float = math.inf
) -> Callable[[object], float]:
    bounds = [
        text
        for bound, text in (
            (above, f"above {above:g}"),
            (at_least, f"of at least {at_least:g}"),
            (at_most, f"of at most {at_most:g}"),
        )
        if math.isfinite(bound)
    ]
    problem = f"a number {' and '.join(bounds)}"

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(problem)
        if value <= above or value < at_least or value > at_most:
            raise ValueError(problem)
        return value

    return parse


def whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number of at least 1")
    return value


def whole_or_no_limit(value: object) -> int | None:
    if value is None:
        return None
    try:
        return whole(value)
    except ValueError as error:
        problem = f"None or {error}"
    raise ValueError(problem)


def whole_or_none(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("None or a whole number of at least 0")
    return value


def watched_fields(value: object) -> tuple[str, ...] | Mapping[str, Mapping[str, Any]]:
    """Return labels, or labels with options as :func:`~.registry.register` takes them."""
    are_named = isinstance(value, list | tuple | Mapping)
    if not are_named or not all(isinstance(it, str) and it.count(".") == 2 for it in cast("Any", value)):
        raise ValueError('a list of "app_label.Model.field" strings, or a dictionary of them with options')
    if not isinstance(value, Mapping):
        return tuple(cast("Any", value))
    if not all(isinstance(options, Mapping) for options in value.values()):
        raise ValueError('a dictionary of "app_label.Model.field" strings with dictionaries of options')
    return MappingProxyType({label: MappingProxyType(dict(options)) for label, options in value.items()})


def _header_text(value: object) -> bool:
    return isinstance(value, str) and not any(character in value for character in "\r\n\0")


def header_pairs(value: object) -> HeaderPairs:
    """Return header pairs with their values hidden; raise ValueError for anything else than pairs of strings."""
    problem = 'a list of ["Name", "Value"] pairs of strings without line breaks'
    if not isinstance(value, list | tuple):
        raise ValueError(problem)
    pairs: list[tuple[str, Secret]] = []
    for pair in value:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError(problem)
        name, content = pair
        if isinstance(content, Secret):
            content = content.reveal()
        if not (_header_text(name) and name.strip() and _header_text(content)):
            raise ValueError(problem)
        pairs.append((name, Secret(content)))
    return tuple(pairs)


def dotted_paths(value: object) -> tuple[Callable[..., Any], ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of dotted paths to functions")
    try:
        return tuple(dotted_path(path) for path in value)
    except ValueError as error:
        problem = f"a list, each item of which is {error}"
    raise ValueError(problem)


def header_source(value: object) -> HeaderSource:
    if callable(value):
        return value
    if isinstance(value, str):
        return cast("Callable[[Any], Any]", dotted_path(value))
    return header_pairs(value)


def dotted_path_or_none(value: object) -> Callable[..., object] | None:
    return None if value in (None, "") else dotted_path(value)


def dotted_path(value: object) -> Callable[..., object]:
    try:
        found = import_string(plain_text(value))
    except (ImportError, ValueError) as error:
        problem = 'a dotted path that can be imported, such as "package.module.function"'
        # The value may be a header in the wrong place, so only what another module lacks is named.
        if isinstance(error, ImportError) and error.name and not str(value).startswith(error.name):
            problem += f" (it needs the module {error.name!r})"
    else:
        if callable(found):
            return cast("Callable[..., object]", found)
        problem = "a dotted path to a callable"
    raise ValueError(problem)


class Kept(StrEnum):
    """What may stay of a picture that is gone."""

    SHA256 = "sha256"
    DECISION = "decision"
    NOTE = "note"


def kept(value: object) -> frozenset[Kept]:
    if not isinstance(value, list | tuple | set | frozenset) or not all(it in list(Kept) for it in value):
        raise ValueError('a list of "sha256", "decision" and "note", or of some of them')
    return frozenset(map(Kept, value))


def dispatcher(value: object) -> Callable[..., object]:
    """Return the function; one of our own is named in full, since a short name is that of another package."""
    if value in ("outbox", "inline", "tasks", "celery"):
        raise ValueError(f'a dotted path: the short name stands for "django_copyleaks_image.dispatch.{value}"')
    return dotted_path(value)


def call_timeout(value: object) -> tuple[float, float]:
    # The lease of a scan, 90 seconds, must outlast a call: connecting, sending and reading.
    problem = "a pair of seconds, [connect, read], both above 0, with connect + 2 × read of at most 80"
    positive = number(above=0, at_most=60)
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(problem)
    try:
        connect, read = positive(value[0]), positive(value[1])
    except ValueError:
        raise ValueError(problem) from None
    if connect + 2 * read > 80:
        raise ValueError(problem)
    return connect, read


def max_attempts(value: object) -> Mapping[str, int]:
    default = {"transient": 30, "unknown": 9}
    if not isinstance(value, Mapping) or not set(value) <= set(default):
        raise ValueError('a dictionary with the keys "transient" and "unknown"')
    return MappingProxyType(default | {key: whole(tries) for key, tries in value.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertReceivers:
    """Who is told of alerts beside the receivers of signals: the managers by mail, and an address that JSON is sent to.

    ``site`` is the origin of the admin for links, empty for ``PUBLIC_URL``.
    """

    mail: bool = False
    webhook: Secret = field(default_factory=lambda: Secret(""))
    site: str = ""


def alert_receivers(value: object) -> AlertReceivers:
    if not isinstance(value, Mapping) or not set(value) <= {"mail", "webhook", "site"}:
        raise ValueError('a dictionary with the keys "mail", "webhook" and "site"')
    if not isinstance(value.get("mail", False), bool):
        raise ValueError('a dictionary whose "mail" is True or False')
    webhook = value.get("webhook", "")
    if isinstance(webhook, Secret):
        webhook = webhook.reveal()
    if not isinstance(webhook, str) or (webhook and not _is_web_address(webhook)):
        raise ValueError('a dictionary whose "webhook" is an address such as https://hooks.example.org/…')
    try:
        site = origin(value.get("site", ""))
    except ValueError as error:
        problem = f'a dictionary whose "site" is {error}'
    else:
        return AlertReceivers(mail=bool(value.get("mail")), webhook=Secret(webhook), site=site)
    raise ValueError(problem)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and text.isprintable()
        and " " not in text
    )


def networks(value: object) -> tuple[IPv4Network | IPv6Network | None, ...]:
    """Return networks; None stands for a Unix socket, over which callers have no address."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError('a list of addresses or networks such as "10.0.0.0/8", or "unix"')
    try:
        return tuple(None if item == "unix" else ip_network(item) for item in value)
    except ValueError:
        problem = 'a list of addresses or networks such as "10.0.0.0/8", or "unix"'
    raise ValueError(problem)


area = number(at_least=0, at_most=1)
