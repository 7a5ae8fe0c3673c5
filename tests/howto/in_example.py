"""Guides that are about a site's own models and pages, executed in the example project: by ``test_recipes.py``."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import django
import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core import mail
from django.core.files.base import ContentFile
from django.dispatch import Signal
from django.template import engines
from django.test import RequestFactory, override_settings
from django.urls import include, path
from django.utils import timezone

from django_copyleaks_image import signals
from django_copyleaks_image.models import WatchedImage
from django_copyleaks_image.testing import CopyleaksResults
from gallery.models import Photo
from tests.howto.recipes import code_of, module, settings_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mailer(settings: Any) -> None:
    """Name what keeps the mails of tests, without which Django 6.1 sends none."""
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


@pytest.fixture
def anna() -> User:
    return User.objects.create_user("anna", email="anna@example.org")


@pytest.fixture
def moderator() -> User:
    return User.objects.create_superuser("moderator")


def a_photo(title: str = "Harbour", **columns: Any) -> Photo:
    image = ContentFile(title.encode(), name=f"{title}.jpg")
    made: Photo = Photo.objects.create(title=title, image=image, **columns)
    return made


@pytest.fixture
def listen() -> Iterator[Callable[[str], Any]]:
    """Run the receivers of a guide, and let nobody hear of them after the test."""
    before = {signal: list(signal.receivers) for signal in vars(signals).values() if isinstance(signal, Signal)}
    kept = []

    def run(guide: str) -> Any:
        kept.append(module(guide, "gallery/receivers.py"))
        return kept[-1]

    yield run
    for signal, receivers in before.items():
        signal.receivers = receivers
        signal.sender_receivers_cache.clear()


def test_list_and_page__show_what_may_be_shown(
    anna: User, copyleaks_results: CopyleaksResults, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    models = module("listview", "gallery/models.py")
    manager = models.PhotoQuerySet.as_manager()
    manager.model, manager.name = Photo, "objects"
    monkeypatch.setattr(Photo, "objects", manager)
    views = module("listview", "gallery/views.py")
    clean, flagged, own = a_photo("Clean"), a_photo("Flagged"), a_photo("Own", uploaded_by=anna)
    copyleaks_results.measured(clean, "image", ai=0.0)
    copyleaks_results.measured(flagged, "image", ai=0.9)
    monkeypatch.setattr(views.PhotoList, "template_name", None)
    [source] = code_of("listview", "django")
    template = engines["django"].from_string(source)

    def page(user: Any) -> str:
        request = RequestFactory().get("/")
        request.user = user
        response = views.PhotoList.as_view()(request)
        return template.render(response.context_data, request)

    with django_assert_num_queries(3):  # Count, page and rows.
        assert "Clean" in page(AnonymousUser())
    assert "Flagged" not in page(AnonymousUser())
    assert "Own" not in page(AnonymousUser())
    assert "Own" in page(anna)
    assert "copyleaks-label" in page(anna)

    request = RequestFactory().get("/")
    request.user = anna
    assert views.PhotoDetail.as_view()(request, pk=own.pk).status_code == 200
    assert set(Photo.objects.visible_to(AnonymousUser())) == {clean}


def test_uploader__is_told_and_may_object(
    anna: User, moderator: User, copyleaks_results: CopyleaksResults, listen: Any, client: Any, settings: Any
) -> None:
    guide: Any = settings_of("appeal")["COPYLEAKS_IMAGE"]
    assert guide["FIELDS"]["gallery.Photo.image"] == {"owner": "uploaded_by"}
    settings.COPYLEAKS_IMAGE = settings.COPYLEAKS_IMAGE | {"REVIEW_REASONS": guide["REVIEW_REASONS"]}
    listen("appeal")
    photo = a_photo(uploaded_by=anna)

    copyleaks_results.decided(photo, "confirmed", by=moderator, reason="Made by AI")
    [told] = mail.outbox
    assert told.to == ["anna@example.org"]
    assert "Harbour" in told.body
    assert "Made by AI" in told.body
    assert f"/photos/{photo.pk}/appeal/" in told.body

    views = module("appeal", "gallery/views.py")
    urls = [
        path("photos/<int:pk>/appeal/", views.Appeal.as_view()),
        path("", include("config.urls")),
    ]
    client.force_login(anna)
    managers: Any = ["lead@example.org"] if django.VERSION >= (6,) else [("Lea", "lead@example.org")]
    with override_settings(ROOT_URLCONF=tuple(urls), MANAGERS=managers):
        answer = client.post(f"/photos/{photo.pk}/appeal/", {"why": "I took it myself."})
    assert answer.status_code == 302
    appeal = mail.outbox[-1]
    image = WatchedImage.objects.get()
    assert "I took it myself." in appeal.body
    assert f"/admin/copyleaks_image/watchedimage/{image.pk}/change/" in appeal.body

    copyleaks_results.decided(photo, "cleared", by=moderator, reason="Camera")
    assert mail.outbox[-1].body == 'A person has looked at your picture "Harbour", and it is shown.'


def test_slack__is_posted_the_address_and_nothing_else(copyleaks_results: CopyleaksResults, listen: Any) -> None:
    posted: list[dict[str, str]] = []

    class Chat(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    listen("slack")
    copyleaks_results.measured(a_photo("Geheim"), "image", ai=0.9)
    image = WatchedImage.objects.get()
    with HTTPServer(("127.0.0.1", 0), Chat) as chat:
        thread = threading.Thread(target=chat.handle_request)
        thread.start()
        with override_settings(SLACK_WEBHOOK=f"http://127.0.0.1:{chat.server_port}/"):
            signals.queue_overdue.send(sender=WatchedImage, image=image, since=timezone.now())
        thread.join()

    [message] = posted
    assert message["text"].endswith(f"https://photos.example.org/admin/copyleaks_image/watchedimage/review/{image.pk}/")
    assert "Geheim" not in message["text"]


def test_api__lists_what_may_be_shown(copyleaks_results: CopyleaksResults, django_assert_num_queries: Any) -> None:
    from rest_framework.pagination import PageNumberPagination

    api = module("drf", "gallery/api.py")
    api.PhotoViewSet.pagination_class = type("Pages", (PageNumberPagination,), {"page_size": 10})
    for number in range(3):
        copyleaks_results.measured(a_photo(f"Clean {number}"), "image", ai=0.0)
    copyleaks_results.measured(a_photo("Flagged"), "image", ai=0.9)
    view = api.PhotoViewSet.as_view({"get": "list"})

    with django_assert_num_queries(3):
        answer = view(RequestFactory().get("/"))

    assert [photo["title"] for photo in answer.data["results"]] == ["Clean 2", "Clean 1", "Clean 0"]
    assert answer.data["results"][0]["ai"] == {"verdict": "no_ai", "share": 0.0, "text": "No AI detected"}
