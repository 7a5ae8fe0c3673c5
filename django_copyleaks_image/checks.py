"""System checks: one id each, with its heading in ``docs/checks.rst``. No message quotes a configured value."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import DEFAULT_STORAGE_ALIAS, STATICFILES_STORAGE_ALIAS, settings
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import CheckMessage, Error, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, InMemoryStorage, storages
from django.db import DatabaseError, router
from django.db.models import FileField
from django.utils import timezone

from . import connection_pool, dispatch, registry
from .check_registry import PREFIX, register
from .conf import DICT_NAME, Conf, conf, configured_dict
from .models import account_row, home_database
from .redaction import without_credentials
from .scanning import evidence, mends, silence

# Callbacks cannot carry what is asked for under these names.
_SET_BY_OTHERS = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "host", "transfer-encoding", "x-forwarded-for"}
    | {"x-forwarded-host", "x-forwarded-proto", "forwarded", "via"}
)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@register(Tags.compatibility)
def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """Check the dictionary, its keys and every value, wherever it comes from."""
    try:
        configured = configured_dict()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=f"Set {DICT_NAME} = {{…}}.", id=f"{PREFIX}.E001")]
    return [*_unknown_keys(set(configured)), *_wrong_values()]


def _unknown_keys(keys: set[str]) -> Iterator[CheckMessage]:
    known = {setting.key for setting in Conf.settings()}
    for key in sorted(keys - known, key=str):
        yield Error(
            f"{DICT_NAME} has the unknown key {key!r}.",
            hint=f"Remove it, or use one of: {', '.join(sorted(known))}.",
            id=f"{PREFIX}.E002",
        )


def _wrong_values() -> Iterator[CheckMessage]:
    for setting in Conf.settings():
        try:
            getattr(conf, setting.key)
        except ImproperlyConfigured as error:
            yield Error(
                str(error),
                hint=f"Correct {DICT_NAME}[{setting.key!r}] or the environment variable "
                f"{setting.environment_variable}.",
                id=f"{PREFIX}.E003",
            )


def _value(key: str) -> Any:
    """Return a setting, None when it is wrong: E003 has said so."""
    try:
        return getattr(conf, key)
    except ImproperlyConfigured:
        return None


@register(Tags.compatibility)
def check_account(**kwargs: Any) -> list[CheckMessage]:
    """Check that there is an account, and that it is spoken to over https."""
    messages: list[CheckMessage] = [
        Error(
            f"{DICT_NAME}[{key!r}] is not set.",
            hint=f"Set it, or the environment variable COPYLEAKS_{key}. The key is on the dashboard of your account.",
            id=f"{PREFIX}.E004",
        )
        for key in ("EMAIL", "API_KEY")
        if _value(key) is not None and not _value(key)
    ]
    messages += [
        Warning(
            f"{DICT_NAME}[{key!r}] is not https: the account's credentials would travel in plain text.",
            hint="Use https, or a loopback address for the emulator.",
            id=f"{PREFIX}.W012",
        )
        for key in ("API_URL", "ID_URL")
        if (url := _value(key)) and not _is_https(url) and not _is_local(url)
    ]
    return messages


@register(Tags.security)
def check_client_certificates(**kwargs: Any) -> list[CheckMessage]:
    """Check that a header which anybody can send is believed from a proxy only."""
    if not _value("CLIENT_CERTIFICATE_HEADER") or _value("TRUSTED_PROXIES"):
        return []
    return [
        Error(
            f"{DICT_NAME}['CLIENT_CERTIFICATE_HEADER'] is set, but no proxy is trusted: every callback is refused.",
            hint=f"Name the proxy that sets the header in {DICT_NAME}['TRUSTED_PROXIES'].",
            id=f"{PREFIX}.E013",
        )
    ]


@register(Tags.security)
def check_webhook_headers(**kwargs: Any) -> list[CheckMessage]:
    """Check that the headers which callbacks must carry can arrive at all."""
    problem = "has an underscore in the name of a header: web servers drop such headers, so every callback is refused."
    pairs = _value("WEBHOOK_HEADERS") or ()
    found: list[CheckMessage] = [
        Error(
            f"{DICT_NAME}[{key!r}] {problem}",
            hint="Use hyphens instead of underscores.",
            id=f"{PREFIX}.E023",
        )
        for key, has_underscore in (
            ("WEBHOOK_HEADERS", any("_" in name for name, _ in pairs)),
            ("CLIENT_CERTIFICATE_HEADER", "_" in (_value("CLIENT_CERTIFICATE_HEADER") or "")),
        )
        if has_underscore
    ]
    if any(name.strip().lower() in _SET_BY_OTHERS for name, _ in pairs):
        found.append(
            Warning(
                f"{DICT_NAME}['WEBHOOK_HEADERS'] names a header that HTTP itself, or a proxy, sets anew on the way.",
                hint="Use a name of your own, such as X-Copyleaks-Secret.",
                id=f"{PREFIX}.W027",
            )
        )
    return found


@register(Tags.database)
def check_pause(**kwargs: Any) -> list[CheckMessage]:
    """Report paused submissions; asked for by ``check --database``, like every check that queries."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        state = account_row().exclude(paused_at=None).first()
    except DatabaseError:  # Not migrated yet.
        return []
    if state is None:
        return []
    return [
        Warning(
            f"Submissions are paused since {state.paused_at:%Y-%m-%d %H:%M} UTC ({state.pause_reason}): "
            f"{state.pause_message}",
            hint=f"{mends.mend(state)} {mends.what_comes_then(state)}",
            id=f"{PREFIX}.W014",
        )
    ]


