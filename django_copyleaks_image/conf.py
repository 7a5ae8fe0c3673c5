"""Every setting of the app, read live: ``COPYLEAKS_IMAGE[key]``, else ``COPYLEAKS_<key>``, else the default.

The dictionary wins over the environment, so ``override_settings`` works in tests. A value of the wrong type is
an :class:`~django.core.exceptions.ImproperlyConfigured` where it is used and a system check error before that;
neither ever quotes the value, which may be a secret.
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast, overload
from urllib.parse import urlsplit

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.module_loading import import_string

T = TypeVar("T")

DICT_NAME = "COPYLEAKS_IMAGE"
ENVIRONMENT_PREFIX = "COPYLEAKS_"


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


class Setting(Generic[T]):
    """One key: its default, how a value is checked, and how the environment variable is decoded.

    ``parse`` returns the value in its final type or raises ``ValueError`` with the words that complete
    "<key> must be …".
    """

    def __init__(
        self,
        default: object,
        parse: Callable[[object], T],
        doc: str,
        *,
        decode: Literal["str", "json", "list", "bool"] = "str",
    ) -> None:
        self.default = default
        self.parse = parse
        self.decode = decode
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Setting[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> "Setting[T] | T":
        if instance is None:
            return self
        problem = None
        try:
            return self.parse(self.raw())
        except ValueError as error:
            problem = str(error)
        # Raised outside the handler: its traceback would hold the value.
        raise ImproperlyConfigured(f"{DICT_NAME}[{self.key!r}] must be {problem}.")

    @property
    def environment_variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.key

    def raw(self) -> object:
        """Return the configured value before it is parsed; a decoding error of the environment is a ValueError."""
        configured = configured_dict()
        if self.key in configured:
            return configured[self.key]
        if self.environment_variable in os.environ:
            return self._from_environment()
        return self.default

    def _from_environment(self) -> object:
        env = environ.Env()
        name = self.environment_variable
        if self.decode == "str" and os.environ[name].startswith("$"):
            return os.environ[name]  # django-environ would take it for the name of another variable, and quote it.
        if self.decode == "bool":
            text = env.str(name).strip().lower()
            if text not in (*env.BOOLEAN_TRUE_STRINGS, "", "false", "off", "n", "no", "0"):
                raise ValueError(f"true or false (in the environment variable {name})")
            return text in env.BOOLEAN_TRUE_STRINGS
        if self.decode == "json":
            return self._json_or_text(name)
        return [item.strip() for item in env.list(name)] if self.decode == "list" else env.str(name)

    def _json_or_text(self, name: str) -> object:
        """Decode JSON; what is none may still be a text that fits, such as a dotted path."""
        text = environ.Env().str(name)
        try:
            return json.loads(text)
        except ValueError:
            pass
        try:
            self.parse(text)
        except ValueError as error:
            problem = f"{error}, as JSON (in the environment variable {name})"
        else:
            return text
        raise ValueError(problem)


def configured_dict() -> Mapping[str, object]:
    """Return ``settings.COPYLEAKS_IMAGE``, empty when the project has none."""
    configured = getattr(settings, DICT_NAME, {})
    if not isinstance(configured, Mapping):
        raise ImproperlyConfigured(f"{DICT_NAME} must be a dictionary.")
    return configured


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


def _secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    return Secret(_text(value))


def _origin(value: object) -> str:
    text = _text(value)
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


def _one_of(*choices: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError("one of " + ", ".join(repr(choice) for choice in choices))
        return value

    return parse


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def _number(
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


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number of at least 1")
    return value


def _whole_or_no_limit(value: object) -> int | None:
    if value is None:
        return None
    try:
        return _whole(value)
    except ValueError as error:
        problem = f"None or {error}"
    raise ValueError(problem)


def _whole_or_none(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("None or a whole number of at least 0")
    return value


def _field_labels(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(
        isinstance(label, str) and label.count(".") == 2 for label in value
    ):
        raise ValueError('a list of "app_label.Model.field" strings')
    return tuple(value)


def _reasons(value: object) -> tuple[str, ...]:
    """Return reasons as plain text; each is chosen by a digit, so there are nine at most."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str | Promise) for item in value):
        raise ValueError("a list of texts")
    reasons = tuple(str(item) for item in value)
    if len(reasons) > 9 or len(set(reasons)) < len(reasons) or not all(0 < len(item) <= 100 for item in reasons):
        raise ValueError("a list of at most nine different texts of 1 to 100 characters")
    return reasons


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


