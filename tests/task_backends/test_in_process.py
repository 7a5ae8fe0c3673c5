"""Celery and Django Tasks without a broker: run where they are sent, as a project's own tests may do."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from django.core import checks

from django_copyleaks_image import dispatch
from django_copyleaks_image.emulator import Emulator
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.samples import photo, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sockets]

needs_celery = pytest.mark.skipif(not find_spec("celery"), reason="the package celery is not installed")
needs_tasks = pytest.mark.skipif(
    not (find_spec("django.tasks") or find_spec("django_tasks")), reason="the package django_tasks is not installed"
)


@pytest.fixture
def new_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Make Celery apps that are gone after the test."""
    from celery import Celery, _state

    monkeypatch.setattr(_state, "default_app", None)
    monkeypatch.setattr(_state._tls, "current_app", None)
    made = []

    def make(broker: str = "memory://") -> Any:
        app = Celery("project", broker=broker)
        app.autodiscover_tasks(["django_copyleaks_image"], force=True)
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


@pytest.fixture(autouse=True)
def _no_backend_rests() -> None:
    dispatch._rests_until.clear()


def ids(*, deploy: bool = False) -> set[str]:
    found = {str(message.id) for message in checks.run_checks(include_deployment_checks=deploy, databases=[])}
    return {name.removeprefix("copyleaks_image.") for name in found if name.startswith("copyleaks_image.")}


def statuses() -> list[str]:
    return list(ImageScan.objects.order_by("pk").values_list("status", flat=True))


@needs_celery
def test_celery__finds_the_tasks_by_its_autodiscovery(new_app: Callable[..., Any]) -> None:
    assert {"copyleaks_image.work_on_scan", "copyleaks_image.sweep"} <= set(new_app().tasks)


@needs_celery
def test_celery__that_runs_at_once(
    new_app: Callable[..., Any], emulator: Emulator, configure: Callable[..., None]
) -> None:
    photo("of-somebody-else.jpg")
    app = new_app()
    app.conf.task_always_eager = True
    configure(DISPATCHER="django_copyleaks_image.dispatch.celery", MODE="sync")

    photo("ai-37.jpg", picture(colour="green"))

    assert statuses() == [Status.QUEUED, Status.COMPLETED]
    assert "W016" in ids(deploy=True)
    app.conf.task_always_eager = False
    assert "W016" not in ids(deploy=True)


@needs_celery
def test_celery__does_not_wait_for_a_broker_that_is_down(
    new_app: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kombu.exceptions import OperationalError

    from django_copyleaks_image.task_backends import celery

    new_app("amqp://guest:guest@127.0.0.1:1//")
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda seconds: pytest.fail(f"{seconds} s of waiting"))

    with pytest.raises(OperationalError):
        celery.wake("scan")


@needs_celery
def test_celery__without_an_app_of_the_project(new_app: Callable[..., Any], configure: Callable[..., None]) -> None:
    configure(DISPATCHER="django_copyleaks_image.dispatch.celery")
    assert ids() == {"W018"}

    new_app()
    assert ids() == set()


@needs_tasks
def test_django_tasks__that_run_at_once(emulator: Emulator, configure: Callable[..., None]) -> None:
    photo("of-somebody-else.jpg")
    configure(DISPATCHER="django_copyleaks_image.dispatch.tasks", MODE="sync")

    photo("ai-37.jpg", picture(colour="green"))

    assert statuses() == [Status.QUEUED, Status.COMPLETED]
    assert "W016" in ids(deploy=True)


@needs_tasks
def test_django_tasks__that_run_elsewhere(configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    from django_copyleaks_image.task_backends import django_tasks

    configure(DISPATCHER="django_copyleaks_image.dispatch.tasks")
    monkeypatch.setattr(django_tasks, "ImmediateBackend", type("AnotherBackend", (), {}))

    assert "W016" not in ids(deploy=True)