@register(Tags.database)
def check_large_callbacks(**kwargs: Any) -> list[CheckMessage]:
    """Report that of the results lately all with marks were lost, which are the large ones."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        lost = evidence.lost_large_results()
    except DatabaseError:  # Not migrated yet.
        return []
    if not lost:
        return []
    return [
        Warning(
            f"{lost} results were lost lately, while small ones came and none that was large: something before the "
            "site refuses large callbacks, which are those of pictures with marks.",
            hint="Let the proxy before the site pass bodies of WEBHOOK_MAX_BYTES (nginx: client_max_body_size), then "
            "run copyleaks_scan --status result_lost --pay-again.",
            id=f"{PREFIX}.W028",
        )
    ]


@register(Tags.database)
def check_worker(**kwargs: Any) -> list[CheckMessage]:
    """Report scans that wait while nobody submits or sweeps; with an engine, one may go on without the other."""
    if home_database() not in (kwargs.get("databases") or ()):
        return []
    try:
        problem = silence.why_scans_wait(timezone.now())
    except (DatabaseError, ImproperlyConfigured):  # Not migrated yet, or E003 has said so.
        return []
    if not problem:
        return []
    return [
        Warning(
            f"Scans wait, and {problem}.",
            hint="Keep copyleaks_worker running, or let Celery beat run copyleaks_image.sweep every minute; "
            "the worker's log may say what keeps it.",
            id=f"{PREFIX}.W017",
        )
    ]


@register(Tags.compatibility)
def check_connections(**kwargs: Any) -> list[CheckMessage]:
    """Compare Django's own pool of connections with the threads that a worker has by default."""
    limit, wanted = (
        connection_pool.limit_of(home_database()),
        connection_pool.wanted_for(connection_pool.DEFAULT_THREADS),
    )
    if limit is None or limit >= wanted:
        return []
    return [
        Warning(
            f"The connection pool of the database {home_database()!r} has at most {limit}, of which copyleaks_worker "
            f"with {connection_pool.DEFAULT_THREADS} threads would use {wanted}: its threads wait for each other.",
            hint=f"Set OPTIONS['pool']['max_size'] of that database to {wanted} or more.",
            id=f"{PREFIX}.W030",
        )
    ]


@register(Tags.compatibility)
def check_engine(**kwargs: Any) -> list[CheckMessage]:
    """Check that the task engine behind the dispatcher is there, and takes tasks."""
    engine = dispatch.engine_of(_value("DISPATCHER"))
    if not engine:
        return []
    try:
        module = dispatch.load(engine)
    except Exception as error:  # noqa: BLE001 - whatever the project's own settings of the engine lead to
        return [
            Error(
                f"The engine behind {DICT_NAME}['DISPATCHER'] cannot be used: {without_credentials(str(error))}",
                hint="Install it with the extra tasks or celery of django-copyleaks-image; Django Tasks need a backend "
                "'default' with a queue 'default'.",
                id=f"{PREFIX}.E015",
            )
        ]
    if engine == "celery" and not module.has_app():
        return [
            Warning(
                "Celery knows no app of the project, so scans would be sent to a broker on localhost.",
                hint="Import the app in the __init__.py of the project, as Celery's documentation for Django shows.",
                id=f"{PREFIX}.W018",
            )
        ]
    return []


def _submits_in_the_request() -> bool:
    engine = dispatch.engine_of(_value("DISPATCHER"))
    try:
        return bool(engine and dispatch.load(engine).runs_in_the_request())
    except Exception:  # noqa: BLE001 - E015 has said so
        return False


@register(Tags.files)
def check_rendition_storage(**kwargs: Any) -> list[CheckMessage]:
    """Check that renditions are kept where web processes find them, and the public does not."""
    alias = _value("RENDITION_STORAGE")
    if not alias or not (problem := _problem_of_storage(alias)):
        return []
    return [
        Error(
            f"{DICT_NAME}['RENDITION_STORAGE'] cannot be used: {problem}.",
            hint="Name a private entry of STORAGES that web processes and workers share, or leave it empty to keep "
            "renditions in the database.",
            id=f"{PREFIX}.E024",
        )
    ]