def _callables(value: object) -> tuple[Callable[..., Any], ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of dotted paths to functions")
    try:
        return tuple(_import_callable(path) for path in value)
    except ValueError as error:
        problem = f"a list, each item of which is {error}"
    raise ValueError(problem)


def _header_source(value: object) -> HeaderSource:
    if callable(value):
        return value
    if isinstance(value, str):
        return cast("Callable[[Any], Any]", _import_callable(value))
    return header_pairs(value)


def _import_callable_or_none(value: object) -> Callable[..., object] | None:
    return None if value in (None, "") else _import_callable(value)


def _import_callable(value: object) -> Callable[..., object]:
    try:
        found = import_string(_text(value))
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


def _timeout(value: object) -> tuple[float, float]:
    # The lease of a scan, 90 seconds, must outlast a call: connecting, sending and reading.
    problem = "a pair of seconds, [connect, read], both above 0, with connect + 2 × read of at most 80"
    positive = _number(above=0, at_most=60)
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(problem)
    try:
        connect, read = positive(value[0]), positive(value[1])
    except ValueError:
        raise ValueError(problem) from None
    if connect + 2 * read > 80:
        raise ValueError(problem)
    return connect, read


def _max_attempts(value: object) -> Mapping[str, int]:
    default = {"transient": 30, "unknown": 9}
    if not isinstance(value, Mapping) or not set(value) <= set(default):
        raise ValueError('a dictionary with the keys "transient" and "unknown"')
    return MappingProxyType(default | {key: _whole(tries) for key, tries in value.items()})


def _networks(value: object) -> tuple[IPv4Network | IPv6Network | None, ...]:
    """Return networks; None stands for a Unix socket, over which callers have no address."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError('a list of addresses or networks such as "10.0.0.0/8", or "unix"')
    try:
        return tuple(None if item == "unix" else ip_network(item) for item in value)
    except ValueError:
        problem = 'a list of addresses or networks such as "10.0.0.0/8", or "unix"'
    raise ValueError(problem)


_area = _number(at_least=0, at_most=1)


class Conf:
    """The settings, one attribute a key. Use the instance :data:`conf`."""

    EMAIL = Setting("", _text, "E-mail address of the Copyleaks account.")
    API_KEY = Setting("", _secret, "API key of the Copyleaks account.")
    PUBLIC_URL = Setting("", _origin, "Origin under which Copyleaks reaches this site.")
    FIELDS = Setting((), _field_labels, 'Watched fields, such as "gallery.Photo.image".', decode="list")
    MODE = Setting("async", _one_of("async", "sync"), '"sync" uploads the bytes: no public URL, no webhook.')
    SANDBOX = Setting(False, _flag, "Ask for free mock results, which are marked as such.", decode="bool")
    MODEL = Setting("ai-image-1-ultra", _text, "Detection model.")
    MASK_TYPE = Setting("heatmap", _one_of("heatmap", ""), 'Ask for the provider\'s own gradient picture; "" does not.')
    FIT = Setting(
        True, _flag, "Measure what Copyleaks would refuse, or could not read, on a copy that it takes.", decode="bool"
    )
    SMALL_PICTURES = Setting(
        "skip", _one_of("skip", "enlarge"), '"enlarge" measures pictures under 512 × 512 pixels on an enlarged copy.'
    )
    API_URL = Setting("https://api.copyleaks.com", _origin, "Origin of the Copyleaks API.")
    ID_URL = Setting("https://id.copyleaks.com", _origin, "Origin of the Copyleaks login.")
    FETCH_HEADERS = Setting(
        (), _header_source, "Header pairs that Copyleaks sends when it fetches a picture.", decode="json"
    )
    FETCH_HEADERS_KEY = Setting("headers", _text, "JSON key of the fetch headers.")
    WEBHOOK_HEADERS = Setting((), header_pairs, "Header pairs every callback must carry.", decode="json")
    WEBHOOK_VERIFIERS = Setting(
        (), _callables, "Functions (request) -> bool, all of which must let a callback in.", decode="list"
    )
    CLIENT_CERTIFICATE_HEADER = Setting(
        "", _text, "Request header in which a trusted proxy puts the thumbprint of the caller's TLS certificate."
    )
    TRUSTED_PROXIES = Setting(
        (), _networks, 'Addresses or networks whose headers are believed; "unix" for a socket.', decode="list"
    )
    MEDIA_ACCESS = Setting(
        "signed", _one_of("signed", "direct"), '"direct" hands out storage.url() instead of our media endpoint.'
    )
    DISPATCHER = Setting(
        "django_copyleaks_image.dispatch.outbox", _import_callable, "Called with the scan id after commit."
    )
    RATE_LIMIT = Setting(10, _number(above=0), "Submissions per second, for the account.", decode="json")
    TIMEOUT = Setting((5, 30), _timeout, "Connect and read timeout in seconds.", decode="json")
    MAX_ATTEMPTS = Setting({}, _max_attempts, "Tries per error class; permanent ones get one.", decode="json")
    RESULT_DEADLINE = Setting(
        3600,
        _number(above=0),
        "Seconds after submission until a missing result counts as lost.",
        decode="json",
    )
    RESULT_WINDOW = Setting(
        10,
        _whole_or_no_limit,
        "Pictures that may wait for a result while none has come since the first of them, None for no limit.",
        decode="json",
    )
    ON_LOST_RESULT = Setting(
        "resubmit", _one_of("resubmit", "fail"), "What happens to a lost result; a resubmission is paid."
    )
    DAILY_BUDGET = Setting(None, _whole_or_none, "Credits per UTC day, None for no limit.", decode="json")
    REVIEW_AREA = Setting(0.0, _area, "AI share of the area above which a scan goes to review.", decode="json")
    MOSTLY_AI_AREA = Setting(0.5, _area, "AI share of the area above which it is mostly AI.", decode="json")
    RENDITION_STORAGE = Setting(
        "", _text, "Alias in STORAGES where renditions are kept, a private one; empty keeps them in the database."
    )
    RENDITION_CACHE = Setting("default", _text, "Alias in CACHES where small renditions are kept for a while.")
    PICTURE_ACCESS = Setting(
        None, _import_callable_or_none, "A PictureAccess of the project: who may see and decide what in the admin."
    )
    REVIEW_REASONS = Setting(
        (), _reasons, "Reasons, one of which every decision to confirm or clear must name.", decode="json"
    )
    SECOND_LOOK_SHARE = Setting(
        0.0, _area, "Share of decided pictures that another moderator judges as well, blind.", decode="json"
    )
    WEBHOOK_MAX_BYTES = Setting(12_582_912, _whole, "Largest callback, in bytes; more is 413.", decode="json")
    RETENTION_DAYS = Setting(None, _whole_or_none, "Days until copyleaks_prune removes receipts.", decode="json")

    @classmethod
    def settings(cls) -> Iterator["Setting[Any]"]:
        """Yield every setting in the order of its definition."""
        for value in vars(cls).values():
            if isinstance(value, Setting):
                yield value


conf = Conf()
