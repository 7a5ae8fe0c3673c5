"""Every setting of the app, read live: ``COPYLEAKS_IMAGE[key]``, else ``COPYLEAKS_<key>``, else the default.

The dictionary wins over the environment, so ``override_settings`` works in tests. A value of the wrong type is
an :class:`~django.core.exceptions.ImproperlyConfigured` where it is used and a system check error before that;
neither ever quotes the value, which may be a secret.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar, overload

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from . import setting_values as values
from .review_keys import read_keys
from .review_reasons import read_notes, read_reasons

T = TypeVar("T")

DICT_NAME = "COPYLEAKS_IMAGE"
ENVIRONMENT_PREFIX = "COPYLEAKS_"


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


class Conf:
    """The settings, one attribute a key. Use the instance :data:`conf`."""

    ENABLED = Setting(
        True,
        values.flag,
        "False has saves and deletions do nothing, and the worker submit nothing; for the tests of a project.",
        decode="bool",
    )
    EMAIL = Setting("", values.plain_text, "E-mail address of the Copyleaks account.")
    API_KEY = Setting("", values.secret, "API key of the Copyleaks account.")
    PUBLIC_URL = Setting(
        "",
        values.origin_source,
        "Origin under which Copyleaks reaches this site, or a function of the scan that returns it.",
    )
    FIELDS = Setting((), values.watched_fields, 'Watched fields, such as "gallery.Photo.image".', decode="list")
    MODE = Setting("async", values.one_of("async", "sync"), '"sync" uploads the bytes: no public URL, no webhook.')
    SANDBOX = Setting(False, values.flag, "Ask for free mock results, which are marked as such.", decode="bool")
    MODEL = Setting("ai-image-1-ultra", values.plain_text, "Detection model.")
    MASK_TYPE = Setting(
        "heatmap", values.one_of("heatmap", ""), 'Ask for the provider\'s own gradient picture; "" does not.'
    )
    FIT = Setting(
        True,
        values.flag,
        "Measure what Copyleaks would refuse, or could not read, on a copy that it takes.",
        decode="bool",
    )
    SMALL_PICTURES = Setting(
        "skip",
        values.one_of("skip", "enlarge"),
        '"enlarge" measures pictures under 512 × 512 pixels on an enlarged copy.',
    )
    API_URL = Setting("https://api.copyleaks.com", values.origin, "Origin of the Copyleaks API.")
    ID_URL = Setting("https://id.copyleaks.com", values.origin, "Origin of the Copyleaks login.")
    FETCH_HEADERS = Setting(
        (), values.header_source, "Header pairs that Copyleaks sends when it fetches a picture.", decode="json"
    )
    FETCH_HEADERS_KEY = Setting("headers", values.plain_text, "JSON key of the fetch headers.")
    WEBHOOK_HEADERS = Setting((), values.header_pairs, "Header pairs every callback must carry.", decode="json")
    WEBHOOK_VERIFIERS = Setting(
        (), values.dotted_paths, "Functions (request) -> bool, all of which must let a callback in.", decode="list"
    )
    CLIENT_CERTIFICATE_HEADER = Setting(
        "",
        values.plain_text,
        "Request header in which a trusted proxy puts the thumbprint of the caller's TLS certificate.",
    )
    TRUSTED_PROXIES = Setting(
        (), values.networks, 'Addresses or networks whose headers are believed; "unix" for a socket.', decode="list"
    )
    REFETCH_SECONDS = Setting(
        900,
        values.whole_or_none,
        "Seconds for which a picture that was fetched whole may be fetched again, None until its scan is answered.",
        decode="json",
    )
    MEDIA_ACCESS = Setting(
        "signed", values.one_of("signed", "direct"), '"direct" hands out storage.url() instead of our media endpoint.'
    )
    DISPATCHER = Setting(
        "django_copyleaks_image.dispatch.outbox", values.dispatcher, "Called with the scan id after commit."
    )
    RATE_LIMIT = Setting(10, values.number(above=0), "Submissions per second, for the account.", decode="json")
    TIMEOUT = Setting((5, 30), values.call_timeout, "Connect and read timeout in seconds.", decode="json")
    MAX_ATTEMPTS = Setting({}, values.max_attempts, "Tries per error class; permanent ones get one.", decode="json")
    RESULT_DEADLINE = Setting(
        3600,
        values.number(above=0),
        "Seconds after submission until a missing result counts as lost.",
        decode="json",
    )
    RESULT_WINDOW = Setting(
        10,
        values.whole_or_no_limit,
        "Pictures that may wait for a result while none has come since the first of them, None for no limit.",
        decode="json",
    )
    ON_LOST_RESULT = Setting(
        "resubmit", values.one_of("resubmit", "fail"), "What happens to a lost result; a resubmission is paid."
    )
    DAILY_BUDGET = Setting(None, values.whole_or_none, "Credits per UTC day, None for no limit.", decode="json")
    BALANCE_WARNING_DAYS = Setting(
        7,
        values.whole_or_none,
        "Days of use for which the credits should be enough, None for any.",
        decode="json",
    )
    REVIEW_AREA = Setting(0.0, values.area, "AI share of the area above which a scan goes to review.", decode="json")
    MOSTLY_AI_AREA = Setting(0.5, values.area, "AI share of the area above which it is mostly AI.", decode="json")
    RENDITION_STORAGE = Setting(
        "",
        values.plain_text,
        "Alias in STORAGES where renditions are kept, a private one; empty keeps them in the database.",
    )
    RENDITION_CACHE = Setting(
        "default", values.plain_text, "Alias in CACHES where small renditions are kept for a while."
    )
    PICTURE_ACCESS = Setting(
        None, values.dotted_path_or_none, "A PictureAccess of the project: who may see and decide what in the admin."
    )
    REST_ADMIN_SITE = Setting(
        "admin", values.plain_text, "Name of the admin site whose users and rules the REST API has."
    )
    REVIEW_REASONS = Setting(
        (), read_reasons, "Reasons, one of which every decision to confirm, clear or escalate must name.", decode="json"
    )
    REVIEW_NOTES = Setting((), read_notes, "Texts that are offered where a moderator writes a note.", decode="json")
    REVIEW_KEYS = Setting(
        {}, read_keys, "Letters of the review desk, where they are not to be those it comes with.", decode="json"
    )
    SECOND_LOOK_SHARE = Setting(
        0.0, values.area, "Share of decided pictures that another moderator judges as well, blind.", decode="json"
    )
    WEBHOOK_MAX_BYTES = Setting(12_582_912, values.whole, "Largest callback, in bytes; more is 413.", decode="json")
    OVERDUE_HOURS = Setting(
        None,
        values.whole_or_none,
        "Hours after which a waiting picture is overdue: queue_overdue is sent.",
        decode="json",
    )
    METRICS_TOKEN = Setting("", values.secret, "Bearer token of whoever may read the metrics; nobody without one.")
    ALERTS = Setting(
        {},
        values.alert_receivers,
        'Who is told of trouble: {"mail": True} the MANAGERS, {"webhook": "https://…"} a chat.',
        decode="json",
    )
    RETENTION_DAYS = Setting(
        None,
        values.whole_or_none,
        "Days until receipts, and what is left of deleted pictures, are removed by the worker or copyleaks_prune.",
        decode="json",
    )
    ERASE_KEEPS = Setting(
        ("sha256", "decision"),
        values.kept,
        'What stays of pictures that are erased, or gone for RETENTION_DAYS: "sha256", "decision", "note".',
        decode="list",
    )

    DELETED_MODERATORS = Setting(
        "name",
        values.one_of("name", "pseudonym"),
        'What the log says of a moderator whose account was deleted: the "name", or a "pseudonym".',
    )

    @classmethod
    def settings(cls) -> Iterator["Setting[Any]"]:
        """Yield every setting in the order of its definition."""
        for value in vars(cls).values():
            if isinstance(value, Setting):
                yield value


conf = Conf()


def is_enabled() -> bool:
    """Return whether pictures are scanned at all; a value that is wrong, as E003 tells, switches nothing off."""
    try:
        return conf.ENABLED
    except ImproperlyConfigured:
        return True