def _problem_of_storage(alias: str) -> str:
    if alias in (DEFAULT_STORAGE_ALIAS, STATICFILES_STORAGE_ALIAS):
        return "it is the storage of what everybody may see"
    try:
        storage = storages[alias]
    except Exception as error:  # noqa: BLE001 - whatever the project's own storage leads to
        return f"the storage cannot be made ({type(error).__name__})"
    if isinstance(storage, InMemoryStorage):
        return "each process would have its own"
    if isinstance(storage, FileSystemStorage):
        location = Path(storage.location).resolve()
        public = [Path(root).resolve() for root in (settings.MEDIA_ROOT, settings.STATIC_ROOT) if root]
        if any(location.is_relative_to(root) for root in public):
            return "its folder is within MEDIA_ROOT or STATIC_ROOT, which everybody may see"
    return ""


@register(Tags.security, deploy=True)
def check_decoding(**kwargs: Any) -> list[CheckMessage]:
    """Check that a hostile picture cannot take all memory of the machine."""
    if find_spec("resource") is not None:
        return []
    return [
        Warning(
            "This Python cannot limit the memory of a process: pictures are decoded with a limit of time alone.",
            hint="Run the worker where the module resource is available, as on Linux and macOS.",
            id=f"{PREFIX}.W035",
        )
    ]


def _is_https(url: str) -> bool:
    return urlsplit(url).scheme == "https"


def _is_local(url: str | None) -> bool:
    return url is not None and urlsplit(url).hostname in LOOPBACK


@register(Tags.models)
def check_fields(**kwargs: Any) -> list[CheckMessage]:
    """Check that every watched field exists, holds a file, and belongs to objects that a scan can name."""
    named = [(label, partial(_resolved_file_field, label)) for label in _value("FIELDS") or ()]
    named += [
        (f"{model._meta.label}.{name}", partial(registry.file_field, model, name))
        for registered, name in registry.registered()
        for model in registry.concrete_models(registered) or [registered]
    ]
    return [
        Error(
            f"{label} cannot be watched: {problem}",
            hint=f"Name a FileField or ImageField as app_label.Model.field in {DICT_NAME}['FIELDS'] or in register().",
            id=f"{PREFIX}.E007",
        )
        for label, find in named
        if (problem := _problem_of(find))
    ]


def _resolved_file_field(label: str) -> FileField:
    return registry.file_field(*registry.resolve(label))


def _problem_of(find: Callable[[], FileField]) -> str:
    try:
        find()
    except (LookupError, ImproperlyConfigured) as error:
        return str(error)
    return ""


@register(Tags.models)
def check_that_something_is_watched(**kwargs: Any) -> list[CheckMessage]:
    """Check that there is anything to scan: otherwise uploads would pass in silence."""
    if _value("FIELDS") is None or _value("FIELDS") or registry.registered():
        return []
    return [
        Warning(
            "No field is watched, so no upload is ever scanned.",
            hint=f"Name fields in {DICT_NAME}['FIELDS'], or use register() or @scan_images.",
            id=f"{PREFIX}.W021",
        )
    ]


@register(Tags.compatibility)
def check_project(**kwargs: Any) -> list[CheckMessage]:
    """Check what the app relies on in the project besides its own settings."""
    messages: list[CheckMessage] = []
    if not settings.USE_TZ:
        messages.append(
            Error(
                "USE_TZ is off: leases and deadlines would jump with the clocks, and no result could be stored.",
                hint="Set USE_TZ = True.",
                id=f"{PREFIX}.E019",
            )
        )
    if router.db_for_write(get_user_model()) != home_database():
        messages.append(
            Error(
                "Scans and users are in different databases, so that no scan could name who decides about it.",
                hint="Let the router send copyleaks_image, contenttypes and the user model to the same database.",
                id=f"{PREFIX}.E020",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_deployment(**kwargs: Any) -> list[CheckMessage]:
    """Check what is fine in development only."""
    messages: list[CheckMessage] = []
    if _value("SANDBOX"):
        messages.append(
            Warning(
                f"{DICT_NAME}['SANDBOX'] is on: every result is a mock.",
                hint="Turn it off where real pictures are moderated.",
                id=f"{PREFIX}.W010",
            )
        )
    if isinstance(caches["default"], LocMemCache | DummyCache):
        messages.append(
            Warning(
                "The default cache is not shared by processes, so each of them logs in to Copyleaks by itself; "
                "all together may do so 10 times in 15 minutes, and beyond that scans wait.",
                hint="Use a shared cache, for example Redis or the database cache.",
                id=f"{PREFIX}.W011",
            )
        )
    if _submits_in_the_request():
        messages.append(
            Warning(
                f"{DICT_NAME}['DISPATCHER'] submits pictures while their upload waits for an answer.",
                hint="Use dispatch.outbox, or an engine whose tasks run in a worker of their own.",
                id=f"{PREFIX}.W016",
            )
        )
    return messages
