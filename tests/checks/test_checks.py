"""Every check: its id, the words that name the key, and that ``manage.py check`` really fails."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import connections, models
from django.db.models import F
from django.test.utils import isolate_apps
from django.utils import timezone

from django_copyleaks_image import DOCUMENTATION, connection_pool, registry
from django_copyleaks_image.api import request_scan
from django_copyleaks_image.checks import callbacks, progress, project, registering
from django_copyleaks_image.models import AccountState, ImageScan, WebhookReceipt
from django_copyleaks_image.models.receipt import Source
from django_copyleaks_image.scanning import receive
from django_copyleaks_image.worker import go_round
from tests.gallery.models import Photo, Picture
from tests.samples import as_json, clean, photo, submitted

ROOT = Path(__file__).parents[2]


def found(include_deployment_checks: bool = False) -> list[CheckMessage]:
    # Django 6.1 would query the databases without being asked to.
    messages = checks.run_checks(include_deployment_checks=include_deployment_checks, databases=[])
    return [message for message in messages if message.id and message.id.startswith("copyleaks_image.")]


def ids(**kwargs: Any) -> list[str]:
    return [message.id.removeprefix("copyleaks_image.") for message in found(**kwargs) if message.id]


def test_sound_settings__are_silent() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, []), ({"allow_overwrite": False}, []), ({"allow_overwrite": True}, ["W039"])],
)
def test_storage_behind_a_field__that_overwrites(
    options: dict[str, object], expected: list[str], settings: Any
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    }

    assert ids() == expected


def test_storage_of_djangos_neighbours__that_overwrites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileSystemStorage, "file_overwrite", True, raising=False)

    assert ids() == ["W039"]


@pytest.mark.parametrize(
    ("pool", "expected"),
    [(True, []), ({"min_size": 1, "max_size": 3}, ["W030"]), ({"min_size": 1, "max_size": 4}, []), (None, [])],
)
def test_pool_of_connections__that_is_smaller_than_a_worker_uses(
    pool: object, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {**connections.settings["default"]["OPTIONS"], "pool": pool}
    monkeypatch.setitem(connections.settings["default"], "OPTIONS", options)

    assert ids() == expected


@pytest.mark.django_db
@pytest.mark.parametrize(("limit", "expected"), [(None, []), (16, []), (15, ["copyleaks_image.W038"])])
def test_account_of_the_database__with_fewer_connections_than_workers_and_site_need(
    limit: int | None, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_pool, "limit_of_account", lambda alias: limit)

    assert [message.id for message in progress.check_account_limit(databases=["default"])] == expected


def test_no_dictionary(settings: Any) -> None:
    settings.COPYLEAKS_IMAGE = ["EMAIL"]

    assert "E001" in ids()


def test_unknown_key__is_named(configure: Callable[..., None]) -> None:
    configure(API_KYE="hush-hush")

    (message,) = found()

    assert message.id == "copyleaks_image.E002"
    assert "'API_KYE'" in message.msg
    assert "API_KEY" in str(message.hint)
    assert "hush" not in str(message)


@pytest.mark.parametrize(("days", "warns"), [(0, True), (8, True), (9, False), (None, False)])
def test_retention__is_no_shorter_than_days_are_counted(
    configure: Callable[..., None], days: int | None, warns: bool
) -> None:
    configure(RETENTION_DAYS=days)

    assert ("W058" in ids()) == warns


def test_wrong_type__names_key_and_mend(configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT="ten", API_KEY=["hush-hush"])

    messages = found()

    assert [message.id for message in messages] == ["copyleaks_image.E003"] * 2
    assert "'API_KEY'" in messages[0].msg
    assert "COPYLEAKS_RATE_LIMIT" in str(messages[1].hint)
    assert "hush" not in str(messages)


@pytest.mark.parametrize("key", ["EMAIL", "API_KEY"])
def test_missing_credentials(key: str, configure: Callable[..., None]) -> None:
    configure(**{key: ""})

    (message,) = (it for it in found(include_deployment_checks=True) if it.is_serious())

    assert message.id == "copyleaks_image.E004"
    assert f"'{key}'" in message.msg


def test_public_url__is_needed_in_async_mode_only(configure: Callable[..., None]) -> None:
    configure(PUBLIC_URL="")
    assert "E005" in ids(include_deployment_checks=True)

    configure(PUBLIC_URL="", MODE="sync")
    assert "E005" not in ids(include_deployment_checks=True)


def test_nothing_that_only_a_worker_needs__is_asked_of_every_command(configure: Callable[..., None]) -> None:
    configure(EMAIL="", API_KEY="", PUBLIC_URL="")

    assert found() == []


@pytest.mark.django_db(transaction=True)
def test_nothing_is_needed__where_the_app_is_switched_off(configure: Callable[..., None]) -> None:
    configure(EMAIL="", API_KEY="", PUBLIC_URL="", ENABLED=False)

    assert not {"E004", "E005"} & set(ids(include_deployment_checks=True))
    call_command("copyleaks_worker", "--once")


@pytest.mark.parametrize(("key", "said"), [("EMAIL", "e004"), ("API_KEY", "e004"), ("PUBLIC_URL", "e005")])
def test_worker__does_not_start_without_what_it_needs(key: str, said: str, configure: Callable[..., None]) -> None:
    configure(**{key: ""})

    with pytest.raises(CommandError, match=rf"'{key}'.* is not set.*{said}"):
        call_command("copyleaks_worker", "--once")


def test_public_url__without_https(configure: Callable[..., None]) -> None:
    configure(PUBLIC_URL="http://photos.example.org")

    assert ids() == ["W006"]


@pytest.mark.parametrize(
    ("api_url", "expected"), [("http://127.0.0.1:8001", []), ("https://api.copyleaks.com", ["W056", "W006"])]
)
def test_public_url__on_this_machine_is_fine_for_a_copyleaks_on_this_machine(
    api_url: str, expected: list[str], configure: Callable[..., None]
) -> None:
    configure(PUBLIC_URL="http://localhost:8000", API_URL=api_url, ID_URL=api_url)

    assert sorted(ids()) == sorted(expected)


def test_nothing_is_watched(configure: Callable[..., None], watch: Callable[..., None]) -> None:
    configure(FIELDS=[])
    assert ids() == ["W021"]

    watch(Photo, "image")
    assert ids() == []


@pytest.mark.parametrize(
    "label", ["gallery.Photo.title", "gallery.Photo.nothing", "gallery.Nothing.image", "nowhere.Photo.image"]
)
def test_field_that_holds_no_file(label: str, configure: Callable[..., None]) -> None:
    configure(FIELDS=[label])

    (message,) = found()

    assert message.id == "copyleaks_image.E007"
    assert label in message.msg


def test_registered_field_that_holds_no_file(watch: Callable[..., None]) -> None:
    watch(Photo, "title")

    assert ids() == ["E007"]


@isolate_apps("tests.gallery")
def test_composite_primary_key__is_no_key_that_a_scan_can_name(watch: Callable[..., None]) -> None:
    class Stamp(Picture):
        pk = models.CompositePrimaryKey("album", "number")
        album = models.IntegerField()
        number = models.IntegerField()

        class Meta:
            app_label = "gallery"

    watch(Stamp, "file")

    (message,) = found()
    assert message.id == "copyleaks_image.E007"
    assert "gallery.Stamp.file" in message.msg
    assert "primary key of one column" in message.msg
    assert Stamp not in {watched.owner for watched in registry.watched_fields()}
    with pytest.raises(ImproperlyConfigured, match="composite primary key"):
        request_scan(Stamp(album=1, number=2), "file")


@pytest.mark.parametrize("owner", ["uploaded_by", "title__length", "portrait"])
def test_owner__that_is_no_field(watch: Callable[..., None], owner: str) -> None:
    watch(Photo, "image", owner=owner)

    (message,) = found()

    assert message.id == "copyleaks_image.E053"
    assert "gallery.Photo.image" in message.msg
    assert repr(owner) in message.msg
    assert "uploaded_by" in str(message.hint)


@pytest.mark.parametrize("owner", ["title", "id", str])
def test_owner__that_is_a_field_or_a_function(watch: Callable[..., None], owner: Any) -> None:
    watch(Photo, "image", owner=owner)

    assert ids() == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"ownr": "title"}, "'ownr' is no option; there are when, review_area"),
        ({"source": 1}, "'source' is no option"),
        ({"review_area": 2}, "review_area must be a share"),
        ({"owner": ""}, "owner must be the name of a field"),
        ({"owner": "nobody"}, "gallery.Photo has no field 'nobody'"),
    ],
)
def test_option_in_the_settings__that_is_a_mistake(
    configure: Callable[..., None], options: dict[str, Any], problem: str
) -> None:
    configure(FIELDS={"gallery.Photo.image": options})

    (message,) = found()

    assert message.id == "copyleaks_image.E053"
    assert problem in message.msg
    assert [watched.label for watched in registry.watched_fields()] == ["gallery.Photo.image"]


def test_option_in_the_settings__counts_for_the_field(configure: Callable[..., None]) -> None:
    configure(FIELDS={"gallery.Photo.image": {"owner": "title", "review_area": 0.5}, "gallery.Portrait.face": {}})

    assert ids() == []
    by_label = {watched.label: watched.classes[0].options for watched in registry.watched_fields()}
    assert (by_label["gallery.Photo.image"].owner, by_label["gallery.Photo.image"].review_area) == ("title", 0.5)
    assert by_label["gallery.Portrait.face"].owner is None


def test_urls_not_included(settings: Any, configure: Callable[..., None]) -> None:
    settings.ROOT_URLCONF = "tests.admin_only_urls"
    assert ids() == ["E008"]

    configure(MODE="sync")
    assert ids() == []


def test_deployment__sandbox_and_private_cache(configure: Callable[..., None]) -> None:
    configure(SANDBOX=True)

    assert ids(include_deployment_checks=True) == ["W010", "W011"]


def test_deployment__switched_off(configure: Callable[..., None]) -> None:
    configure(ENABLED=False)

    assert ids() == []
    assert ids(include_deployment_checks=True) == ["W060", "W011"]


def test_credentials_over_plain_http(configure: Callable[..., None]) -> None:
    configure(API_URL="http://api.example.org", ID_URL="http://127.0.0.1:8001")

    (message,) = found()

    assert message.id == "copyleaks_image.W012"
    assert "'API_URL'" in message.msg


def test_certificate_header_that_anybody_could_send(configure: Callable[..., None]) -> None:
    configure(CLIENT_CERTIFICATE_HEADER="X-Client-Certificate")
    assert ids() == ["E013"]

    configure(CLIENT_CERTIFICATE_HEADER="X-Client-Certificate", TRUSTED_PROXIES=["10.0.0.1"])
    assert ids() == []


@pytest.mark.django_db
def test_paused_account() -> None:
    AccountState.objects.create(paused_at=timezone.now(), pause_reason="no_credits", pause_message="Buy some.")

    assert "W014" not in ids()
    messages = [str(message) for message in checks.run_checks(databases=["default"]) if message.id]
    assert any("W014" in message and "no_credits" in message for message in messages)


@pytest.mark.django_db
def test_scans_that_wait_for_nobody(settings: Any) -> None:
    def is_warned() -> bool:
        return any("W017" in str(message.id) for message in checks.run_checks(databases=["default"]))

    photo()
    assert not is_warned()

    ImageScan.objects.update(created_at=timezone.now() - timedelta(hours=1))
    assert "W017" not in ids()
    assert is_warned()

    go_round()
    assert not is_warned()

    AccountState.objects.update(worker_seen_at=timezone.now() - timedelta(hours=1))
    assert is_warned()


def queried() -> set[str]:
    """Return the ids of what ``check --database default`` reports."""
    return {str(message.id).rpartition(".")[2] for message in checks.run_checks(databases=["default"])}


@pytest.mark.django_db(transaction=True)
def test_deadline_that_results_do_not_keep(configure: Callable[..., None]) -> None:
    configure(RESULT_DEADLINE=30)
    for _ in range(10):
        scan = submitted(ImageScan.objects.get(object_id=str(photo().pk)))
        ImageScan.objects.filter(pk=scan.pk).update(submitted_at=timezone.now() - timedelta(seconds=14))
        receive.deliver(scan, as_json(clean(scan)), Source.WEBHOOK)
    assert "W024" not in queried()

    ImageScan.objects.update(submitted_at=F("submitted_at") - timedelta(seconds=4))

    assert "W024" not in ids()
    (message,) = callbacks.check_callbacks(databases=["default"])
    assert message.id == "copyleaks_image.W024"
    assert re.search(r"Set it to 3[67] or more", message.hint or "")


@pytest.mark.django_db
def test_callbacks_with_a_wrong_token() -> None:
    assert "W025" not in queried()
    AccountState.objects.update_or_create(defaults={"wrong_tokens": 3, "wrong_tokens_on": timezone.now().date()})

    assert "W025" in queried()
    assert "W025" not in ids()


@pytest.mark.django_db
@pytest.mark.parametrize("what", [{"restored_at": timezone.now()}, {"unknown_scans": 1}])
def test_restored_database(what: dict[str, Any]) -> None:
    assert "W026" not in queried()
    AccountState.objects.update_or_create(defaults=what | {"unknown_scans_on": timezone.now().date()})

    assert "W026" in queried()
    assert "W026" not in ids()


@pytest.mark.parametrize(
    ("dispatcher", "packages"), [("celery", ["celery"]), ("tasks", ["django.tasks", "django_tasks"])]
)
def test_backend_that_is_not_installed(
    dispatcher: str, packages: list[str], configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(DISPATCHER=f"django_copyleaks_image.dispatch.{dispatcher}")
    for backend in ("celery", "django_tasks"):
        monkeypatch.delitem(sys.modules, f"django_copyleaks_image.task_backends.{backend}", raising=False)
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)

    # Not all checks: Django's own need its tasks.
    (message,) = progress.check_backend()

    assert message.id == "copyleaks_image.E015"
    assert packages[-1] in message.msg
    assert "W016" not in str(project.check_deployment())


def test_submission_inside_the_request(configure: Callable[..., None]) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.inline")

    assert ids() == []
    assert ids(include_deployment_checks=True) == ["W011", "W016"]


FILES = "django.core.files.storage.FileSystemStorage"


@pytest.mark.parametrize(
    ("alias", "storage", "problem"),
    [
        ("unknown", None, "cannot be made"),
        ("default", None, "everybody may see"),
        ("staticfiles", None, "everybody may see"),
        ("renditions", {"BACKEND": "django.core.files.storage.InMemoryStorage"}, "each process"),
        ("renditions", {"BACKEND": "no.such.Storage"}, "cannot be made"),
        ("renditions", {"BACKEND": FILES}, "within MEDIA_ROOT"),
        ("renditions", {"BACKEND": FILES, "OPTIONS": {"location": "{media}/small"}}, "within MEDIA_ROOT"),
        ("renditions", {"BACKEND": FILES, "OPTIONS": {"location": "{media}-private"}}, ""),
        ("", None, ""),
    ],
)
def test_storage_of_renditions(
    settings: Any, configure: Callable[..., None], alias: str, storage: Any, problem: str
) -> None:
    if storage and "OPTIONS" in storage:
        location = storage["OPTIONS"]["location"].format(media=settings.MEDIA_ROOT)
        storage = {**storage, "OPTIONS": {"location": location}}
    settings.STORAGES = settings.STORAGES | ({alias: storage} if storage else {})
    configure(RENDITION_STORAGE=alias)
    messages = [message for message in found() if message.id == "copyleaks_image.E024"]
    assert bool(messages) == bool(problem)
    assert all(problem in message.msg for message in messages)


@pytest.mark.parametrize(("alias", "is_wrong"), [("default", False), ("unknown", True)])
def test_cache_of_renditions(configure: Callable[..., None], alias: str, is_wrong: bool) -> None:
    configure(RENDITION_CACHE=alias)
    assert ("E029" in ids()) is is_wrong


def test_python_that_cannot_limit_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "W035" not in ids(include_deployment_checks=True)
    monkeypatch.setattr(project, "find_spec", lambda name: None)
    assert "W035" in ids(include_deployment_checks=True)
    assert "W035" not in ids()


def test_manage_py_check__fails() -> None:
    command = [sys.executable, "-m", "django", "check", "--tag", "copyleaks"]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}

    sound = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    broken = subprocess.run(
        command, env=env | {"COPYLEAKS_RATE_LIMIT": "-1"}, capture_output=True, text=True, check=False
    )

    assert sound.returncode == 0, sound.stderr
    assert broken.returncode == 1
    assert "copyleaks_image.E003" in broken.stderr


def test_every_id_has_its_heading_in_the_documentation() -> None:
    sources = "".join(path.read_text() for path in Path(registering.__file__).parent.glob("*.py"))
    used = set(re.findall(r"\{PREFIX\}\.([EW]\d{3})", sources))
    text = (ROOT / "docs" / "checks.rst").read_text()
    documented = re.findall(r"^``copyleaks_image\.([EW]\d{3})``", text, re.MULTILINE)

    assert set(documented) == used
    assert len(documented) == len(used)
    # An anchor of its own before each heading: what is made of headings differs from renderer to renderer.
    anchored = re.findall(r"^\.\. _([EW]\d{3}):\n\n``copyleaks_image\.\1``$", text, re.MULTILINE)
    assert anchored == documented


def test_hint__ends_with_a_link_to_what_is_said_of_the_id(configure: Callable[..., None]) -> None:
    configure(RATE_LIMIT=-1, FIELDS=["gallery.Photo.none"])

    messages = found()

    assert {message.id: str(message.hint).rpartition(" See ")[2] for message in messages} == {
        "copyleaks_image.E003": f"{DOCUMENTATION}checks.html#e003",
        "copyleaks_image.E007": f"{DOCUMENTATION}checks.html#e007",
    }


def test_tag__is_that_of_all_our_checks_and_of_no_others() -> None:
    registered = checks.registry.registry.get_checks(include_deployment_checks=True)

    tagged = {check for check in registered if "copyleaks" in check.tags}

    assert tagged == {check for check in registered if check.__module__.startswith("django_copyleaks_image.")}
    assert len(tagged) > 10


@pytest.mark.parametrize(
    ("headers", "certificate_header", "expected"),
    [
        ([["X-Secret", "a"]], "X-Thumbprint", []),
        ([["X_Secret", "a"]], "", ["E023"]),
        ([], "X_Thumbprint", ["E023"]),
        ([["X-Forwarded-For", "a"]], "", ["W027"]),
        ([["HOST", "a"]], "", ["W027"]),
    ],
)
def test_headers_that_never_arrive(
    headers: list[list[str]], certificate_header: str, expected: list[str], configure: Any
) -> None:
    configure(WEBHOOK_HEADERS=headers, CLIENT_CERTIFICATE_HEADER=certificate_header, TRUSTED_PROXIES=["192.0.2.1"])

    assert [each for each in ids() if each in ("E023", "W027")] == expected


@pytest.mark.django_db
def test_large_results_that_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_warned() -> bool:
        return any("W028" in str(message.id) for message in checks.run_checks(databases=["default"]))

    def receive_one(size: int) -> None:
        photo()
        scan = ImageScan.objects.latest("pk")
        WebhookReceipt.objects.create(scan=scan, source="webhook", body=b"", byte_size=size, digest=str(size))

    now = timezone.now()
    for _ in range(3):
        photo()
    lost = {"status": "failed", "error_code": "result_lost", "sent_at": now, "finished_at": now, "notified_at": now}
    ImageScan.objects.update(**lost)
    assert not is_warned()  # None came at all, which is another matter.

    receive_one(2_000)
    assert is_warned()

    receive_one(900_000)
    assert not is_warned()


def told_of(number: str) -> list[str]:
    return [message.msg for message in found() if message.id == f"copyleaks_image.{number}"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"PUBLIC_URL": "https://photos.internal"},
            "is an address of this machine or of a private network",
        ),
        ({"PUBLIC_URL": "https://10.0.0.8"}, "Copyleaks cannot reach it"),
        ({"MODEL": "ai-image-2"}, "['MODEL'] is none of the models"),
        ({"REVIEW_AREA": 0.6}, "['REVIEW_AREA'] is above ['MOSTLY_AI_AREA']: pictures with an AI share between both"),
    ],
)
def test_setting__that_silently_does_something_else(
    keys: dict[str, Any], words: str, configure: Callable[..., None]
) -> None:
    configure(**keys)

    (told,) = told_of("W056")
    assert words in told


@pytest.mark.parametrize(
    "keys",
    [
        {"PUBLIC_URL": "http://127.0.0.1:8000", "API_URL": "http://127.0.0.1:8001", "ID_URL": "http://127.0.0.1:8001"},
        {"PUBLIC_URL": "", "MODE": "sync"},
        {"MODEL": "ai-image-1-ultra-01-09-2025", "REVIEW_AREA": 0.5},
    ],
)
def test_setting__that_is_meant(keys: dict[str, Any], configure: Callable[..., None]) -> None:
    configure(**keys)

    assert told_of("W056") == []


def test_threshold_of_a_field__that_hides_pictures(configure: Callable[..., None]) -> None:
    configure(FIELDS={"gallery.Photo.image": {"review_area": 0.9}})

    (told,) = told_of("W056")
    assert told.startswith("review_area of gallery.Photo.image is above its mostly_ai_area")


def test_environment_variable__that_is_set_and_empty(
    monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]
) -> None:
    for name in ("API_URL", "MASK_TYPE", "SANDBOX"):
        monkeypatch.setenv(f"COPYLEAKS_{name}", "")

    (told,) = told_of("W056")
    assert told.startswith("The environment variable COPYLEAKS_API_URL is set and empty")

    configure(API_URL="https://api.copyleaks.com")
    assert told_of("W056") == []


def test_dispatcher__by_its_short_name(configure: Callable[..., None]) -> None:
    configure(DISPATCHER="celery")

    (told,) = told_of("E003")
    assert 'the short name stands for "django_copyleaks_image.dispatch.celery"' in told


def photo_scan(name: str = "meadow.jpg") -> ImageScan:
    return ImageScan.objects.get(object_id=str(photo(name).pk))


@pytest.mark.django_db
def test_keys_that_are_not_known__are_counted(configure: Callable[..., None]) -> None:
    known, odd = submitted(photo_scan()), submitted(photo_scan("lake.jpg"))
    receive.deliver(known, as_json(clean(known)), Source.WEBHOOK)
    assert not [it for it in checks.run_checks(databases=["default"]) if it.id == "copyleaks_image.W057"]
    body = clean(odd) | {"provenance": {"a secret": 1}, "summary": {"ai": 0, "human": 1, "confidence": 0.9}}
    receive.deliver(odd, as_json(body), Source.WEBHOOK)

    (told,) = (it for it in checks.run_checks(databases=["default"]) if it.id == "copyleaks_image.W057")

    assert told.msg.startswith("1 of the last 2 answers of Copyleaks have keys that this version does not know")
    assert told.msg.endswith(": provenance, summary.confidence.")
