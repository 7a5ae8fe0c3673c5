from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings
from pytest_django.live_server_helper import LiveServer

from django_copyleaks_image.admin import PictureAccess
from tests.admin import rules
from tests.admin.browsing import CHROMIUM


@pytest.fixture
def staff(db: None) -> Any:
    """Make a client of a member of staff who has just the named permissions, such as ``view_watchedimage``."""

    def make(*codenames: str) -> Client:
        user = User.objects.create_user(f"staff{User.objects.count()}", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        assert user.user_permissions.count() == len(codenames)
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def moderator(staff: Any) -> Client:
    """A client of a member of staff who may view pictures, scans, receipts and photos."""
    client: Client = staff("view_watchedimage", "view_imagescan", "view_webhookreceipt", "view_photo")
    return client


@pytest.fixture
def reviewer(staff: Any) -> Client:
    """A client of a member of staff who may decide about pictures."""
    client: Client = staff("view_watchedimage", "decide_watchedimage", "view_photo")
    return client


@pytest.fixture
def bert(db: None) -> User:
    return User.objects.create_user("bert", is_staff=True)


@pytest.fixture
def rule(configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give the project rules of its own, as methods of its PictureAccess by their names."""

    def give(**methods: Callable[..., bool]) -> None:
        monkeypatch.setattr(rules, "ProjectAccess", type("ProjectAccess", (PictureAccess,), methods))
        configure(PICTURE_ACCESS="tests.admin.rules.ProjectAccess")

    return give


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    with pytest.MonkeyPatch.context() as environment, playwright.sync_playwright() as running:
        # Playwright's event loop lives in the thread of the tests, where Django would refuse to query.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        launched = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=30_000)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def strict_site(browser: Any) -> Iterator[str]:
    """The address of a live site that sends the strict policy; the shared one was started without it."""
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, "tests.admin.csp.strict_policy"]):
        server = LiveServer("localhost")
        yield server.url
        server.stop()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def sign_in(
    browser: Any, strict_site: str, complaints: list[str], configure: Callable[..., None]
) -> Iterator[Callable[..., Any]]:
    """Open a page for a user under the strict policy, whose violations and console errors are collected.

    Whatever somebody looks at is drawn at once.
    """
    configure(DISPATCHER="tests.admin.drawn_pictures.draw")
    contexts = []

    def open_page(user: User, **options: Any) -> Any:
        client = Client()
        client.force_login(user)
        context = browser.new_context(base_url=strict_site, viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": strict_site}])
        context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        context.set_default_timeout(15_000)
        opened = context.new_page()
        opened.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
        opened.on(
            "console",
            lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        return opened

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(sign_in: Callable[..., Any]) -> Any:
    """A page of a superuser."""
    return sign_in(User.objects.create_superuser("moderator", password="moderator"))
