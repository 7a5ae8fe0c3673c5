"""The session of requests that :mod:`.transport` sends by, whose connections a deadline can cut.

A module of its own, which is imported with the first connection: requests takes longer to import than all of the app,
and a site that takes uploads never speaks to Copyleaks.
"""

from collections.abc import Mapping
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

from . import deadlines

# What an exchange raises when the network fails, and which of that says that time was over.
NETWORK_ERRORS: tuple[type[Exception], ...] = (OSError, HTTPError, HTTPException)
TIMEOUTS: tuple[type[Exception], ...] = (requests.Timeout, Urllib3TimeoutError, TimeoutError)


def opened(headers: Mapping[str, str], *, pool_size: int) -> requests.Session:
    """Return a session that sends these headers and no others of its own, repeats nothing, and keeps no cookie."""
    session = requests.Session()
    adapter = _Adapter(pool_maxsize=pool_size, max_retries=0)
    for prefix in ("https://", "http://"):
        session.mount(prefix, adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.headers.clear()
    session.headers.update(headers)
    return session


class _Guarded:
    """Mixed into a connection of urllib3: the deadline of the exchange holds for it from its first byte on."""

    sock: Any

    def _new_conn(self) -> Any:
        connection = super()._new_conn()  # type: ignore[misc]
        if deadline := deadlines.current():
            deadline.guard(connection)
        return connection

    def putrequest(self, *arguments: Any, **options: Any) -> Any:
        # A connection that was kept from an earlier exchange; a new one is guarded already.
        if self.sock is not None and (deadline := deadlines.current()):
            deadline.guard(self.sock)
        return super().putrequest(*arguments, **options)  # type: ignore[misc]

    def _tunnel(self) -> None:
        super()._tunnel()  # type: ignore[misc]
        # The answer of a proxy that was cut looks as if it were complete.
        if (deadline := deadlines.current()) and deadline.has_cut:
            raise TimeoutError


class _Adapter(HTTPAdapter):
    """Makes connections that a deadline can cut, through proxies as well."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        _guard_connections_of(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if is_new:
            _guard_connections_of(manager)
        return manager


def _guard_connections_of(manager: Any) -> None:
    pools = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        guarded = type(f"Guarded{pool.ConnectionCls.__name__}", (_Guarded, pool.ConnectionCls), {})
        pools[scheme] = type(f"Guarded{pool.__name__}", (pool,), {"ConnectionCls": guarded})
    manager.pool_classes_by_scheme = pools
