"""One login serves everybody, and a refused one is not repeated."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import override_settings

from django_copyleaks_image import connection_pool
from django_copyleaks_image.copyleaks import login_limit, shared_cache
from django_copyleaks_image.copyleaks import token as token_module
from django_copyleaks_image.copyleaks.errors import (
    AuthenticationError,
    CopyleaksError,
    RateLimitError,
    TokenError,
    TransientError,
)
from django_copyleaks_image.copyleaks.shared_cache import SharedCache
from django_copyleaks_image.copyleaks.token import TokenStore
from django_copyleaks_image.copyleaks.transport import Transport
from django_copyleaks_image.setting_values import Secret

from . import caches
from .accounts import API_KEY, EMAIL
from .server import TOKEN, Reply, Request, Server, login_reply

LOGIN = "/v3/account/login/api"


def store_of(server: Server, **changes: Any) -> TokenStore:
    """Return a store as another process would have it: the cache is all that they share."""
    account: dict[str, Any] = {"email": EMAIL, "api_key": Secret(API_KEY), "id_url": server.url}
    return TokenStore(Transport(timeout=(5, 5), pool_size=4), **(account | changes))


def expiring(text: str) -> Reply:
    return Reply(body=json.dumps({"access_token": TOKEN, ".expires": text}).encode())


def in_iso(seconds: float, suffix: str = ".0690016Z") -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds)) + suffix


def test_login__as_documented(vendor: Server) -> None:
    assert store_of(vendor).get() == Secret(TOKEN)

    (login,) = vendor.requests
    assert (login.method, login.path) == ("POST", LOGIN)
    assert json.loads(login.body) == {"email": EMAIL, "key": API_KEY}
    assert login.headers["Content-Type"] == "application/json"
    assert "Authorization" not in login.headers


def test_second_process__reuses_the_token(vendor: Server) -> None:
    assert store_of(vendor).get() == store_of(vendor).get()
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("seconds", "suffix", "logins"),
    [
        (290, ".0690016Z", 2),
        (-10, ".0690016Z", 2),
        (400, ".0690016Z", 1),
        # 400 seconds from now, as read on a clock two hours ahead, and on one two hours behind.
        (2 * 3600 + 400, ".0690016+02:00", 1),
        (400 - 2 * 3600, "-02:00", 1),
        (2 * 3600 + 200, ".0690016+02:00", 2),
    ],
)
def test_token__is_renewed_when_less_than_five_minutes_are_left(
    vendor: Server, seconds: float, suffix: str, logins: int
) -> None:
    vendor.answer(LOGIN, expiring(in_iso(seconds, suffix)))
    store = store_of(vendor)
    store.get()
    store.get()

    assert len(vendor.requests) == logins


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "sometime"])
def test_token__without_a_usable_expiry_is_kept_for_a_while(vendor: Server, text: str) -> None:
    vendor.answer(LOGIN, expiring(text))
    store = store_of(vendor)
    store.get()
    store.get()

    assert len(vendor.requests) == 1


def test_changed_credentials__never_reuse_the_token(vendor: Server) -> None:
    vendor.answer(LOGIN, *(login_reply(f"token{number}") for number in range(4)))
    changes: list[dict[str, Any]] = [{}, {"email": "x@example.org"}, {"api_key": Secret("new")}]
    tokens = {store_of(vendor, **change).get() for change in changes}

    assert len(tokens) == len(vendor.requests) == 3
    assert store_of(vendor).get() in tokens
    assert len(vendor.requests) == 3


def test_cache_key__holds_no_secret(vendor: Server) -> None:
    store_of(vendor).get()

    keys = list(cache._cache)  # type: ignore[attr-defined]
    assert len(keys) == 1
    assert not any(text in keys[0] for text in (API_KEY, EMAIL, TOKEN))


def test_concurrent_threads_and_processes__log_in_once(vendor: Server) -> None:
    vendor.answer(LOGIN, Reply(body=login_reply().body, delay=0.3))
    stores = [store_of(vendor) for _ in range(3)]
    start = threading.Barrier(12)

    def get(number: int) -> Secret:
        start.wait()
        return stores[number % 3].get()

    with ThreadPoolExecutor(12) as pool:
        tokens = set(pool.map(get, range(12)))

    assert tokens == {Secret(TOKEN)}
    assert len(vendor.requests) == 1


def test_threads_that_wait_for_a_login__leave_their_connections_to_whoever_logs_in(
    vendor: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Or the login would end after a while all the same.
    monkeypatch.setattr(connection_pool, "PATIENCE_SECONDS", 60.0)
    vendor.answer(LOGIN, Reply(body=login_reply().body, delay=0.3))
    connections_of_worker = connection_pool.ConnectionPool(1)
    store = store_of(vendor)

    def get(_: int) -> Secret:
        with connections_of_worker.checked_out():
            return store.get()

    with ThreadPoolExecutor(3) as threads:
        assert set(threads.map(get, range(3))) == {Secret(TOKEN)}
    assert len(vendor.requests) == 1


def test_login_of_another_process_that_never_ends(vendor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_module, "LOGIN_WAIT", 0.3)
    store = store_of(vendor)
    cache.add(f"{store._key}:login", "a process that died", 60)

    with pytest.raises(TransientError) as caught:
        store.get()
    assert (caught.value.slug, caught.value.uncertain) == ("login_busy", False)
    assert vendor.requests == []


def test_login_of_another_thread_that_never_ends(vendor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_module, "LOGIN_WAIT", 0.2)
    vendor.answer(LOGIN, Reply(body=login_reply().body, delay=1))
    store = store_of(vendor)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(store.get)
        while not vendor.requests:
            time.sleep(0.01)
        with pytest.raises(TransientError) as caught:
            store.get()
        assert caught.value.slug == "login_busy"
        assert first.result() == Secret(TOKEN)


def test_lock_that_expired_and_was_taken_by_another__is_not_released(vendor: Server) -> None:
    store = store_of(vendor)
    lock = f"{store._key}:login"

    def taken_over(request: Request) -> Reply:
        cache.set(lock, "another process", 60)
        return login_reply()

    vendor.answer(LOGIN, taken_over)
    store.get()

    assert cache.get(lock) == "another process"


def test_lock__is_released_after_success_and_failure(vendor: Server) -> None:
    vendor.answer(LOGIN, Reply(503), login_reply())
    store = store_of(vendor)
    with pytest.raises(TransientError):
        store.get()
    assert cache.get(f"{store._key}:login") is None
    cache.clear()
    store._own = None
    store.get()
    assert cache.get(f"{store._key}:login") is None


def test_dropped_token__is_replaced(vendor: Server) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"))
    store, other = store_of(vendor), store_of(vendor)
    store.drop(store.get())

    assert store.get() == other.get() == Secret("second")
    assert len(vendor.requests) == 2


def test_dropped_token__helps_once_and_again_when_doubt_is_over(
    vendor: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.answer(LOGIN, *(login_reply(f"{number}") for number in range(5)))
    store, other = store_of(vendor), store_of(vendor)

    assert store.drop(store.get())
    assert not store.drop(store.get())
    assert not other.drop(other.get())

    cache.delete(f"{store._key}:refused")  # As it expires.
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + token_module.DOUBT + 1)
    assert store.drop(store.get())


def test_drop__spares_the_token_that_another_process_has_renewed(vendor: Server) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"))
    store, other = store_of(vendor), store_of(vendor)
    old = store.get()
    other.drop(old)
    new = other.get()
    store.drop(old)

    assert store.get() == new == Secret("second")
    assert len(vendor.requests) == 2


@pytest.mark.parametrize(
    ("reply", "kind", "slug"),
    [
        (Reply(401, b'{"message":"Invalid login credentials."}'), AuthenticationError, "authentication_failed"),
        (Reply(401, b'{"Message":"Invalid login credentials."}'), AuthenticationError, "authentication_failed"),
        (Reply(400, b'{"Key":["The key field is required."]}'), AuthenticationError, "http_400"),
        (Reply(400, b'{"error":{"code":3}}'), AuthenticationError, "email_not_confirmed"),
        (Reply(429, b'{"error":"Rate limit exceeded"}'), RateLimitError, "rate_limited"),
        (Reply(503, b"<html>"), TransientError, "http_503"),
        (Reply(200, b"<html>"), AuthenticationError, "http_200"),
        (Reply(200, b'{"access_token":"two\\nlines"}'), AuthenticationError, "http_200"),
        (Reply(200, b'{"access_token":5}'), AuthenticationError, "http_200"),
        (Reply(302, b"", {"Location": "/v3/account/login/api/"}), AuthenticationError, "http_302"),
    ],
)
def test_refused_login__is_not_repeated_by_anybody(
    vendor: Server, reply: Reply, kind: type[CopyleaksError], slug: str
) -> None:
    vendor.answer(LOGIN, reply)
    raised = []
    for store in (store_of(vendor), store_of(vendor)):
        for _ in range(2):
            with pytest.raises(kind) as caught:
                store.get()
            raised.append(caught.value)

    assert len(vendor.requests) == 1
    assert {type(error) for error in raised} == {type(raised[0])}
    assert {(error.slug, error.message, error.status) for error in raised} == {(slug, raised[0].message, reply.status)}
    assert not any(error.uncertain for error in raised)
    assert raised[1].retry_after is not None


def test_refused_login__is_tried_again_after_a_minute(vendor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.answer(LOGIN, Reply(401), login_reply())
    store = store_of(vendor)
    with pytest.raises(AuthenticationError) as caught:
        store.get()
    with pytest.raises(AuthenticationError) as caught:
        store.get()
    assert caught.value.retry_after == pytest.approx(60, abs=2)

    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert store.get() == Secret(TOKEN)


def test_refused_login__with_other_credentials_is_tried_at_once(vendor: Server) -> None:
    vendor.answer(LOGIN, Reply(401), login_reply())
    with pytest.raises(AuthenticationError):
        store_of(vendor).get()

    assert store_of(vendor, api_key=Secret("new")).get() == Secret(TOKEN)


def test_rate_limit__is_obeyed(vendor: Server) -> None:
    vendor.answer(LOGIN, Reply(429, b"{}", {"Retry-After": "300"}))
    store = store_of(vendor)
    for _ in range(2):
        with pytest.raises(RateLimitError) as caught:
            store.get()

    assert caught.value.retry_after == pytest.approx(300, abs=2)


def test_network_failure__is_not_remembered_and_certain(vendor: Server) -> None:
    vendor.answer(LOGIN, Reply(raw=b""), login_reply())
    store = store_of(vendor)
    with pytest.raises(TransientError) as caught:
        store.get()

    assert (caught.value.slug, caught.value.uncertain) == ("connection_failed", False)
    assert store.get() == Secret(TOKEN)


@pytest.mark.parametrize("change", [{"email": ""}, {"api_key": Secret("")}])
def test_missing_credentials__are_not_even_sent(vendor: Server, change: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError) as caught:
        store_of(vendor, **change).get()

    assert caught.value.slug == "credentials_missing"
    assert vendor.requests == []


def _dummy(_: Path) -> dict[str, Any]:
    return {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}


def _file_based(directory: Path) -> dict[str, Any]:
    return {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": directory}


@pytest.mark.parametrize("backend", [_dummy, _file_based])
def test_other_caches(vendor: Server, tmp_path: Path, backend: Callable[[Path], dict[str, Any]]) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"), Reply(401))
    with override_settings(CACHES={"default": backend(tmp_path)}):
        store = store_of(vendor)
        token = store.get()
        assert token == store.get() == Secret("first")
        store.drop(token)
        assert store.get() == Secret("second")
        store.drop(Secret("second"))
        for _ in range(3):
            with pytest.raises(AuthenticationError):
                store.get()

    assert len(vendor.requests) == 3


def _named(name: str) -> dict[str, Any]:
    return {"default": {"BACKEND": name}}


SWALLOWING, RAISING = "tests.copyleaks.caches.Swallowing", "tests.copyleaks.caches.Raising"
DUMMY = "django.core.cache.backends.dummy.DummyCache"


@pytest.fixture
def _cache_was_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_module, "_cache", SharedCache())


@pytest.mark.usefixtures("_cache_was_up")
@pytest.mark.parametrize("name", [SWALLOWING, RAISING, DUMMY])
def test_cache_that_stores_nothing__lets_threads_log_in_once(vendor: Server, name: str) -> None:
    vendor.answer(LOGIN, Reply(body=login_reply().body, delay=0.2))
    with override_settings(CACHES=_named(name)):
        store = store_of(vendor)
        with ThreadPoolExecutor(8) as pool:
            tokens = set(pool.map(lambda _: store.get(), range(16)))

    assert tokens == {Secret(TOKEN)}
    assert len(vendor.requests) == 1


@pytest.mark.usefixtures("_cache_was_up")
@pytest.mark.parametrize("name", [SWALLOWING, RAISING, DUMMY])
def test_cache_that_stores_nothing__one_refused_token_does_not_condemn_the_account(vendor: Server, name: str) -> None:
    vendor.answer(LOGIN, login_reply("first"), login_reply("second"))
    with override_settings(CACHES=_named(name)):
        store = store_of(vendor)
        assert store.drop(store.get())
        assert not store.drop(store.get())


@pytest.mark.usefixtures("_cache_was_up")
def test_cache_that_is_down__is_told_once_an_outage_and_left_alone(
    vendor: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches.Raising, "questions", 0)
    store = store_of(vendor)
    with override_settings(CACHES=_named(RAISING)):
        for _ in range(50):
            store.get()
        assert caches.Raising.questions == 1
        monkeypatch.setattr(shared_cache, "REST_SECONDS", 0.0)
        token_module._cache._rests_until = 0.0
        for _ in range(50):
            store.get()
        assert caches.Raising.questions == 51
    for _ in range(3):
        store.get()

    lines = [record.getMessage() for record in caplog.records if "cache" in record.name]
    assert lines == [
        "The cache is down (ConnectionError); each process goes by what it knows itself.",
        "The cache answers again.",
    ]


def test_lock_that_is_given_up_between_two_questions__is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = SharedCache()
    cache.set("lock", "another", 60)
    get = shared.get

    def get_as_it_ends(key: str) -> object:
        cache.delete(key)
        return get(key)

    monkeypatch.setattr(shared, "get", get_as_it_ends)
    assert shared.takes("lock", "ours", 60)
    assert cache.get("lock") == "ours"


def test_login_that_is_one_too_many__is_not_sent(vendor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_limit, "_admit", lambda: 240.0)
    with pytest.raises(TokenError) as caught:
        store_of(vendor).get()

    assert (caught.value.slug, caught.value.retry_after, caught.value.uncertain) == ("login_limit", 240.0, False)
    assert vendor.requests == []


@pytest.mark.parametrize("days", [-3, 3])
def test_token__is_used_although_our_clock_shows_another_day(
    vendor: Server, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    really = time.time
    reply = login_reply()
    vendor.answer(LOGIN, reply)
    monkeypatch.setattr(time, "time", lambda: really() + days * 86400)
    store = store_of(vendor)
    store.get()
    store.get()

    assert len(vendor.requests) == 1
    left = token_module._cache.get(store._key)["until"] - time.time()
    assert left == pytest.approx(48 * 3600, abs=60)


def test_refusal_that_a_clock_ahead_has_noted__is_forgotten(vendor: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor.answer(LOGIN, Reply(401), login_reply())
    really = time.time
    monkeypatch.setattr(time, "time", lambda: really() + 86400)
    with pytest.raises(AuthenticationError):
        store_of(vendor).get()

    monkeypatch.setattr(time, "time", really)
    assert store_of(vendor).get() == Secret(TOKEN)
