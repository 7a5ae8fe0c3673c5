"""Every task backend as a project runs it: upload to verdict through the site, the broker and its own worker."""

from collections.abc import Callable

import pytest

from tests.processes import LOOPBACK, free_port

from .conftest import Backend, Project, needed_backend

pytestmark = [pytest.mark.task_backends, pytest.mark.sockets]


def test_uploads__are_finished_by_the_backend_alone(backend: Backend, start: Callable[..., Project]) -> None:
    project = start(backend)
    project.start_worker()

    project.upload("ai-37-chatgpt.jpg", "fault-status-503.jpg", "tiny.jpg")
    project.wait_until_all_ended()

    flagged, tried_again, tiny = project.scans()
    assert (flagged["verdict"], flagged["attempts"]) == ("partly_ai", 1)
    assert (tried_again["verdict"], tried_again["attempts"]) == ("no_ai", 2)
    assert tiny["error_code"] == "too_small"
    assert project.emulator.ledger.charged == 2


def test_purged_queue__costs_time_only(backend: Backend, start: Callable[..., Project]) -> None:
    project = start(backend, rate_limit=4)
    project.upload(*[f"meadow-{number}.jpg" for number in range(24)])
    project.start_worker()
    project.wait_until(lambda scans: any(scan["status"] != "queued" for scan in scans))

    assert project.purge() > 0
    if backend.package == "celery":
        project.start_beat()
    else:
        project.start("sweeper", "django", "copyleaks_worker")
    project.wait_until_all_ended()

    assert {scan["status"] for scan in project.scans()} == {"completed"}
    assert project.emulator.ledger.charged == 24


@pytest.mark.parametrize(
    ("name", "broker"),
    [
        ("celery-redis", "redis://{address}/0"),
        ("celery-rabbitmq", "amqp://guest:guest@{address}//"),
        ("tasks-rq", "redis://{address}/0"),
    ],
)
def test_broker_that_is_down__fails_no_upload(name: str, broker: str, start: Callable[..., Project]) -> None:
    project = start(needed_backend(name), broker=broker.format(address=f"{LOOPBACK}:{free_port()}"))

    project.upload("one.jpg", "two.jpg", "three.jpg")
    assert [scan["status"] for scan in project.scans()] == ["queued"] * 3
    assert sum("takes no scans" in line for line in project.site.lines()) == 1

    project.manage("copyleaks_worker", "--once")
    project.wait_until_all_ended()
