"""What ``docs/howto/wagtail.rst`` has an editor's site do."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.template import engines
from django.test import RequestFactory, override_settings
from django.urls import resolve
from wagtail.images.models import Image
from wagtail.models import Collection

from django_copyleaks_image.testing import CopyleaksResults
from tests.howto.recipes import code_of, module, settings_of
from tests.neighbours.magazine import settings as project
from tests.samples import picture

pytestmark = pytest.mark.django_db


def test_picture__is_shown_as_it_stands(copyleaks_results: CopyleaksResults) -> None:
    Collection.add_root(name="Root")
    content = ContentFile(picture(size=(900, 700)), name="harbour.jpg")
    image = Image.objects.create(title="Harbour", file=content, width=900, height=700)
    [source] = code_of("wagtail", "jinja")
    template = engines["django"].from_string(source)
    page = SimpleNamespace(photo=image)

    def shown() -> str:
        return str(template.render({"page": page}))

    assert "<img" not in shown()
    copyleaks_results.measured(image, "file", ai=0.0)
    assert "<img" in shown()
    assert "No AI detected" in shown()
    copyleaks_results.measured(image, "file", ai=0.9)
    assert "<img" not in shown()


def test_desk__is_in_the_menu_of_those_who_may_decide() -> None:
    assert project.COPYLEAKS_IMAGE["FIELDS"] == settings_of("wagtail")["COPYLEAKS_IMAGE"]["FIELDS"]  # type: ignore[index]
    urls = module("wagtail", "urls.py")
    with override_settings(ROOT_URLCONF=urls):
        item = module("wagtail", "home/wagtail_hooks.py").review_item()
        assert resolve("/copyleaks/media/token/a.jpg").view_name == "copyleaks_image:media"
        assert resolve(item.url).url_name == "copyleaks_image_watchedimage_review"
    request: Any = RequestFactory().get("/")
    request.user = User.objects.create_user("editor")
    assert not item.is_shown(request)
    request.user.user_permissions.add(Permission.objects.get(codename="decide_watchedimage"))
    request.user = User.objects.get()
    assert item.is_shown(request)
