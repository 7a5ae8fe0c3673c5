"""The code in all documents: it compiles, imports what there is, and names commands, options and settings that work."""

import ast
import builtins
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.auth.models import AnonymousUser, User
from django.core import mail
from django.core.management import get_commands, load_command_class
from django.template import engines
from django.test import override_settings

from django_copyleaks_image import setting_values, signals
from django_copyleaks_image.admin import register_admin
from django_copyleaks_image.conf import Conf, conf
from django_copyleaks_image.models import Decision, WatchedImage
from django_copyleaks_image.signals import decision_made, queue_overdue
from tests.documents import DOCS, DOCUMENTS, Block, blocks
from tests.gallery.models import Photo
from tests.samples import only_manager, photo, picture

PYTHON = [block for document in DOCUMENTS for block in blocks(document, "python")]
# What stands for the reader's own: models, objects of them, and what a project has in the files that code goes into.
READERS_OWN = {"Photo", "photo", "Product", "SafeDeleteModel", "queryset", "version", "CLOUD_NAME", "moderation_site"}
# What startproject has written above the lines that are added.
READERS_OWN |= {"BASE_DIR", "DATABASES"}
# Modules of a project, and of packages that not every test run has.
ELSEWHERE = {"gallery", "mysite", "sentry_sdk", "ninja", "pythonjsonlogger", "wagtail"}


def test_blocks__are_found() -> None:
    assert len(PYTHON) > 50
    assert all(block.text.strip() for block in PYTHON)


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python__compiles_and_imports_what_there_is(block: Block) -> None:
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            if node.module.partition(".")[0] not in ELSEWHERE:
                module = import_module(node.module)
                assert [it.name for it in node.names if not _has(module, it.name)] == []
        elif isinstance(node, ast.Import):
            names = [it.name.partition(".")[0] for it in node.names]
            assert [name for name in names if name not in ELSEWHERE and find_spec(name) is None] == []


def _has(module: Any, name: str) -> bool:
    return hasattr(module, name) or find_spec(f"{module.__name__}.{name}") is not None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_python__uses_what_was_imported_before(document: Path) -> None:
    """A reader who copies the blocks of a page one after the other misses no import."""
    known = {*dir(builtins), *READERS_OWN}
    for block in blocks(document, "python"):
        tree = ast.parse(block.text)
        bound = set(_bound(tree))
        used = {it.id for it in ast.walk(tree) if isinstance(it, ast.Name) and isinstance(it.ctx, ast.Load)}
        assert used - known - bound == set(), str(block)
        known |= bound


