"""Who is woken for a scan, and that a task backend which is missing or down costs the upload nothing."""

import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from django_copyleaks_image import dispatch
from django_copyleaks_image.conf import conf
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.models.scan import Status
from tests.samples import only_scan, photo

pytestmark = pytest.mark.django_db(transaction=True)


class Broker:
    """Stands in for a task backend: notes what it takes, or is down."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked = 0
        self.taken: list[str] = []

    def runs_in_the_request(self) -> bool:
        return False

    def wake(self, scan_id: str) -> None:
        self.asked += 1
        if self.is_down:
            raise ConnectionRefusedError(111, "Connection refused")
        self.taken.append(scan_id)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch, configure: Callable[..., None]) -> Broker:
    broker = Broker()
    configure(DISPATCHER="django_copyleaks_image.dispatch.celery")
    monkeypatch.setattr(dispatch, "load", lambda backend: broker)
    return broker


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(dispatch, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture(autouse=True)
def _no_backend_rests() -> Iterator[None]:
    dispatch._rests_until.clear()
    yield
    dispatch._rests_until.clear()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "django_copyleaks_image.dispatch"]


def test_outbox__leaves_the_scan_to_the_worker() -> None:
    photo()

    assert conf.DISPATCHER is dispatch.outbox
    assert only_scan().status == Status.QUEUED


def test_backend__is_given_the_scan_id_once(broker: Broker) -> None:
    photo()

    assert broker.taken == [only_scan().scan_id]


def test_broker_that_is_down__is_asked_and_logged_once(
    broker: Broker, clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    broker.is_down = True

    for _ in range(3):
        photo()

    assert ImageScan.objects.filter(status=Status.QUEUED).count() == 3
    assert broker.asked == 1
    assert told(caplog) == [
        "celery takes no scans (ConnectionRefusedError: [Errno 111] Connection refused); they wait for the sweep."
    ]


def test_broker_that_stays_down__is_asked_again_but_not_logged(
    broker: Broker, clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    broker.is_down = True
    photo()

    clock.now += dispatch.REST_SECONDS
    photo()

    assert broker.asked == 2
    assert len(told(caplog)) == 1


def test_broker_that_is_back__takes_scans_again(
    broker: Broker, clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    broker.is_down = True
    photo()
    broker.is_down = False

    clock.now += dispatch.REST_SECONDS
    photo()
    photo()

    assert len(broker.taken) == 2
    assert told(caplog)[1:] == ["celery takes scans again."]


@pytest.mark.parametrize(
    ("dispatcher", "backend", "packages"),
    [("celery", "celery", ["celery"]), ("tasks", "django_tasks", ["django.tasks", "django_tasks"])],
)
def test_backend_that_is_not_installed__fails_no_upload(
    dispatcher: str,
    backend: str,
    packages: list[str],
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure(DISPATCHER=f"django_copyleaks_image.dispatch.{dispatcher}")
    monkeypatch.delitem(sys.modules, f"django_copyleaks_image.task_backends.{backend}", raising=False)
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)

    photo()

    assert only_scan().status == Status.QUEUED
    assert f"{backend} takes no scans (ModuleNotFoundError" in told(caplog)[0]
