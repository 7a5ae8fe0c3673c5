"""Tenants that have a schema each, as django-tenants gives them: for which one some work is done.

django-tenants keeps the schema on the database connection of a thread, and sets it for a request. What is done outside
of a request, in another thread or later, is told here for whom. Without django-tenants there is one tenant without a
name, and nothing here does anything.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction

P = ParamSpec("P")
T = TypeVar("T")
Piece = TypeVar("Piece")

# Of django-tenants, which declares no types.
_settings: Any = settings


class Tenant(Protocol):
    """A row of the project's tenant model, or what django-tenants has in its place where only a schema is known."""

    @property
    def schema_name(self) -> str: ...


class UnknownTenant(LookupError):
    """There is no tenant of that name, or no more."""


def are_used() -> bool:
    """Return whether the site has tenants."""
    return apps.is_installed("django_tenants")


def current() -> str:
    """Return the schema of this thread, "" where the site has no tenants or none is active."""
    name = _connection().schema_name if are_used() else ""
    return "" if name == _public() else name


def is_missing() -> bool:
    """Return whether the site has tenants and none is active here, so that there are no tables of ours."""
    return are_used() and not current()


def names() -> list[str]:
    """Return the name of the tenant that is active, for a message to another process; no name without one."""
    return [name] if (name := current()) else []


@contextmanager
def active(tenant: Tenant | None) -> Iterator[None]:
    """Work for a tenant in the block, whatever connections this thread has there; None leaves all as it is."""
    if tenant is None:
        yield
        return
    previous = _connection().tenant
    _connection().set_tenant(tenant)
    try:
        yield
    finally:
        _connection().set_tenant(previous)


@contextmanager
def kept() -> Iterator[None]:
    """Let this thread work for the same tenant after the block, which gives it other connections."""
    tenant = of_thread()
    yield
    if tenant is not None:
        _connection().set_tenant(tenant)


def carried(work: Callable[P, T]) -> Callable[P, T]:
    """Return the work as one for the tenant of now, whenever and in whichever thread it is done."""
    tenant = of_thread()
    if tenant is None:
        return work

    @wraps(work)
    def work_for_tenant(*args: P.args, **kwargs: P.kwargs) -> T:
        with active(tenant):
            return work(*args, **kwargs)

    return work_for_tenant


def carried_pieces(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Return an iterator each step of which is one for the tenant of now."""
    if not are_used():
        return pieces
    return iter(carried(lambda: next(pieces, None)), None)


def after_commit(work: Callable[[], object], *, using: str) -> None:
    """Do some work for the tenant of now once the transaction is committed; what it raises is logged."""
    transaction.on_commit(carried(work), using=using, robust=True)


def find(name: str) -> Tenant | None:
    """Return the tenant of a schema, None without a name and where there is none, such as the public one."""
    return _rows().filter(schema_name=name).first() if name and are_used() else None


def get(name: str) -> Tenant | None:
    """Return the tenant of a schema, None without a name; raise :class:`UnknownTenant` where there is none."""
    tenant = find(name)
    if name and tenant is None:
        raise UnknownTenant(f"There is no tenant {name!r}.")
    return tenant


def of_thread() -> Tenant | None:
    """Return for whom this thread works, be it nobody in the public schema; None without tenants."""
    return _connection().tenant if are_used() else None


def each() -> list[Tenant | None]:
    """Return for whom work of the whole site is to be done here, each for :func:`active`.

    All tenants whose schemas have our tables; only the one that is active, if one is; and None without tenants.
    """
    if not is_missing():
        return [of_thread()]
    return [tenant for tenant in _rows().order_by("pk") if has_app(_apps_of(tenant))]


def has_app(names: Collection[str], label: str = "copyleaks_image") -> bool:
    """Return whether an app is in a list as it may be in ``SHARED_APPS``: by its name, or by its configuration."""
    config = apps.get_app_config(label)
    return config.name in names or f"{type(config).__module__}.{type(config).__name__}" in names


def shared_apps() -> list[str]:
    """Return the apps whose tables are in the public schema."""
    return _of_types()[_public()]


def apps_of_tenants() -> list[str]:
    """Return the apps whose tables are in the schemas of some tenants."""
    return [name for of_type, names in _of_types().items() if of_type != _public() for name in names]


def _apps_of(tenant: Any) -> list[str]:
    types = _of_types()
    return types[tenant.get_tenant_type() if getattr(settings, "HAS_MULTI_TYPE_TENANTS", False) else ""]


def _of_types() -> dict[str, list[str]]:
    """Return the apps of each type of tenants, where there are several, and of the public schema."""
    if getattr(settings, "HAS_MULTI_TYPE_TENANTS", False):
        return {name: list(described["APPS"]) for name, described in _settings.TENANT_TYPES.items()}
    return {_public(): list(getattr(settings, "SHARED_APPS", ())), "": list(_settings.TENANT_APPS)}


def _rows() -> Any:
    model = apps.get_model(_settings.TENANT_MODEL)
    return model._base_manager.using(_alias()).exclude(schema_name=_public())


def _connection() -> Any:
    return connections[_alias()]


def _alias() -> str:
    return getattr(settings, "TENANT_DB_ALIAS", DEFAULT_DB_ALIAS)


def _public() -> str:
    return getattr(settings, "PUBLIC_SCHEMA_NAME", "public")