def _bound(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (it.asname or it.name.partition(".")[0] for it in node.names)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


@pytest.mark.parametrize("block", [block for block in PYTHON if "COPYLEAKS_IMAGE = {" in block.text], ids=str)
def test_settings__are_accepted(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    # Dotted paths name what a reader writes.
    monkeypatch.setattr(setting_values, "import_string", lambda path: print)
    tree = ast.parse(block.text)
    (assigned,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COPYLEAKS_IMAGE"
    )
    configured = eval(ast.unparse(assigned), {"os": SimpleNamespace(environ=defaultdict(lambda: "secret"))})
    assert configured.keys() <= {setting.key for setting in Conf.settings()}
    with override_settings(COPYLEAKS_IMAGE=configured):
        for key in configured:
            getattr(conf, key)


def commands_told() -> Iterator[tuple[str, str, str]]:
    """Yield document, command and what stands behind it of every call in the documents, within a line or a literal."""
    for document in DOCUMENTS:
        text = document.read_text()
        for name, rest in re.findall(r"manage\.py (copyleaks_\w+)((?: +[^\s`&|]+)*)", text):
            yield document.name, name, rest
        for name, rest in re.findall(r"``(copyleaks_\w+)((?:\s+[^`\s]+)+)``", text):
            yield document.name, name, rest


def test_commands__there_are_all_with_their_options() -> None:
    ours = [name for name, app in get_commands().items() if app == "django_copyleaks_image"]
    options = {
        name: load_command_class("django_copyleaks_image", name).create_parser("", name)._option_string_actions
        for name in ours
    }
    told = list(commands_told())
    assert len(told) > 50
    assert {name for _, name, _ in told} <= set(ours)
    wrong = [it for it in told if [option for option in re.findall(r"--[\w-]+", it[2]) if option not in options[it[1]]]]
    assert wrong == []


@pytest.mark.parametrize(
    "block", [it for document in DOCUMENTS for it in blocks(document, "django", "html", "json")], ids=str
)
def test_templates_and_json__are_read(block: Block) -> None:
    if block.language == "json":
        json.loads(block.text)
    else:
        engines["django"].from_string(block.text)


@pytest.mark.django_db
@pytest.mark.parametrize("document", ["publishing", "watching", "monitoring"])
def test_calls_of_the_api__run(document: str) -> None:
    names: dict[str, Any] = {"Photo": Photo, "photo": photo(content=picture()), "queryset": Photo.objects.all()}
    calls = [
        it for it in blocks(DOCS / f"{document}.rst", "python") if "image.api import" in it.text or "Photo." in it.text
    ]
    calls = [it for it in calls if not re.search(r"^ *(def|class) ", it.text, re.MULTILINE)]
    assert calls
    for block in calls:
        exec(block.text, names)


@pytest.mark.django_db
def test_visible_to__shows_everybody_what_they_may_see() -> None:
    (block,) = (it for it in blocks(DOCS / "publishing.rst", "python") if "def visible_to" in it.text)
    # The model of the tests has no owner.
    names: dict[str, Any] = {}
    exec(block.text.replace("owner=user", "title=user.username"), names)
    photo("anna", picture())
    photos = names["PhotoQuerySet"](Photo)

    assert list(photos.visible_to(AnonymousUser())) == []
    assert [it.title for it in photos.visible_to(User(username="anna"))] == ["anna"]
    assert list(photos.visible_to(User(username="bert"))) == []


@pytest.fixture
def registrations(monkeypatch: pytest.MonkeyPatch) -> AdminSite:
    """Return the site of the admin, and forget afterwards who was registered there or has listened to signals."""
    site = AdminSite()
    register_admin(site)
    monkeypatch.setattr(admin, "site", site)
    monkeypatch.setattr(admin.sites, "site", site)
    for name in signals.__all__:
        signal = getattr(signals, name)
        monkeypatch.setattr(signal, "receivers", list(signal.receivers))
    return site


def run(document: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run all blocks of a document as those of a module of the tests' gallery."""
    names |= {"__name__": "tests.gallery.documented", "__package__": "tests.gallery"}
    for block in blocks(DOCS / f"{document}.rst", "python"):
        exec(block.text, names)
    return names


def test_examples_of_the_admin__run(registrations: AdminSite) -> None:
    moderation = AdminSite(name="moderation")
    names = run("admin", {"moderation_site": moderation})

    assert moderation.is_registered(WatchedImage)
    assert isinstance(registrations.get_model_admin(WatchedImage), names["PictureAdmin"])
    assert isinstance(registrations.get_model_admin(Photo), names["PhotoAdmin"])
    assert admin_checks(registrations) == []


def admin_checks(site: AdminSite) -> list[Any]:
    return [it for model in (Photo, WatchedImage) for it in site.get_model_admin(model).check()]


@pytest.mark.django_db
def test_mails_to_moderators__are_sent(registrations: AdminSite, copyleaks_results: Any) -> None:
    names = run("mails", {})
    lead, anna = (User.objects.create_superuser(name, f"{name}@example.org") for name in ("lead", "anna"))
    harbour = photo(content=picture())
    copyleaks_results.measured(harbour, "image", ai=0.9)
    image = WatchedImage.objects.get()
    with override_settings(MANAGERS=only_manager("lead@example.org")):
        queue_overdue.send(sender=WatchedImage, image=image, since=image.queued_at)
    assigned = Decision(image=image, assigned_to=anna, decided_by=lead, note="Is this a crane?")
    decision_made.send(sender=Photo, image=image, scan=image.scan, instance=harbour, decision=assigned)

    to_the_lead, to_anna = mail.outbox
    assert to_the_lead.to == ["lead@example.org"]
    assert to_anna.to == ["anna@example.org"]
    path = f"https://photos.example.org/admin/copyleaks_image/watchedimage/review/{image.pk}/"
    assert path in to_the_lead.body
    assert path in to_anna.body
    # Signals hold receivers weakly.
    assert {"mail_assignee", "mail_lead"} <= names.keys()
